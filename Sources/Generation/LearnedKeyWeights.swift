import Foundation
import TrawlCore

/// Weights of n-grams that were fitted to judged queries, in place of SEAL's formula.
///
/// A passage scores the sum over its n-grams of w x tf (k + 1) / (tf + k (1 - b + b x length)), where w = exp(sum of
/// coefficient x feature), tf is how often the passage has the n-gram, and length is the passage's, relative to the mean:
/// BM25 (Robertson and Zaragoza 2009, doi 10.1561/1500000019), whose terms are n-grams and whose weights are fitted.
///
/// SEAL counts an n-gram once, and ignores n-grams that are not more likely given the query than overall, even words of the
/// query. On a corpus that the generator does not know, SEAL's weights score lower than BM25; fitted weights do not
/// (eval/results/generator.md).
///
/// Weights do not fall with the log-probability as long as the coefficients of both odds are not negative.
public struct LearnedKeyWeights: Codable, Hashable, Sendable {
    /// See `KeyFeatures`.
    public static let names = KeyFeatures.names

    public var coefficients: [Double]
    /// k: how slowly repetition saturates. 0 counts an n-gram once.
    public var saturation: Double
    /// b: how much the repetitions in long passages are held back, from 0 to 1.
    public var passageLength: Double

    public init(coefficients: [Double], saturation: Double = 1.2, passageLength: Double = 0.75) {
        self.coefficients = coefficients
        self.saturation = saturation
        self.passageLength = passageLength
    }

    /// What holds over corpora: the weights that come with minilm-generator (its README names the collections).
    public static let general = LearnedKeyWeights(
        coefficients: [1.0321, -1.0300, -0.5622, -2.1000, -0.9271, -2.0344, -0.0742, 0.1813, 0.0316])

    /// The weights between these and `other`, `share` of the way there, in every logarithm.
    public func moved(_ share: Double, towards other: LearnedKeyWeights) -> LearnedKeyWeights {
        func between(_ here: Double, _ there: Double) -> Double { here + share * (there - here) }
        return LearnedKeyWeights(
            coefficients: zip(coefficients, other.coefficients).map(between),
            saturation: between(saturation, other.saturation),
            passageLength: between(passageLength, other.passageLength))
    }

    /// - Throws: `DecodingError` for missing coefficients, other names, or values out of their bounds.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: Key.self)
        coefficients = try Self.names.map { try values.decode(Double.self, forKey: Key(stringValue: $0)) }
        saturation = try values.decode(Double.self, forKey: Self.saturationKey)
        passageLength = try values.decode(Double.self, forKey: Self.lengthKey)
        guard named.allSatisfy(\.value.isFinite), saturation >= 0, (0...1).contains(passageLength) else {
            throw DecodingError.dataCorrupted(.init(codingPath: decoder.codingPath, debugDescription: "out of bounds"))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: Key.self)
        for (name, value) in named { try values.encode(value, forKey: Key(stringValue: name)) }
    }

    private static let saturationKey = Key(stringValue: "saturation")
    private static let lengthKey = Key(stringValue: "passage_length")

    private struct Key: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    /// What an n-gram's weight is multiplied by in a passage that has it `count` times.
    ///
    /// - Parameter relativeLength: The passage's tokens, divided by the mean over passages.
    public func repetition(_ count: Int, relativeLength: Double) -> Double {
        let occurrences = Double(count)
        let slowness = saturation * (1 - passageLength + passageLength * relativeLength)
        return occurrences * (saturation + 1) / (occurrences + slowness)
    }

    /// All values, by name.
    public var named: [(name: String, value: Double)] {
        zip(Self.names, coefficients).map { ($0, $1) }
            + [(Self.saturationKey.stringValue, saturation), (Self.lengthKey.stringValue, passageLength)]
    }

    public func weight(_ features: KeyFeatures) -> Double {
        let logarithm = zip(coefficients, features.values).reduce(0) { $0 + $1.0 * $1.1 }
        return exp(min(logarithm, 300))
    }

    /// The weight that an n-gram of these features would have at another log-probability, and its derivative by that.
    public func weight(_ features: KeyFeatures, at logProbability: Double) -> (value: Double, slope: Double) {
        let (features, isBounded) = features.at(logProbability)
        let weight = weight(features)
        return (weight, isBounded ? 0 : weight * coefficients[features.oddsFeature])
    }
}
