import Foundation
import TrawlCore

/// What is known of an n-gram when it is weighed.
///
/// An n-gram is one of the query if it stands there, if it is a form of one of its words, or if it was generated.
public struct KeyFeatures: Codable, Sendable, Hashable {
    /// - `rarity`: log of the inverse document frequency, as BM25 defines it;
    /// - `phrase`: whether it is of the query and has several words;
    /// - `stop_words`: whether it has only stop words and punctuation;
    /// - `piece`: whether it begins within a word;
    /// - `inflection`: whether it is another form of a word of the query;
    /// - `generated`: whether only the generator wrote it;
    /// - `length`: the log of its tokens, if it was generated;
    /// - `odds`: the log of its probability given the query, divided by its probability in the corpus, if it was generated;
    /// - `query_odds`: the same if it is of the query.
    public static let names = [
        "rarity", "phrase", "stop_words", "piece", "inflection", "generated", "length", "odds", "query_odds",
    ]

    /// In the order of `names`.
    public let values: [Double]
    /// The log-probability of the n-gram anywhere in the corpus.
    public let corpusLogProbability: Double

    public init(values: [Double], corpusLogProbability: Double) {
        self.values = values
        self.corpusLogProbability = corpusLogProbability
    }

    /// Whether only the generator wrote the n-gram.
    public var isGenerated: Bool { values[5] > 0 }

    /// The feature that follows the log-probability.
    var oddsFeature: Int { isGenerated ? 7 : 8 }

    /// Whether the n-gram was generated and is hardly more likely given the query than in the corpus overall.
    var isUnlikely: Bool { isGenerated && values[oddsFeature] < Self.leastOdds }

    private static let leastOdds = 1.5

    /// Odds beyond these bounds tell nothing more.
    private static let bounds = -10.0...12.0

    /// These features where the n-gram's log-probability is another, and whether it is beyond the bounds of odds.
    func at(_ logProbability: Double) -> (features: KeyFeatures, isBounded: Bool) {
        let odds = max(logProbability, -1e3) - corpusLogProbability
        var values = values
        values[oddsFeature] = min(max(odds, Self.bounds.lowerBound), Self.bounds.upperBound)
        return (
            KeyFeatures(values: values, corpusLogProbability: corpusLogProbability), !Self.bounds.contains(odds)
        )
    }
}

/// Computes the features of a query's keys.
struct KeyFeatureReader<Oracle: SubstringOracle> {
    let oracle: Oracle
    /// The query's own tokens.
    let query: [TokenID]
    let words: QueryWords

    /// The features of an n-gram; nil for a generated one that is not evidence. Such an n-gram ends in a stop word or in
    /// punctuation, or is hardly more likely given the query than in the corpus overall.
    ///
    /// - Parameter passages: How many passages have the n-gram.
    func features(of key: NGramKey, passages: Int) -> KeyFeatures? {
        let shape = words.shape(of: key.tokens)
        let isGenerated = key.origin != .query && key.origin != .inflection && !stands(key.tokens)
        if isGenerated && key.origin == .body && shape.endsInStopWord { return nil }
        let (all, holders) = (Double(oracle.passageCount), Double(min(passages, oracle.passageCount)))
        let idf = log1p((all - holders + 0.5) / (holders + 0.5))
        let flags: [Bool] = [
            !isGenerated && shape.words > 1, shape.hasOnlyStopWords, shape.beginsWithinWord, key.origin == .inflection,
            isGenerated,
        ]
        let unscored = KeyFeatures(
            values: [log(max(idf, 0.05))] + flags.map { $0 ? 1 : 0 }
                + [isGenerated ? log(Double(max(1, key.tokens.count))) : 0, 0, 0],
            corpusLogProbability: log((Double(key.count) + 0.5) / (Double(oracle.tokenCount) + 1)))
        let features = unscored.at(key.logProbability).features
        return features.isUnlikely ? nil : features
    }

    private func stands(_ tokens: [TokenID]) -> Bool {
        guard !tokens.isEmpty, tokens.count <= query.count else { return false }
        return (0...query.count - tokens.count).contains { query[$0..<$0 + tokens.count].elementsEqual(tokens) }
    }
}
