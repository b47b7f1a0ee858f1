import Foundation
import TrawlCore

/// Weights of n-grams that were fitted to judged queries, in place of SEAL's formula: w = exp(sum of coefficient x
/// feature).
///
/// Where SEAL has d, its difference of log-odds, this has log(1 + e^d), which comes near d above 0 and falls to 0 below
/// it. With the coefficients (alpha, 0, ...) the weights are SEAL's where d is well above 0. SEAL gives n-grams that
/// are no likelier behind the query than anywhere no weight at all, words of the query too; here other features may
/// give them some. To a generator that does not know the corpus its rarest words are the unlikeliest, and those of the
/// query point to passages. Weights do not fall with the log-probability as long as the first two coefficients are not
/// negative.
public struct LearnedKeyWeights: Codable, Hashable, Sendable {
    /// The logarithm of log(1 + e^d), whose coefficient is SEAL's exponent; log(1 + e^d) itself; how rare the n-gram
    /// is, log(corpus tokens / count); the logarithm of its length; whether it stands in the query; the share of its
    /// tokens that do, rare ones weighing more.
    public static let names = ["alpha", "log_odds_ratio", "rarity", "length", "in_query", "shared"]

    public var coefficients: [Double]
    /// The exponent of a passage's length, by which its score is multiplied: below 0, long passages need more n-grams.
    public var passageLength = 0.0
    /// The exponent of how often the passage has the n-gram, by which its weight there is multiplied. SEAL counts it
    /// once.
    public var occurrences = 0.0

    /// SEAL's weights with this exponent.
    public init(alpha: Double) {
        coefficients = [alpha] + [Double](repeating: 0, count: Self.names.count - 1)
    }

    public init(coefficients: [Double], passageLength: Double = 0, occurrences: Double = 0) {
        self.coefficients = coefficients
        self.passageLength = passageLength
        self.occurrences = occurrences
    }

    /// What holds over corpora: fitted to 500 of SQuAD's training questions over passages of 20 to 765 words (the file
    /// of weights that comes with minilm-generator).
    public static let general = LearnedKeyWeights(
        coefficients: [0, 0.0786, 0.2607, 0.1213, 1.2524, 1.0418], passageLength: -0.1410, occurrences: 0.0397)

    /// The weights between these and `other`, `share` of the way there, in every logarithm.
    public func moved(_ share: Double, towards other: LearnedKeyWeights) -> LearnedKeyWeights {
        func between(_ here: Double, _ there: Double) -> Double { here + share * (there - here) }
        return LearnedKeyWeights(
            coefficients: zip(coefficients, other.coefficients).map(between),
            passageLength: between(passageLength, other.passageLength),
            occurrences: between(occurrences, other.occurrences))
    }

    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: Key.self)
        coefficients = try Self.names.map { try values.decode(Double.self, forKey: Key(stringValue: $0)) }
        passageLength = try values.decodeIfPresent(Double.self, forKey: Self.lengthKey) ?? 0
        occurrences = try values.decodeIfPresent(Double.self, forKey: Self.occurrencesKey) ?? 0
        guard named.allSatisfy(\.value.isFinite) else {
            throw DecodingError.dataCorrupted(.init(codingPath: decoder.codingPath, debugDescription: "not finite"))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: Key.self)
        for (name, value) in named { try values.encode(value, forKey: Key(stringValue: name)) }
    }

    private static let occurrencesKey = Key(stringValue: "occurrences")
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

    /// What an n-gram's weight is multiplied by in a passage that has it `count` times.
    public func repetition(_ count: Int) -> Double {
        occurrences == 0 || count == 1 ? 1 : pow(Double(count), occurrences)
    }

    /// All that is fitted, by name.
    public var named: [(name: String, value: Double)] {
        zip(Self.names, coefficients).map { ($0, $1) }
            + [(Self.lengthKey.stringValue, passageLength), (Self.occurrencesKey.stringValue, occurrences)]
    }

    public func weight(_ features: KeyFeatures) -> Double {
        let logarithm = zip(coefficients, features.values).reduce(0) { $0 + $1.0 * $1.1 }
        return exp(min(logarithm, 300))
    }

    /// The weight that an n-gram of these features would have at another log-probability, and its derivative by that.
    public func weight(_ features: KeyFeatures, at logProbability: Double) -> (value: Double, slope: Double) {
        let (features, slopes) = features.at(logProbability)
        let weight = weight(features)
        return (weight, weight * (coefficients[0] * slopes.logarithm + coefficients[1] * slopes.value))
    }
}
