import Core
import Foundation

/// What is known of an n-gram when it is weighed.
public struct KeyFeatures: Codable, Sendable, Hashable {
    /// In the order of `LearnedKeyWeights.names`.
    public let values: [Double]

    public init(values: [Double]) { self.values = values }

    /// Whether the n-gram stands in the query.
    public var isInQuery: Bool { values[4] > 0 }
}

/// Weights of n-grams that were fitted to judged queries, in place of SEAL's formula: w = exp(sum of coefficient x feature).
///
/// The first feature is the logarithm of SEAL's difference of log-odds, so that SEAL's own weights are the coefficients
/// (alpha, 0, ...). N-grams that are no likelier behind the query than anywhere have weight 0 here too.
public struct LearnedKeyWeights: Codable, Hashable, Sendable {
    /// The logarithm of SEAL's log-odds; the log-probability; how rare the n-gram is, log(corpus tokens / count); the
    /// logarithm of its length; whether it stands in the query; the share of its tokens that do, rare ones weighing more.
    public static let names = ["odds", "log_probability", "rarity", "length", "in_query", "shared"]

    public var coefficients: [Double]
    /// The exponent of a passage's length, by which its score is multiplied: below 0, long passages need more n-grams.
    public var passageLength = 0.0

    /// SEAL's weights with this exponent.
    public init(alpha: Double) {
        coefficients = [alpha] + [Double](repeating: 0, count: Self.names.count - 1)
    }

    public init(coefficients: [Double], passageLength: Double = 0) {
        self.coefficients = coefficients
        self.passageLength = passageLength
    }

    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: Key.self)
        coefficients = try Self.names.map { try values.decode(Double.self, forKey: Key(stringValue: $0)) }
        passageLength = try values.decodeIfPresent(Double.self, forKey: Self.lengthKey) ?? 0
        guard coefficients.allSatisfy(\.isFinite), passageLength.isFinite else {
            throw DecodingError.dataCorrupted(.init(codingPath: decoder.codingPath, debugDescription: "not finite"))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: Key.self)
        for (name, value) in zip(Self.names, coefficients) { try values.encode(value, forKey: Key(stringValue: name)) }
        try values.encode(passageLength, forKey: Self.lengthKey)
    }

    private static let lengthKey = Key(stringValue: "passage_length")

    private struct Key: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    /// What the score of a passage of `length` tokens is multiplied by.
    func factor(length: Int, mean: Double) -> Double {
        passageLength == 0 ? 1 : pow(Double(max(1, length)) / max(1, mean), passageLength)
    }

    public func weight(_ features: KeyFeatures) -> Double {
        let logarithm = zip(coefficients, features.values).reduce(0) { $0 + $1.0 * $1.1 }
        return features.values[0] > -.infinity ? exp(min(logarithm, 300)) : 0
    }

    /// The weight that an n-gram of these features would have at another log-probability, and its derivative by that.
    public func weight(_ features: KeyFeatures, at logProbability: Double) -> (value: Double, slope: Double) {
        let p = min(logProbability, 0) - 1e-10
        let odds = KeyWeights.logOdds(p, above: -features.values[2])
        guard odds > 0 else { return (0, 0) }
        var values = features.values
        values[0] = log(odds)
        let isBounded = logProbability < -200
        values[1] = isBounded ? -200 : logProbability
        let weight = weight(KeyFeatures(values: values))
        // The derivative of the log-odds by p is 1 / (1 - e^p).
        let slope = coefficients[0] / (odds * -expm1(p)) + (isBounded ? 0 : coefficients[1])
        return (weight, weight * slope)
    }
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
        let odds = KeyWeights.frequencyWeight(
            logProbability: key.logProbability, count: key.count, tokenCount: oracle.tokenCount, alpha: 1)
        var (shared, total) = (0.0, 0.0)
        for token in key.tokens {
            let rarity = rarity(of: token)
            total += rarity
            if queryTokens.contains(token) { shared += rarity }
        }
        return KeyFeatures(values: [
            odds > 0 ? log(odds) : -.infinity, max(key.logProbability, -200),
            log((Double(oracle.tokenCount) + 5) / (Double(key.count) + 5)), log(Double(max(1, key.tokens.count))),
            stands(key.tokens) ? 1 : 0, total > 0 ? shared / total : 0,
        ])
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
