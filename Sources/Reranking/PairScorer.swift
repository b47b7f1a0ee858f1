/// Says how well passages answer a query; higher is better.
public protocol PairScorer {
    /// One score for each passage, in their order.
    func scores(query: String, passages: [String]) throws -> [Float]
}
