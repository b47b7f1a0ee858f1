import TrawlCore

/// How the rankings of several retrievers become one.
public struct FusionSettings: Codable, Equatable, Sendable {
    public var method = FusionMethod.adaptive
    /// The weight of each retrieval method; one that is missing or 0 does not run. nil: the default weights of the methods
    /// that the index has.
    public var weights: [String: Float]?
    /// The blocks of a fitted fusion that count, from the first; nil: all. With 0 it is the weighted sum.
    public var blocks: Int?
    /// The constant of reciprocal rank fusion.
    public var constant: Float = 60
    /// The passages of each retriever that are fused. Further ones, which are retrieved when many hits are asked for, add
    /// nothing to a score.
    public var depth = 1000

    public init() {}

    enum CodingKeys: String, CodingKey, CaseIterable { case method, weights, blocks, constant, depth }

    public init(from decoder: any Decoder) throws {
        let values = try decoder.strictContainer(keyedBy: CodingKeys.self)
        let defaults = FusionSettings()
        method = try values.decode(.method, default: defaults.method)
        weights = try values.decodeIfPresent([String: Float].self, forKey: .weights)
        blocks = try values.decodeIfPresent(Int.self, forKey: .blocks)
        constant = try values.decode(.constant, default: defaults.constant)
        depth = try values.decode(.depth, default: defaults.depth)
    }

    /// Reads weights such as `dense=1,lexical=0.5`; nil for anything else.
    public static func weights(_ text: String, parts: IndexParts = .default) -> [String: Float]? {
        var weights: [String: Float] = [:]
        for part in text.split(separator: ",") {
            let pair = part.split(separator: "=")
            guard pair.count == 2, let weight = Float(pair[1]), weight >= 0, weight.isFinite,
                parts.named(String(pair[0])) != nil
            else { return nil }
            // Of two weights of a method neither is more likely to be meant.
            guard weights.updateValue(weight, forKey: String(pair[0])) == nil else { return nil }
        }
        return weights.isEmpty ? nil : weights
    }

    /// - Throws: `TrawlError.invalidInput` for a weight of an unknown retrieval method, or a number out of its bounds.
    func validate(_ parts: IndexParts) throws {
        for name in (weights ?? [:]).keys.sorted() where parts.named(name) == nil {
            throw TrawlError(
                .invalidInput, "fusion: unknown retriever \"\(name)\"",
                remedy: "use \(parts.nameList)")
        }
        if let blocks, blocks < 0 {
            throw TrawlError(.invalidInput, "fusion: \(blocks) blocks", remedy: "give a number from 0 up")
        }
        guard (weights ?? [:]).values.allSatisfy({ $0 >= 0 && $0.isFinite }), constant >= 0, constant.isFinite,
            depth > 0
        else {
            throw TrawlError(
                .invalidInput, "fusion: weights and constant must be numbers from 0 up, depth at least 1")
        }
    }
}
