internal import CTrawlLMDB
import Foundation
internal import TrawlCore

/// The index as it was at one commit. Writers go on meanwhile; what the snapshot gives stays valid as long as it lives. It may
/// be read from any number of threads.
///
/// Damage is an error when it is met: what is read is checked as far as reading needs, and no further (`Store.verifyPages`).
public final class Snapshot: @unchecked Sendable {
    // @unchecked: nothing changes, and what the pages are in is a read-only map.
    private let environment: Environment?
    /// Keeps writers from using the pages again; nil for what no writer can reach.
    private let transaction: OpaquePointer?
    /// Keeps writers out where there is no transaction.
    private let lock: WriterLock?
    private let tables: CommittedTables
    public let path: String
    /// What the index consists of.
    public let manifest: Manifest

    var records: PageTree { tables.records }
    var blobs: PageTree { tables.blobs }

    /// - Parameter manifest: What the snapshot consists of; nil for what was committed last.
    init(_ environment: Environment, _ manifest: Manifest? = nil) throws {
        let transaction = try environment.beginRead()
        do {
            let (map, commit) = try environment.committed(transaction)
            tables = try CommittedTables(map, commit)
            self.manifest = try manifest ?? Manifest.read(tables, path: environment.path)
        } catch {
            mdb_txn_abort(transaction)
            throw error
        }
        path = environment.path
        self.environment = environment
        self.transaction = transaction
        lock = nil
    }

    /// The last commit of a damaged index, without LMDB.
    init(_ tables: CommittedTables, path: String, lock: WriterLock?) throws {
        self.tables = tables
        self.path = path
        self.lock = lock
        manifest = try Manifest.read(tables, path: path)
        (environment, transaction) = (nil, nil)
    }

    /// This commit of a damaged index, with what is stored by name as in `other`.
    private init(_ snapshot: Snapshot, metadataOf other: Snapshot) {
        tables = CommittedTables(snapshot.tables, meta: other.tables.meta)
        (path, manifest, lock) = (snapshot.path, snapshot.manifest, snapshot.lock)
        (environment, transaction) = (nil, nil)
    }

    /// The segments of this commit with the metadata of `other`, both of which a `DamagedStore` gave.
    public func withMetadata(of other: Snapshot) -> Snapshot { Snapshot(self, metadataOf: other) }

    deinit { if let transaction { mdb_txn_abort(transaction) } }

    /// Whether `other`, a snapshot of the same index, is of the same commit: every commit writes the manifest, and so the tree of
    /// metadata anew, which a writer's transactions before it do not.
    public func isCommit(of other: Snapshot) -> Bool { tables.meta.record == other.tables.meta.record }

    /// The size of the file, in bytes: a bound for what a damaged index states of its sizes.
    public var byteCount: Int { tables.map.byteCount }

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
        try get(tables.meta, Array(name.utf8)) { Array($0) }
    }

    /// Calls `body` with everything that is stored by name.
    public func forEachMetadata(_ body: (_ name: String, _ bytes: [UInt8]) throws -> Void) throws {
        try scan(tables.meta, prefix: []) { key, value in
            if !key.elementsEqual(Manifest.name) { try body(String(decoding: key, as: UTF8.self), Array(value)) }
            return true
        }
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
    func get<Result>(_ table: PageTree, _ key: [UInt8], _ body: (UnsafeRawBufferPointer) throws -> Result) throws
        -> Result?
    {
        try find(table, key).map(body)
    }

    /// The value of `key`, in place; valid as long as this snapshot.
    func find(_ table: PageTree, _ key: [UInt8]) throws -> UnsafeRawBufferPointer? {
        try key.withUnsafeBytes { try table.find($0) }
    }

    /// Calls `body` for every record whose key starts with `prefix`, in the order of the keys, until it answers false.
    /// `first`, when given, is the key to start from.
    func scan(
        _ table: PageTree, prefix: [UInt8], from first: [UInt8]? = nil,
        _ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws -> Bool
    ) throws {
        try (first ?? prefix).withUnsafeBytes { first in
            try table.scan(from: first) { key, value in
                guard key.starts(with: prefix) else { return false }
                return try body(key, value)
            }
        }
    }
}
