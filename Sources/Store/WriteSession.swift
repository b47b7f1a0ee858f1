internal import CTrawlLMDB
import Foundation
internal import TrawlCore

/// The one writer of an index.
///
/// New segments are written in transactions of bounded size that no reader sees, since the manifest does not list them
/// yet; `commit` lists them in one last transaction. A session that ends without a commit, however it ends, leaves the
/// index as it was, and the next session removes what it left behind.
///
/// No transaction is open between calls, so a session may move between threads; it must not be used by two at once.
public final class WriteSession {
    let environment: Environment
    private let lock: WriterLock
    /// The manifest of the last commit.
    public private(set) var manifest: Manifest
    private var nextSegment: UInt32
    private var pending: [(table: Target, key: [UInt8], value: [UInt8])] = []
    private var pendingBytes = 0
    /// No value removes what is stored under the name.
    private var pendingMetadata: [(name: String, value: [UInt8]?)] = []

    private enum Target { case records, blobs }

    /// Pending writes are flushed at this size, which bounds the memory of a session.
    static let flushBytes = 8 << 20

    init(_ environment: Environment) throws {
        self.environment = environment
        lock = try WriterLock(folder: environment.path)
        // LMDB trusts the pages that it changes, and takes those that the free list names. Nobody writes meanwhile.
        let manifest = try environment.verifiedManifest() ?? .empty
        try environment.write { try Self.removeUnlisted(manifest, $0, $1, environment) }
        self.manifest = manifest
        nextSegment = manifest.nextSegment
    }

    /// A writer for a new segment, which is not part of the index before `commit` lists it.
    public func newSegment() -> SegmentWriter {
        defer { nextSegment += 1 }
        return SegmentWriter(self, number: nextSegment)
    }

    /// Stores `bytes` under `name` with the next commit.
    public func setMetadata(_ name: String, bytes: [UInt8]) {
        pendingMetadata.append((name, bytes))
    }

    /// Removes what is stored under `name` with the next commit.
    public func removeMetadata(_ name: String) { pendingMetadata.append((name, nil)) }

    /// Stores `value` as JSON under `name` with the next commit.
    public func setMetadata(_ name: String, _ value: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        setMetadata(name, bytes: Array(try encoder.encode(value)))
    }

    /// Makes `segments` the content of the index, together with all metadata that was set, in one transaction.
    public func commit(segments: [SegmentInfo]) throws {
        try flush()
        let updated = Manifest(segments: segments, nextSegment: nextSegment)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        let bytes = Array(try encoder.encode(updated))
        try environment.write { transaction, tables in
            for (name, value) in pendingMetadata {
                if let value {
                    try put(transaction, tables.meta, Array(name.utf8), value)
                } else {
                    try remove(transaction, tables.meta, Array(name.utf8))
                }
            }
            try put(transaction, tables.meta, Manifest.name, bytes)
            try Self.removeUnlisted(updated, transaction, tables, environment)
        }
        manifest = updated
        pendingMetadata = []
    }

    /// Writes what is pending, so that snapshots (and the disk) have it; it stays unlisted.
    public func flush() throws {
        guard !pending.isEmpty else { return }
        try environment.write { transaction, tables in
            for (table, key, value) in pending {
                try put(transaction, table == .records ? tables.records : tables.blobs, key, value)
            }
        }
        pending.removeAll(keepingCapacity: true)
        pendingBytes = 0
    }

    /// A snapshot that lists `segments`, which may be ones that this session has not committed.
    public func snapshot(of segments: [SegmentInfo]) throws -> Snapshot {
        try flush()
        return try Snapshot(environment, Manifest(segments: segments, nextSegment: nextSegment))
    }

    /// Replaces the manifest by `text`, for tests of what other versions may have left.
    func overwriteManifest(_ text: String) throws {
        try environment.write { try put($0, $1.meta, Manifest.name, Array(text.utf8)) }
    }

    func putRecord(segment: UInt32, table: UInt16, key: [UInt8], value: [UInt8]) throws {
        guard key.count <= longestRecordKey else {
            throw TrawlError(
                .invalidInput, "a key of \(key.count) bytes is longer than \(longestRecordKey)", path: environment.path)
        }
        try enqueue(.records, recordKey(segment: segment, table: table, key: key), value)
    }

    func putChunk(segment: UInt32, kind: UInt16, chunk: UInt32, value: [UInt8]) throws {
        try enqueue(.blobs, chunkKey(segment: segment, kind: kind, chunk: chunk), value)
    }

    /// Stores what another index has under a key, of which `rest` follows the number of the segment.
    func putRecord(_ segment: UInt32, rest: Slice<UnsafeRawBufferPointer>, value: UnsafeRawBufferPointer) throws {
        try enqueue(.records, bigEndian(segment) + rest, Array(value))
    }

    func putBlobValue(_ segment: UInt32, rest: Slice<UnsafeRawBufferPointer>, value: UnsafeRawBufferPointer) throws {
        try enqueue(.blobs, bigEndian(segment) + rest, Array(value))
    }

    private func enqueue(_ table: Target, _ key: [UInt8], _ value: [UInt8]) throws {
        pending.append((table, key, value))
        // The arrays' own headers count too when records are small.
        pendingBytes += key.count + value.count + 96
        if pendingBytes >= Self.flushBytes { try flush() }
    }

    private func put(_ transaction: OpaquePointer, _ table: MDB_dbi, _ key: [UInt8], _ value: [UInt8]) throws {
        let code = withValue(key) { key in withValue(value) { mdb_put(transaction, table, &key, &$0, 0) } }
        try check(code, "mdb_put", path: environment.path)
    }

    private func remove(_ transaction: OpaquePointer, _ table: MDB_dbi, _ key: [UInt8]) throws {
        let code = withValue(key) { mdb_del(transaction, table, &$0, nil) }
        if code != MDB_NOTFOUND { try check(code, "mdb_del", path: environment.path) }
    }

    /// Deletes everything of segments and deletion sets that `manifest` does not list: the rest of interrupted or superseded work.
    private static func removeUnlisted(
        _ manifest: Manifest, _ transaction: OpaquePointer, _ tables: Environment.WritableTables,
        _ environment: Environment
    ) throws {
        let listed = manifest.numbers
        for table in [tables.records, tables.blobs] {
            var cursor: OpaquePointer?
            try check(mdb_cursor_open(transaction, table, &cursor), "mdb_cursor_open", path: environment.path)
            defer { mdb_cursor_close(cursor) }
            var segment: UInt32 = 0
            while true {
                var value = MDB_val()
                let found: UInt32? = try withValue(bigEndian(segment)) { key in
                    let code = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE)
                    if code == MDB_NOTFOUND { return nil }
                    try check(code, "mdb_cursor_get", path: environment.path)
                    guard key.mv_size >= 4 else {
                        throw TrawlError(
                            .corrupted, "a key is cut", path: environment.path, remedy: "build the index again")
                    }
                    return UInt32(bigEndian: key.bytes.loadUnaligned(as: UInt32.self))
                }
                guard let found else { break }
                if listed.contains(found) {
                    guard found < .max else { break }
                    segment = found + 1
                } else {
                    try check(mdb_cursor_del(cursor, 0), "mdb_cursor_del", path: environment.path)
                    segment = found
                }
            }
        }
    }
}
