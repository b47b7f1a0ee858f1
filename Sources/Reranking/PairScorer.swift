/// Scores passages against a query, both as text; higher is better. Scores of different scorers do not compare.
public protocol PairScorer {
    /// The score of each passage, in their order.
    func scores(query: String, passages: [String]) throws -> [Float]
}
