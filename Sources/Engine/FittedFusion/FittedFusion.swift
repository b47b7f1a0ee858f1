import Foundation
import TrawlCore

/// A fusion that was fitted to judged queries: blocks of a few neurons, each of which adds to a weighted sum of scores
/// (after Emami and Martínez-Muñoz, arXiv 1909.12098).
///
/// The score of a candidate is its weighted sum plus what each block makes of its features (see `FusionFeatures`):
///
///     offset + sum over units of output * tanh(bias + weights . features)
///
/// The first blocks alone are what fitting had reached after them, so that the last ones may be left off.
public struct FittedFusion: Codable, Equatable, Sendable {
    /// How the sum is made that the blocks add to, and the weights of the retrieval methods in it.
    public let base: FusionMethod
    public let weights: [String: Float]
    /// The documents of each retrieval method that are candidates.
    public let depth: Int
    /// The names of the features, in order.
    public let features: [String]
    /// The queries that it was fitted to.
    public let queries: Int
    public let unitsPerBlock: Int
    /// `[blocks, units, features]`
    private var unitWeights = PackedFloats([])
    /// `[blocks, units]`
    private var biases = PackedFloats([])
    /// `[blocks, units]`
    private var outputs = PackedFloats([])
    /// `[blocks]`
    private var offsets = PackedFloats([])

    /// The documents of each retrieval method that are candidates, unless a fit says otherwise.
    public static let defaultDepth = 100

    /// What the names of features that a method's ranking gives end in. All but the last grow as a candidate rises.
    public static let rankFeatures = ["min-max", "z-score", "reciprocal rank", "found", gap]
    public static let gap = "gap to the best"

    /// One without blocks: the weighted sum.
    public init(
        base: FusionMethod = .adaptive, weights: [String: Float], features: [String], queries: Int, unitsPerBlock: Int,
        depth: Int = Self.defaultDepth
    ) {
        precondition(base != .fitted)
        (self.base, self.weights, self.features, self.queries) = (base, weights, features, queries)
        (self.unitsPerBlock, self.depth) = (unitsPerBlock, depth)
    }

    public var blockCount: Int { offsets.values.count }

    /// Adds a block.
    ///
    /// - Parameters:
    ///   - weights: `[units, features]`
    ///   - biases: `[units]`
    ///   - outputs: `[units]`
    public mutating func append(weights: [Float], biases: [Float], outputs: [Float], offset: Float) {
        precondition(weights.count == unitsPerBlock * features.count)
        precondition(biases.count == unitsPerBlock && outputs.count == unitsPerBlock)
        unitWeights.values += weights
        self.biases.values += biases
        self.outputs.values += outputs
        offsets.values.append(offset)
    }

    /// What each of the first `blocks` blocks adds to the score of a candidate.
    ///
    /// - Parameter row: Its features, in the order of `features`.
    /// - Complexity: O(blocks x units x features).
    public func added(_ row: ArraySlice<Float>, blocks: Int) -> [Float] {
        precondition(row.count == features.count)
        let inputs = row.count
        return row.withUnsafeBufferPointer { row in
            unitWeights.values.withUnsafeBufferPointer { weights in
                (0..<min(blocks, blockCount)).map { block in
                    var sum = offsets.values[block]
                    for unit in block * unitsPerBlock..<(block + 1) * unitsPerBlock {
                        var input = biases.values[unit]
                        for feature in 0..<inputs { input += weights[unit * inputs + feature] * row[feature] }
                        sum += outputs.values[unit] * tanh(input)
                    }
                    return sum
                }
            }
        }
    }

    enum CodingKeys: String, CodingKey {
        case base, weights, depth, features, queries, biases, outputs, offsets
        case unitsPerBlock = "units_per_block"
        case unitWeights = "unit_weights"
    }

    /// - Throws: `DecodingError` for sizes that do not fit each other.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        // Those that were fitted before there was a choice add to min-max.
        base = try values.decodeIfPresent(FusionMethod.self, forKey: .base) ?? .minMax
        weights = try values.decode([String: Float].self, forKey: .weights)
        depth = try values.decode(Int.self, forKey: .depth)
        features = try values.decode([String].self, forKey: .features)
        queries = try values.decode(Int.self, forKey: .queries)
        unitsPerBlock = try values.decode(Int.self, forKey: .unitsPerBlock)
        unitWeights = try values.decode(PackedFloats.self, forKey: .unitWeights)
        biases = try values.decode(PackedFloats.self, forKey: .biases)
        outputs = try values.decode(PackedFloats.self, forKey: .outputs)
        offsets = try values.decode(PackedFloats.self, forKey: .offsets)
        let units = offsets.values.count.multipliedReportingOverflow(by: unitsPerBlock)
        guard base != .fitted, depth > 0, unitsPerBlock > 0, !units.overflow, biases.values.count == units.partialValue,
            outputs.values.count == units.partialValue,
            unitWeights.values.count == units.partialValue * features.count
        else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "its sizes or its base do not fit"))
        }
    }
}

/// What the blocks of a fitted fusion added to the scores of a query's documents.
struct BlockScores {
    /// A row for each candidate: what each block added.
    let rows: [[Float]]
    /// The row of each fused passage; a passage that is not a candidate has that of the candidate whose blocks add least.
    let rowOf: [PassageID: Int]

    subscript(passage: PassageID) -> [Float] { rowOf[passage].map { rows[$0] } ?? [] }
}

extension FittedFusion {
    /// The ranking with what the first `blocks` blocks add.
    ///
    /// A document beyond the first `depth` of every method gets what the blocks gave to the candidate for which they did
    /// least: they were never fitted to such documents.
    func ranking(
        _ fused: Ranking, _ candidates: FusionCandidates, blocks: Int
    ) -> (ranking: Ranking, added: BlockScores) {
        let rows = candidates.passages.indices.map { added(candidates.row($0), blocks: blocks) }
        let sums = rows.map { $0.reduce(0, +) }
        let least = sums.indices.min { sums[$0] < sums[$1] }
        var rowOf: [PassageID: Int] = [:]
        for (row, passage) in candidates.passages.enumerated() { rowOf[passage] = row }
        let entries = fused.map { entry in
            let row = rowOf[entry.passage] ?? least
            if let row, rowOf[entry.passage] == nil { rowOf[entry.passage] = row }
            // In the order of the stages, so that the parts of an explanation sum to the score.
            return ScoredPassage(entry.passage, row.map { rows[$0].reduce(entry.score, +) } ?? entry.score)
        }
        return (Ranking(entries), BlockScores(rows: rows, rowOf: rowOf))
    }
}
