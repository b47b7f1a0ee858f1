import TrawlCore

/// Which passages of a shard may be found, and how many.
struct SearchScope: ByteCodable {
    let limit: Int
    /// Conditions on documents, as users write them.
    let conditions: [String]

    init(limit: Int, conditions: [String]) { (self.limit, self.conditions) = (limit, conditions) }

    init(from reader: inout ByteReader) throws(ByteFault) {
        limit = try reader.next()
        conditions = try reader.next()
    }

    func write(to writer: inout ByteWriter) {
        writer.append(limit)
        writer.append(conditions)
    }
}

/// The fields that conditions compare and that no document of a shard has.
struct MissingFields: ShardQuestion {
    typealias Answer = [String]
    static let operation = ShardOperation.missingFields
    let conditions: [String]

    init(conditions: [String]) { self.conditions = conditions }
    init(from reader: inout ByteReader) throws(ByteFault) { conditions = try reader.next() }
    func write(to writer: inout ByteWriter) { writer.append(conditions) }
}

/// A passage that a shard found.
struct ShardHit: ByteCodable {
    /// Its number in the shard.
    let passage: UInt32
    /// The number of its document in the shard.
    let document: UInt32
    /// The position of its document in the whole corpus, by which ties are broken.
    let position: UInt64
    let score: Float

    init(passage: UInt32, document: UInt32, position: UInt64, score: Float) {
        (self.passage, self.document, self.position, self.score) = (passage, document, position, score)
    }

    init(from reader: inout ByteReader) throws(ByteFault) {
        passage = try reader.next()
        document = try reader.next()
        position = try reader.next()
        score = try reader.next()
    }

    func write(to writer: inout ByteWriter) {
        writer.append(passage)
        writer.append(document)
        writer.append(position)
        writer.append(score)
    }
}
