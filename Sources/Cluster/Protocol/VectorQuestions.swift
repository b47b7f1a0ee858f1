import TrawlCore

/// The passages nearest to each of some vectors.
struct SearchVectors {
    let vectors: [[Float]]
    let isExact: Bool
    /// How many vectors a walk through a graph keeps; nil: what the limit asks for.
    let width: Int?
    let scope: SearchScope
}

extension SearchVectors: ShardQuestion {
    typealias Answer = [[ShardHit]]
    static let operation = ShardOperation.searchVectors

    init(from reader: inout ByteReader) throws(ByteFault) { (vectors, isExact, width, scope) = try reader.fields() }
    func write(to writer: inout ByteWriter) { writer.append(vectors, isExact, width, scope) }
}

/// The stored vectors of passages.
struct PassageVectors {
    let passages: [UInt32]
}

extension PassageVectors: ShardQuestion {
    typealias Answer = [[Float]]
    static let operation = ShardOperation.vectors

    init(from reader: inout ByteReader) throws(ByteFault) { passages = try reader.next() }
    func write(to writer: inout ByteWriter) { writer.append(passages) }
}
