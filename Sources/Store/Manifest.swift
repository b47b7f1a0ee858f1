import Foundation
internal import TrawlCore

/// What an index consists of: swapping this record is what commits.
public struct Manifest: Codable, Hashable, Sendable {
    /// The layouts of the store that this version of Trawl reads. It writes the last of them.
    ///
    /// Format 2 added deletion sets, format 3 packs the postings of frequent terms. A reader of earlier formats would misread both.
    public static let formats = 1...3

    public var format: Int
    public var segments: [SegmentInfo]
    /// The number that the next segment gets.
    public var nextSegment: UInt32

    static let empty = Manifest(segments: [], nextSegment: 1)

    init(segments: [SegmentInfo], nextSegment: UInt32) {
        format = Self.formats.upperBound
        self.segments = segments
        self.nextSegment = nextSegment
    }

    /// The numbers under which something is stored that the index consists of.
    var numbers: Set<UInt32> {
        Set(segments.map(\.number)).union(segments.compactMap(\.deletions?.number))
    }

    static let name = Array("manifest".utf8)

    /// The manifest of the last commit.
    ///
    /// - Throws: `TrawlError.incompatible` for another format; `.notFound` when nothing was ever committed.
    static func read(_ tables: CommittedTables, path: String) throws -> Manifest {
        guard let manifest = try readIfPresent(tables, path: path) else {
            throw TrawlError(
                .notFound, "the index was never finished", path: path,
                remedy: "build it again: that starts clean", topic: .index)
        }
        return manifest
    }

    static func readIfPresent(_ tables: CommittedTables, path: String) throws -> Manifest? {
        guard let value = try name.withUnsafeBytes({ try tables.meta.find($0) }) else { return nil }
        let bytes = Data(value)
        struct Format: Decodable { let format: Int }
        do {
            let format = try JSONDecoder().decode(Format.self, from: bytes).format
            guard formats.contains(format) else {
                throw TrawlError(
                    .incompatible, "the index has format \(format), this Trawl reads up to \(formats.upperBound)",
                    path: path,
                    remedy: format > formats.upperBound ? "use a newer Trawl" : "build the index again")
            }
            let manifest = try JSONDecoder().decode(Manifest.self, from: bytes)
            let passages = manifest.segments.reduce(UInt64(0)) { $0 + UInt64($1.passageCount) }
            let documents = manifest.segments.reduce(UInt64(0)) { $0 + UInt64($1.documentCount) }
            guard max(passages, documents) <= UInt64(UInt32.max) else {
                throw TrawlError(
                    .corrupted, "the manifest counts too many documents or passages", path: path,
                    remedy: "build the index again")
            }
            guard manifest.segments.allSatisfy(\.isConsistent) else {
                throw TrawlError(
                    .corrupted, "the manifest counts more deleted documents than there are", path: path,
                    remedy: "build the index again")
            }
            return manifest
        } catch let error as TrawlError {
            throw error
        } catch {
            throw TrawlError(
                .corrupted, "the manifest cannot be read", path: path, remedy: "build the index again",
                cause: error)
        }
    }
}
