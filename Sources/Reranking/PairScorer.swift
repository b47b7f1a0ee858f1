public import TrawlCore

/// Scores passages against a query, both as text; higher is better. Scores of different scorers do not compare.
public protocol PairScorer {
    /// What each passage scores. A passage that cannot be scored costs only itself.
    ///
    /// - Throws: `TrawlError` for what concerns all passages, such as a query that leaves no space for them.
    func judge(query: String, passages: [String]) throws -> PairScores
}

extension PairScorer {
    /// The score of each passage, in their order.
    ///
    /// - Throws: as `judge`, and the error of the first passage that cannot be scored.
    public func scores(query: String, passages: [String]) throws -> [Float] {
        let found = try judge(query: query, passages: passages)
        if let failure = found.failures.first { throw failure.error }
        return found.values.compactMap { $0 }
    }
}

/// What a scorer gives to a list of passages.
public struct PairScores: Sendable {
    /// A passage that could not be scored, and why.
    public struct Failure: Sendable {
        /// The passage's index in the list.
        public let passage: Int
        public let error: TrawlError

        public init(passage: Int, error: TrawlError) {
            self.passage = passage
            self.error = error
        }
    }

    /// One for each passage; nil for those that failed.
    public let values: [Float?]
    /// In the order of the passages.
    public let failures: [Failure]
    /// The passages that the model did not read to their ends.
    public let cutCount: Int
    /// Whether the model did not read the query to its end, beside some passage at least.
    public let isQueryCut: Bool

    /// Scores of which those that are not numbers are failures.
    ///
    /// - Parameters:
    ///   - model: the path of the model, for messages.
    ///   - failures: what failed before; its scores are ignored.
    public init(
        _ scores: [Float], cutCount: Int = 0, isQueryCut: Bool = false, failures: [Failure] = [], model: String? = nil
    ) {
        var failures = failures
        var values: [Float?] = scores
        for failure in failures { values[failure.passage] = nil }
        for (index, score) in scores.enumerated() where !score.isFinite && values[index] != nil {
            values[index] = nil
            let error = TrawlError(
                .corrupted, "the score of passage \(index) is \(score)", path: model,
                remedy: "the model's weights may be damaged; download the model again")
            failures.append(Failure(passage: index, error: error))
        }
        self.values = values
        self.failures = failures.sorted { $0.passage < $1.passage }
        self.cutCount = cutCount
        self.isQueryCut = isQueryCut
    }
}
