internal import CTrawlLMDB
import Foundation
import Synchronization
internal import TrawlCore

/// The index as it was at one commit. Writers go on meanwhile; what the snapshot gives stays valid as long as it lives.
public final class Snapshot: @unchecked Sendable {
    // @unchecked: the transaction is used under `lock`; what it points to is a read-only map.
    let environment: Environment
    private let transaction: OpaquePointer
    private let lock = Mutex(())
    /// What the index consists of.
    public let manifest: Manifest

    public var path: String { environment.path }

    /// - Parameter manifest: What the snapshot consists of; nil for what was committed last.
    init(_ environment: Environment, _ manifest: Manifest? = nil) throws {
        self.environment = environment
        let transaction = try environment.beginRead()
        self.transaction = transaction
        do {
            self.manifest = try manifest ?? Manifest.read(transaction, environment)
        } catch {
            mdb_txn_abort(transaction)
            throw error
        }
    }

    deinit { mdb_txn_abort(transaction) }

    /// The live segments in order, each with the number of its first passage.
    public var segments: [SegmentReader] {
        var base: UInt32 = 0
        var documentBase: UInt32 = 0
        return manifest.segments.map { info in
            defer {
                base += info.passageCount
                documentBase += info.documentCount
            }
            return SegmentReader(snapshot: self, info: info, passageBase: base, documentBase: documentBase)
        }
    }

    /// The bytes stored under `name`, such as the recipe.
    public func metadata(_ name: String) throws -> [UInt8]? {
        try get(environment.metaTable, Array(name.utf8)) { Array($0) }
    }

    /// A value that was stored with `WriteSession.setMetadata(_:_:)`.
    public func metadata<Value: Decodable>(_ name: String, as type: Value.Type) throws -> Value? {
        guard let bytes = try metadata(name) else { return nil }
        do {
            return try JSONDecoder().decode(type, from: Data(bytes))
        } catch {
            throw TrawlError(
                .corrupted, "the stored \(name) cannot be read", path: path, remedy: "build the index again",
                cause: error)
        }
    }

    /// Calls `body` with the value of `key`, in place.
    func get<Result>(_ table: MDB_dbi, _ key: [UInt8], _ body: (UnsafeRawBufferPointer) throws -> Result) throws
        -> Result?
    {
        guard let bytes = try find(table, key) else { return nil }
        return try body(bytes)
    }

    /// The value of `key`, in place; valid as long as this snapshot.
    func find(_ table: MDB_dbi, _ key: [UInt8]) throws -> UnsafeRawBufferPointer? {
        try lock.withLock { _ in
            var value = MDB_val()
            let code = withValue(key) { mdb_get(transaction, table, &$0, &value) }
            if code == MDB_NOTFOUND { return Sent(nil) }
            try check(code, "mdb_get", path: path)
            return Sent(value.bytes)
        }.bytes
    }

    /// Calls `body` for every record whose key starts with `prefix`, in the order of the keys, until it answers false.
    /// `first`, when given, is the key to start from.
    func scan(
        _ table: MDB_dbi, prefix: [UInt8], from first: [UInt8]? = nil,
        _ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws -> Bool
    ) throws {
        var next = first ?? prefix
        while true {
            // The lock is taken for each record, so that `body` may read from this snapshot too.
            let found = try lock.withLock { _ -> SentPair? in
                var cursor: OpaquePointer?
                try check(mdb_cursor_open(transaction, table, &cursor), "mdb_cursor_open", path: path)
                defer { mdb_cursor_close(cursor) }
                var value = MDB_val()
                return try withValue(next) { key in
                    let code = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE)
                    if code == MDB_NOTFOUND { return nil }
                    try check(code, "mdb_cursor_get", path: path)
                    return SentPair(key: key.bytes, value: value.bytes)
                }
            }
            guard let found, found.key.count >= prefix.count, found.key.prefix(prefix.count).elementsEqual(prefix)
            else { return }
            // Damaged keys could lead back, and the walk would never end.
            guard !found.key.lexicographicallyPrecedes(next) else {
                throw TrawlError(
                    .corrupted, "the keys of a table are out of order", path: path, remedy: "build the index again")
            }
            guard try body(found.key, found.value) else { return }
            next = Array(found.key) + [0]
        }
    }

    private struct Sent: @unchecked Sendable {
        let bytes: UnsafeRawBufferPointer?
        init(_ bytes: UnsafeRawBufferPointer?) { self.bytes = bytes }
    }

    private struct SentPair: @unchecked Sendable {
        let key: UnsafeRawBufferPointer
        let value: UnsafeRawBufferPointer
    }
}
