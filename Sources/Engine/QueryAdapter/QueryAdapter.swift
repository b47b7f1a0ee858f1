import TrawlCore
import TrawlEmbeddings
import TrawlTensors

/// What an index learnt from judged queries about the vectors of queries; those of passages stay as they are.
///
/// A map of low rank moves a query's vector q towards those of its answers (after LoRA: Hu et al. 2021, arXiv 2106.09685):
///
///     q' = unit(q + up down q + bias)
///
/// A memory raises documents that answered similar queries before (see `QueryMemory`).
public struct QueryAdapter: Equatable, Sendable {
    public let dimension: Int
    /// 0 for an adapter that only remembers.
    public let rank: Int
    /// `[rank, dimension]`
    let down: [Float]
    /// `[dimension, rank]`
    let up: [Float]
    /// `[dimension]`
    let bias: [Float]
    /// The queries that it was fitted to.
    public let queries: Int
    /// The digest of the embedding model whose vectors it moves.
    public let embedder: String
    public var memory: QueryMemory?

    /// - Parameters:
    ///   - down: `[rank, dimension]`
    ///   - up: `[dimension, rank]`
    ///   - bias: `[dimension]`
    public init(down: [Float], up: [Float], bias: [Float], queries: Int, embedder: String) {
        dimension = bias.count
        rank = bias.isEmpty ? 0 : down.count / bias.count
        precondition(down.count == rank * dimension && up.count == down.count)
        (self.down, self.up, self.bias) = (down, up, bias)
        (self.queries, self.embedder) = (queries, embedder)
    }

    /// One that changes nothing.
    public init(dimension: Int, queries: Int, embedder: String) {
        self.init(
            down: [], up: [], bias: [Float](repeating: 0, count: dimension), queries: queries, embedder: embedder)
    }

    /// One that moves queries by a share of what this one does.
    public func scaled(by share: Float) -> QueryAdapter {
        guard share != 0 else { return QueryAdapter(dimension: dimension, queries: queries, embedder: embedder) }
        return QueryAdapter(
            down: down, up: up.map { $0 * share }, bias: bias.map { $0 * share }, queries: queries, embedder: embedder)
    }

    /// Whether it moves queries at all.
    public var moves: Bool { rank > 0 || bias.contains { $0 != 0 } }

    /// The vector of a query after the map, of length 1.
    ///
    /// - Parameter query: `[dimension]`, of length 1.
    /// - Complexity: O(rank x dimension).
    public func moved(_ query: [Float]) -> [Float] {
        precondition(query.count == dimension)
        guard moves else { return query }
        var moved = query
        for index in moved.indices { moved[index] += bias[index] }
        if rank > 0 {
            let inner = Self.product(down, query, rows: rank)
            for (index, value) in Self.product(up, inner, rows: dimension).enumerated() { moved[index] += value }
        }
        moved.scaleToUnitLength()
        return moved
    }

    /// A matrix of `rows` rows times a vector.
    private static func product(_ matrix: [Float], _ vector: [Float], rows: Int) -> [Float] {
        matrix.withUnsafeBufferPointer { matrix in
            vector.withUnsafeBufferPointer { vector in
                guard let matrix = matrix.baseAddress, let base = vector.baseAddress else { return [] }
                return (0..<rows).map { Kernels.dot(matrix + $0 * vector.count, base, vector.count) }
            }
        }
    }
}
