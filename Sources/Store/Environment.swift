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
    let metaTable: MDB_dbi
    let recordTable: MDB_dbi
    let blobTable: MDB_dbi
    let pageSize: Int

    /// The most address space to reserve. The file grows only by what is written.
    private static let largestMap = 1 << 40
    private static let smallestMap = 1 << 28

    private struct Weak {
        weak var environment: Environment?
        /// The inode of its file: an index that was removed and built again is another one.
        let file: UInt64?
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
            if let known = environments[path], let environment = known.environment, known.file == file(in: path) {
                return environment
            }
            let environment = try Environment(path: path)
            environments = environments.filter { $0.value.environment != nil }
            environments[path] = Weak(environment: environment, file: file(in: path))
            return environment
        }
    }

    /// The inode of the file in `folder`; nil when there is none.
    private static func file(in folder: String) -> UInt64? {
        var status = stat()
        return stat(folder + "/data.mdb", &status) == 0 ? UInt64(status.st_ino) : nil
    }

    private init(path: String) throws {
        self.path = path
        let writable = access(path, W_OK) == 0
        let isReadOnlyMedium = !writable && errno == EROFS
        isReadOnly = !writable
        handle = try Self.openHandle(path: path, writable: writable, isReadOnlyMedium: isReadOnlyMedium)
        var tables: [MDB_dbi] = []
        var statistics = MDB_stat()
        do {
            try check(mdb_env_stat(handle, &statistics), "mdb_env_stat", path: path)
            var dead: Int32 = 0
            if writable { try check(mdb_reader_check(handle, &dead), "mdb_reader_check", path: path) }
            tables = try Self.openTables(handle, path: path, create: writable)
        } catch {
            mdb_env_close(handle)
            throw error
        }
        pageSize = Int(statistics.ms_psize)
        metaTable = tables[0]
        recordTable = tables[1]
        blobTable = tables[2]
    }

    deinit { mdb_env_close(handle) }

    /// Opens with the largest map that the process may have: address space costs nothing, moving a map does.
    private static func openHandle(path: String, writable: Bool, isReadOnlyMedium: Bool) throws -> OpaquePointer {
        var status = stat()
        let fileBytes = stat(path + "/data.mdb", &status) == 0 ? Int(status.st_size) : 0
        var size = AddressSpace.forMap(of: fileBytes, most: largestMap)
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
            if code == MDB_SUCCESS {
                do { try requireWholeFile(handle, path: path) } catch {
                    mdb_env_close(handle)
                    throw error
                }
                return handle
            }
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

    /// Refuses a file that ends before its last page, as one does that was copied in part: reading the missing pages would end
    /// the process. A file that another process cuts while it is open is not guarded against.
    private static func requireWholeFile(_ handle: OpaquePointer, path: String) throws {
        var (info, statistics, status) = (MDB_envinfo(), MDB_stat(), stat())
        try check(mdb_env_info(handle, &info), "mdb_env_info", path: path)
        try check(mdb_env_stat(handle, &statistics), "mdb_env_stat", path: path)
        guard stat(path + "/data.mdb", &status) == 0, info.me_last_pgno > 1 else { return }
        let (pages, overflow) = (info.me_last_pgno + 1).multipliedReportingOverflow(by: Int(statistics.ms_psize))
        guard overflow || pages > Int(status.st_size) else { return }
        throw TrawlError(
            .corrupted, "the file is cut: it has \(status.st_size) bytes of \(overflow ? "far more" : "\(pages)")",
            path: path + "/data.mdb", remedy: "copy the whole file again, or build the index again")
    }

    private static func openTables(_ handle: OpaquePointer, path: String, create: Bool) throws -> [MDB_dbi] {
        var transaction: OpaquePointer?
        let flags = UInt32(create ? 0 : MDB_RDONLY)
        try check(mdb_txn_begin(handle, nil, flags, &transaction), "mdb_txn_begin", path: path)
        let tables: [MDB_dbi]
        do {
            tables = try ["meta", "records", "blobs"].map { name in
                var table: MDB_dbi = 0
                let code = mdb_dbi_open(transaction, name, UInt32(create ? MDB_CREATE : 0), &table)
                if code == MDB_NOTFOUND {
                    throw TrawlError(.corrupted, "the index was never finished", path: path, remedy: "build it again")
                }
                try check(code, "mdb_dbi_open", path: path)
                return table
            }
        } catch {
            mdb_txn_abort(transaction)
            throw error
        }
        // A commit that fails has already freed the transaction.
        try check(mdb_txn_commit(transaction), "mdb_txn_commit", path: path)
        return tables
    }

    /// Runs `body` in one write transaction and commits, or leaves everything as it was.
    func write<Result>(_ body: (OpaquePointer) throws -> Result) throws -> Result {
        guard !isReadOnly else {
            throw TrawlError(.io, "the index is read-only", path: path, remedy: "check the permissions of the folder")
        }
        var transaction: OpaquePointer?
        try check(mdb_txn_begin(handle, nil, 0, &transaction), "mdb_txn_begin", path: path)
        guard let transaction else { throw TrawlError(.io, "mdb_txn_begin gave nothing", path: path) }
        let result: Result
        do {
            result = try body(transaction)
        } catch {
            mdb_txn_abort(transaction)
            throw error
        }
        // A commit that fails has already freed the transaction.
        try check(mdb_txn_commit(transaction), "mdb_txn_commit", path: path)
        return result
    }

    /// Runs `body` in a read transaction that ends with it.
    func read<Result>(_ body: (OpaquePointer) throws -> Result) throws -> Result {
        let transaction = try beginRead()
        defer { mdb_txn_abort(transaction) }
        return try body(transaction)
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
