import TrawlCore
import TrawlTensors
import TrawlVectorIndex

/// Moves the vector of a query towards those of the passages that it finds first (Rocchio 1971, as pseudo-relevance
/// feedback): (q + weight * mean of the passages) / (1 + weight).
package struct QueryFeedback {
    /// The passages that are taken for relevant.
    let passages: Int
    /// What the mean of their vectors counts beside the query's.
    let weight: Float

    package init(passages: Int, weight: Float) { (self.passages, self.weight) = (passages, weight) }

    /// - Parameter query: of length 1 where the metric is the cosine, as the vectors of passages then are.
    package func moved(_ query: [Float], towards passages: [[Float]]) -> [Float] {
        guard !passages.isEmpty, weight > 0 else { return query }
        let share = weight / Float(passages.count)
        var moved = query
        for passage in passages {
            for index in moved.indices { moved[index] += share * passage[index] }
        }
        return moved.map { $0 / (1 + weight) }
    }

    /// The queries after a first search.
    func moved(
        _ queries: [[Float]], in searcher: VectorSearcher, _ options: VectorSearchOptions
    ) throws -> [[Float]] {
        let queries = searcher.metric == .cosine ? queries.map(Self.unit) : queries
        return try zip(queries, searcher.search(queries, k: passages, options)).map { query, ranking in
            try moved(query, towards: ranking.map { try searcher.vector(of: $0.passage) })
        }
    }

    /// A vector of length 1 in the direction of `vector`.
    package static func unit(_ vector: [Float]) -> [Float] {
        let length = vector.withUnsafeBufferPointer { buffer in
            buffer.baseAddress.map { Kernels.dot($0, $0, buffer.count) } ?? 0
        }.squareRoot()
        return length > 0 ? vector.map { $0 / length } : vector
    }
}
