internal import CTrawlLMDB
import Foundation
import Synchronization
internal import TrawlCore

/// One open LMDB environment. A process must not open the same one twice, so environments are shared by path.
final class Environment: @unchecked Sendable {
    // @unchecked: the handles are set once in `init`, and LMDB's environment calls are safe from any thread.
    let path: String
    let isReadOnly: Bool
    let handle: OpaquePointer
    let pageSize: Int
    /// The inode of the file. No other file gets it while this one is open.
    let file: UInt64?
    /// LMDB's handles of the tables, which only writing takes; nil before the first transaction that writes.
    private let tables = Mutex<WritableTables?>(nil)
    /// The map of the file that snapshots read.
    private let map: Mutex<PageMap>

    /// The most address space to reserve. The file grows only by what is written.
    private static let largestMap = 1 << 40
    private static let smallestMap = 1 << 28

    private struct Weak {
        weak var environment: Environment?
    }

    private static let open = Mutex<[String: Weak]>([:])

    /// The environment in `folder`, opened now or already.
    static func shared(folder: String) throws -> Environment {
        guard let real = realpath(folder, nil) else {
            throw TrawlError(.notFound, "no such folder", path: folder)
        }
        let path = String(cString: real)
        free(real)
        return try open.withLock { environments in
            if let known = environments[path], let environment = known.environment,
                // An index that was removed and built again is another one.
                environment.file == file(in: path)
            {
                return environment
            }
            let environment = try Environment(path: path)
            environments = environments.filter { $0.value.environment != nil }
            environments[path] = Weak(environment: environment)
            return environment
        }
    }

    /// The inode of the file in `folder`; nil when there is none.
    static func file(in folder: String) -> UInt64? {
        var status = stat()
        return stat(folder + "/data.mdb", &status) == 0 ? UInt64(status.st_ino) : nil
    }

    /// The bytes of the file in `folder`; 0 when there is none.
    private static func size(in folder: String) -> Int {
        var status = stat()
        return stat(folder + "/data.mdb", &status) == 0 ? Int(status.st_size) : 0
    }

    private init(path: String) throws {
        self.path = path
        let writable = access(path, W_OK) == 0
        let isReadOnlyMedium = !writable && errno == EROFS
        isReadOnly = !writable
        try Self.requireSoundStart(path: path)
        let isNew = Self.file(in: path) == nil
        let handle: OpaquePointer
        do {
            handle = try Self.openHandle(path: path, writable: writable, isReadOnlyMedium: isReadOnlyMedium)
        } catch {
            // A disk that was full at once leaves part of a meta page, which would look like a damaged index. A whole file is
            // that of another process.
            if isNew, Self.size(in: path) < 2 * Int(sysconf(Int32(_SC_PAGESIZE))) { unlink(path + "/data.mdb") }
            throw error
        }
        do {
            var dead: Int32 = 0
            if writable { try check(mdb_reader_check(handle, &dead), "mdb_reader_check", path: path) }
            map = Mutex(try Self.map(handle, path: path))
        } catch {
            mdb_env_close(handle)
            throw error
        }
        pageSize = map.withLock(\.pageSize)
        self.handle = handle
        // By its path, as it is compared: some file systems give an open file another number.
        file = Self.file(in: path)
    }

    deinit { mdb_env_close(handle) }

    /// Opens with the largest map that the process may have: address space costs nothing, moving a map does.
    private static func openHandle(path: String, writable: Bool, isReadOnlyMedium: Bool) throws -> OpaquePointer {
        var size = AddressSpace.forMap(of: Self.size(in: path), most: largestMap)
        while true {
            var handle: OpaquePointer?
            try check(mdb_env_create(&handle), "mdb_env_create", path: path)
            guard let handle else { throw TrawlError(.io, "mdb_env_create gave nothing", path: path) }
            mdb_env_set_maxdbs(handle, 4)
            mdb_env_set_maxreaders(handle, 1024)
            mdb_env_set_mapsize(handle, size)
            // Read-only media cannot hold LMDB's lock file, and nobody can write there either. Elsewhere a reader must be
            // in the lock file, or a writer would reuse the pages of its snapshot.
            let flags =
                MDB_NOTLS | MDB_NORDAHEAD | (writable ? 0 : MDB_RDONLY) | (isReadOnlyMedium ? MDB_NOLOCK : 0)
            let code = mdb_env_open(handle, path, UInt32(flags), 0o644)
            if code == MDB_SUCCESS { return handle }
            mdb_env_close(handle)
            if code == EACCES, access(path + "/data.mdb", R_OK) != 0 {
                throw TrawlError(
                    .io, "the index cannot be read: \(String(cString: strerror(EACCES)))", path: path + "/data.mdb",
                    remedy: "have its owner allow it (chmod o+r data.mdb)")
            }
            if code == EACCES, !writable {
                throw TrawlError(
                    .io, "the lock file, in which readers are listed, cannot be written", path: path + "/lock.mdb",
                    remedy: "have its owner allow it (chmod o+rw lock.mdb), or copy the index")
            }
            guard code == ENOMEM, size > smallestMap else {
                try check(code, "mdb_env_open", path: path)
                preconditionFailure("check throws for every code but success")
            }
            size /= 2
        }
    }

    /// Verifies what LMDB reads when it opens the file, before it does: the meta pages, and that the file is whole.
    ///
    /// - Throws: `TrawlError.corrupted`.
    private static func requireSoundStart(path: String) throws {
        let file = path + "/data.mdb"
        let descriptor = Glibc.open(file, O_RDONLY | O_CLOEXEC)
        // LMDB makes a file that is missing, and its error for one that cannot be opened is explained.
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_size > 0 else { return }
        let map = try PageMap(descriptor: descriptor, path: file)
        let commit = try MetaPage.newest(map)
        guard PageVerifier.isShort(map, commit) else { return }
        var verifier = try PageVerifier(map, commit)
        try verifier.verify()
    }

    // MARK: Reading

    /// The map of the file as it is now.
    private static func map(_ handle: OpaquePointer, path: String) throws -> PageMap {
        var descriptor: Int32 = -1
        try check(mdb_env_get_fd(handle, &descriptor), "mdb_env_get_fd", path: path)
        return try PageMap(descriptor: descriptor, path: path + "/data.mdb")
    }

    /// A map that has all pages of the commit that a transaction has begun with, and that commit.
    func committed(_ transaction: OpaquePointer) throws -> (map: PageMap, commit: MetaPage) {
        let number = UInt64(mdb_txn_id(transaction))
        return try map.withLock { map in
            var commit = try MetaPage(map, number: Int(number & 1))
            if commit.lastPage >= map.pageCount {
                let newer = try Self.map(handle, path: path)
                if newer.byteCount != map.byteCount { map = newer }
                commit = try MetaPage(map, number: Int(number & 1))
            }
            // A writer may have committed twice since: what the transaction keeps from being used again holds for that too.
            guard commit.transaction >= number else {
                throw map.damaged(number & 1, "it holds commit \(commit.transaction), not \(number)")
            }
            return (map, commit)
        }
    }

    /// Runs `body` over the tables of the last commit.
    func read<Result>(_ body: (CommittedTables) throws -> Result) throws -> Result {
        let transaction = try beginRead()
        defer { mdb_txn_abort(transaction) }
        let (map, commit) = try committed(transaction)
        return try body(CommittedTables(map, commit))
    }

    /// Verifies all pages of the last commit; answers how many are in use.
    func verifyPages() throws -> Int {
        let transaction = try beginRead()
        defer { mdb_txn_abort(transaction) }
        let (map, commit) = try committed(transaction)
        // LMDB reads the other meta page too.
        _ = try MetaPage.newest(map)
        var verifier = try PageVerifier(map, commit)
        try verifier.verify()
        return verifier.pageCount
    }

    /// The manifest of the last commit, all pages of which were verified; nil when nothing was committed.
    func verifiedManifest() throws -> Manifest? {
        _ = try verifyPages()
        return try read { try Manifest.readIfPresent($0, path: path) }
    }

    // MARK: Writing

    /// LMDB's handles of the tables.
    struct WritableTables {
        let meta: MDB_dbi
        let records: MDB_dbi
        let blobs: MDB_dbi
    }

    /// The handles of the tables, which are made where there are none.
    private func openTables(_ transaction: OpaquePointer) throws -> WritableTables {
        if let known = tables.withLock({ $0 }) { return known }
        let handles = try CommittedTables.names.map { name in
            var table: MDB_dbi = 0
            try check(mdb_dbi_open(transaction, name, UInt32(MDB_CREATE), &table), "mdb_dbi_open", path: path)
            return table
        }
        return WritableTables(meta: handles[0], records: handles[1], blobs: handles[2])
    }

    /// Runs `body` in one write transaction and commits, or leaves everything as it was.
    ///
    /// LMDB trusts the pages that it changes: whoever starts to write has verified them.
    func write<Result>(_ body: (OpaquePointer, WritableTables) throws -> Result) throws -> Result {
        guard !isReadOnly else {
            throw TrawlError(.io, "the index is read-only", path: path, remedy: "check the permissions of the folder")
        }
        var transaction: OpaquePointer?
        try check(mdb_txn_begin(handle, nil, 0, &transaction), "mdb_txn_begin", path: path)
        guard let transaction else { throw TrawlError(.io, "mdb_txn_begin gave nothing", path: path) }
        let result: Result
        let opened: WritableTables
        do {
            opened = try openTables(transaction)
            result = try body(transaction, opened)
        } catch {
            mdb_txn_abort(transaction)
            throw error
        }
        // A commit that fails has already freed the transaction.
        try check(mdb_txn_commit(transaction), "mdb_txn_commit", path: path)
        // Handles live on only if the transaction that opened them was committed.
        tables.withLock { $0 = opened }
        return result
    }

    /// Starts a read transaction, for the caller to abort.
    func beginRead() throws -> OpaquePointer {
        var transaction: OpaquePointer?
        var code = mdb_txn_begin(handle, nil, UInt32(MDB_RDONLY), &transaction)
        if code == MDB_MAP_RESIZED {
            // Another process could map more than this one; take its size.
            try check(mdb_env_set_mapsize(handle, 0), "mdb_env_set_mapsize", path: path)
            code = mdb_txn_begin(handle, nil, UInt32(MDB_RDONLY), &transaction)
        }
        try check(code, "mdb_txn_begin", path: path)
        guard let transaction else { throw TrawlError(.io, "mdb_txn_begin gave nothing", path: path) }
        return transaction
    }
}
