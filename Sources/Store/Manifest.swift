internal import CLMDB
internal import Core
import Foundation

/// One segment of an index. Segments never change; a new state of the index is a new list of them.
public struct SegmentInfo: Codable, Hashable, Sendable {
    /// The number in the keys of everything that the segment owns; never used again.
    public let number: UInt32
    public var documentCount: UInt32
    public var passageCount: UInt32

    public init(number: UInt32, documentCount: UInt32, passageCount: UInt32) {
        self.number = number
        self.documentCount = documentCount
        self.passageCount = passageCount
    }
}

/// What an index consists of: swapping this record is what commits.
public struct Manifest: Codable, Hashable, Sendable {
    /// The layout of the store that this version of Trawl writes and reads.
    public static let currentFormat = 1

    public var format: Int
    public var segments: [SegmentInfo]
    /// The number that the next segment gets.
    public var nextSegment: UInt32

    static let empty = Manifest(format: currentFormat, segments: [], nextSegment: 1)
    static let name = Array("manifest".utf8)

    /// The manifest of the last commit.
    ///
    /// - Throws: `TrawlError.incompatible` for another format; `.notFound` when nothing was ever committed.
    static func read(_ transaction: OpaquePointer, _ environment: Environment) throws -> Manifest {
        guard let manifest = try readIfPresent(transaction, environment) else {
            throw TrawlError(
                .notFound, "the index was never finished", path: environment.path,
                remedy: "run 'trawl index' again: it starts clean")
        }
        return manifest
    }

    static func readIfPresent(_ transaction: OpaquePointer, _ environment: Environment) throws -> Manifest? {
        var value = MDB_val()
        let code = withValue(name) { mdb_get(transaction, environment.metaTable, &$0, &value) }
        if code == MDB_NOTFOUND { return nil }
        try check(code, "mdb_get", path: environment.path)
        let bytes = Data(value.bytes)
        struct Format: Decodable { let format: Int }
        do {
            let format = try JSONDecoder().decode(Format.self, from: bytes).format
            guard format == currentFormat else {
                throw TrawlError(
                    .incompatible, "the index has format \(format), this Trawl reads format \(currentFormat)",
                    path: environment.path,
                    remedy: format > currentFormat ? "use a newer Trawl" : "build the index again")
            }
            let manifest = try JSONDecoder().decode(Manifest.self, from: bytes)
            let passages = manifest.segments.reduce(UInt64(0)) { $0 + UInt64($1.passageCount) }
            guard passages <= UInt64(UInt32.max) else {
                throw TrawlError(.corrupted, "the manifest counts too many passages", path: environment.path)
            }
            return manifest
        } catch let error as TrawlError {
            throw error
        } catch {
            throw TrawlError(
                .corrupted, "the manifest cannot be read", path: environment.path, remedy: "build the index again",
                cause: error)
        }
    }
}
