import TrawlCore

/// The passages nearest to each of some vectors.
struct SearchVectors: ShardQuestion {
    typealias Answer = [[ShardHit]]
    static let operation = ShardOperation.searchVectors
    let vectors: [[Float]]
    let isExact: Bool
    /// How many vectors a walk through a graph keeps; nil: what the limit asks for.
    let width: Int?
    let scope: SearchScope

    init(vectors: [[Float]], isExact: Bool, width: Int?, scope: SearchScope) {
        (self.vectors, self.isExact, self.width, self.scope) = (vectors, isExact, width, scope)
    }

    init(from reader: inout ByteReader) throws(ByteFault) {
        vectors = try reader.next()
        isExact = try reader.next()
        width = try reader.next()
        scope = try reader.next()
    }

    func write(to writer: inout ByteWriter) {
        writer.append(vectors)
        writer.append(isExact)
        writer.append(width)
        writer.append(scope)
    }
}

/// The stored vectors of passages.
struct PassageVectors: ShardQuestion {
    typealias Answer = [[Float]]
    static let operation = ShardOperation.vectors
    let passages: [UInt32]

    init(passages: [UInt32]) { self.passages = passages }
    init(from reader: inout ByteReader) throws(ByteFault) { passages = try reader.next() }
    func write(to writer: inout ByteWriter) { writer.append(passages) }
}
