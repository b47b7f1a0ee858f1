import TrawlCore
import TrawlStore

/// What an index that is a shard stores of that: which shard it is, and how often documents were added.
///
/// Each document of a shard has a *position* in the whole corpus, by which ties between shards are broken as one index
/// breaks them by the order of documents. It is the number of the document's record in what was read, from 0, and comes
/// after those of earlier additions:
///
/// ```
/// position u64: addition, 24 bits (0: when the index was built) | record, 40 bits
/// ```
package struct ShardRecord: Hashable, Sendable {
    static let metadataName = "shard"
    private static let recordBits: UInt64 = 40
    private static let mostAdditions = 1 << 24 - 1

    package let shard: ShardNumber
    /// How many commits have added documents since the index was built. One that had none for this shard counts too, so
    /// that shards which were given the same additions count the same.
    package private(set) var additions = 0

    package var number: Int { shard.number }
    package var count: Int { shard.count }

    init(_ shard: ShardNumber) { self.shard = shard }

    /// The record of the index that is left by one more addition.
    ///
    /// - Throws: `TrawlError.full` after 16,777,215 of them.
    func afterAddition(path: String) throws -> ShardRecord {
        guard additions < Self.mostAdditions else {
            throw TrawlError(
                .full, "documents were added to the shard \(additions) times, which is the limit", path: path,
                remedy: "build the index again")
        }
        var next = self
        next.additions += 1
        return next
    }

    /// The position of what the last addition read as its record `record`.
    ///
    /// - Throws: `TrawlError.full` for a record that has no position.
    func position(ofRecord record: UInt64) throws -> UInt64 {
        guard record >> Self.recordBits == 0 else {
            throw TrawlError(.full, "a shard reads at most 2^40 records at a time", remedy: "add the corpus in parts")
        }
        return UInt64(additions) << Self.recordBits | record
    }
}

/// As JSON, with the version of the hash.
extension ShardRecord: Codable {
    enum CodingKeys: String, CodingKey { case number, count, hash, additions }

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        let version = try values.decode(Int.self, forKey: .hash)
        guard version == ShardAssignment.version else {
            throw TrawlError(
                .incompatible, "the corpus was divided into shards by hash \(version), which this Trawl does not know")
        }
        shard = try ShardNumber(values.decode(Int.self, forKey: .number), of: values.decode(Int.self, forKey: .count))
        additions = try values.decode(Int.self, forKey: .additions)
        guard 0...Self.mostAdditions ~= additions else {
            throw TrawlError(.corrupted, "the shard cannot have \(additions) additions")
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(number, forKey: .number)
        try values.encode(count, forKey: .count)
        try values.encode(ShardAssignment.version, forKey: .hash)
        try values.encode(additions, forKey: .additions)
    }

    /// That of an index; nil for one that is not a shard.
    ///
    /// - Throws: `TrawlError.corrupted`, with the reason.
    static func read(_ snapshot: Snapshot) throws -> ShardRecord? {
        try snapshot.metadata(metadataName, as: ShardRecord.self)
    }
}

extension SearchIndex {
    /// - Throws: `TrawlError.invalidInput` when the index is not `shard`; any index will do for nil.
    func require(_ shard: ShardNumber?) throws {
        guard let shard, shard != self.shard?.shard else { return }
        guard let own = self.shard?.shard else {
            throw TrawlError(
                .invalidInput, "the index is not a shard: it takes all documents", path: path,
                remedy: "build shard \(shard) as an index of its own")
        }
        throw TrawlError(
            .invalidInput, "the index is shard \(own), not \(shard)", path: path,
            remedy: "name that index or that shard")
    }
}
