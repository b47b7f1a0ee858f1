import TrawlCore

/// Which passages of a shard may be found, and how many.
struct SearchScope {
    let limit: Int
    /// Conditions on documents, as users write them.
    let conditions: [String]
}

extension SearchScope: ByteCodable {
    init(from reader: inout ByteReader) throws(ByteFault) { (limit, conditions) = try reader.fields() }
    func write(to writer: inout ByteWriter) { writer.append(limit, conditions) }
}

/// The fields that conditions compare and that no document of a shard has.
struct MissingFields {
    let conditions: [String]
}

extension MissingFields: ShardQuestion {
    typealias Answer = [String]
    static let operation = ShardOperation.missingFields

    init(from reader: inout ByteReader) throws(ByteFault) { conditions = try reader.next() }
    func write(to writer: inout ByteWriter) { writer.append(conditions) }
}

/// A passage that a shard found.
struct ShardHit {
    /// Its number in the shard.
    let passage: UInt32
    /// The number of its document in the shard.
    let document: UInt32
    /// The position of its document in the whole corpus, by which ties are broken.
    let position: UInt64
    let score: Float
}

extension ShardHit: ByteCodable {
    init(from reader: inout ByteReader) throws(ByteFault) {
        (passage, document, position, score) = try reader.fields()
    }

    func write(to writer: inout ByteWriter) { writer.append(passage, document, position, score) }
}
