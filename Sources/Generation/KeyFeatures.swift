import Foundation
import TrawlCore

/// What is known of an n-gram when it is weighed.
public struct KeyFeatures: Codable, Sendable, Hashable {
    /// In the order of `LearnedKeyWeights.names`.
    public let values: [Double]

    public init(values: [Double]) { self.values = values }

    /// Whether the n-gram stands in the query.
    public var isInQuery: Bool { values[4] > 0 }

    /// These features where the n-gram's log-probability is another, and the derivatives by it of those two that follow it.
    /// Beyond the bounds of log-probabilities that are told apart, from -200 to 0, the derivatives are 0.
    func at(_ logProbability: Double) -> (features: KeyFeatures, slopes: (logarithm: Double, value: Double)) {
        let bounded = max(-200, min(logProbability, 0))
        let p = bounded - 1e-10
        let odds = KeyWeights.logOdds(p, above: -values[2])
        let features = KeyFeatures(values: [SoftLogOdds.logarithm(odds), SoftLogOdds.value(odds)] + values[2...])
        guard bounded == logProbability else { return (features, (0, 0)) }
        // The derivative of the log-odds by p is 1 / (1 - e^p).
        let slope = -1 / expm1(p)
        return (features, (SoftLogOdds.logarithmSlope(odds) * slope, SoftLogOdds.slope(odds) * slope))
    }
}

/// log(1 + e^d) of a log odds ratio d: how much likelier an n-gram is behind the query than anywhere, never below 0.
private enum SoftLogOdds {
    static func value(_ odds: Double) -> Double { odds > 30 ? odds : log1p(exp(odds)) }

    static func slope(_ odds: Double) -> Double { 1 / (1 + exp(-odds)) }

    /// The logarithm of the value: near d itself where d is well below 0.
    static func logarithm(_ odds: Double) -> Double { odds < -30 ? odds : log(value(odds)) }

    static func logarithmSlope(_ odds: Double) -> Double { odds < -30 ? 1 : slope(odds) / value(odds) }
}

/// Computes the features of a query's keys.
struct KeyFeatureReader<Oracle: SubstringOracle> {
    let oracle: Oracle
    let query: [TokenID]
    private let queryTokens: Set<TokenID>
    private var rarities: [TokenID: Double] = [:]

    init(oracle: Oracle, query: [TokenID]) {
        self.oracle = oracle
        self.query = query
        queryTokens = Set(query)
    }

    mutating func features(of key: NGramKey) -> KeyFeatures {
        var (shared, total) = (0.0, 0.0)
        for token in key.tokens {
            let rarity = self.rarity(of: token)
            total += rarity
            if queryTokens.contains(token) { shared += rarity }
        }
        let rarity = log((Double(oracle.tokenCount) + 5) / (Double(key.count) + 5))
        let unscored = KeyFeatures(values: [
            0, 0, rarity, log(Double(max(1, key.tokens.count))), stands(key.tokens) ? 1 : 0,
            total > 0 ? shared / total : 0,
        ])
        return unscored.at(key.logProbability).features
    }

    private func stands(_ tokens: [TokenID]) -> Bool {
        guard !tokens.isEmpty, tokens.count <= query.count else { return false }
        return (0...query.count - tokens.count).contains { query[$0..<$0 + tokens.count].elementsEqual(tokens) }
    }

    private mutating func rarity(of token: TokenID) -> Double {
        if let known = rarities[token] { return known }
        let count = oracle.extend(oracle.root, with: token).map(oracle.count) ?? 0
        let rarity = log((Double(oracle.tokenCount) + 5) / (Double(count) + 5))
        rarities[token] = rarity
        return rarity
    }
}
