internal import TrawlCore

/// A query's row of similarities with the passages of a batch: which of them it is about.
struct ContrastiveRow: Sendable {
    /// The column of the relevant passage.
    let positive: Int
    /// The columns of the query's own group, the relevant passage first.
    let group: [Int]
    /// The shares that a teacher gives the group; they add up to 1.
    let labels: [Double]
    /// The columns that are left out of the comparison with all passages; never the relevant one.
    let masked: Set<Int>

    /// How many passages that are not masked have a higher similarity than the relevant one.
    func rank(in similarities: ArraySlice<Float>) -> Int {
        let own = similarities[similarities.startIndex + positive]
        return similarities.enumerated().count { $0.element > own && !masked.contains($0.offset) }
    }
}

/// The losses of embeddings over their similarities, which are cosines over a temperature.
enum EmbeddingLoss {
    /// The losses of the queries of a batch, and their gradients by the similarities.
    struct Contrastive {
        /// -log softmax over all passages that are not masked, at the relevant one (InfoNCE, van den Oord et al. 2018, arXiv
        /// 1807.03748); one value per query.
        var hard: [Double] = []
        /// The cross entropy of the softmax over the own group to the teacher's shares (Li et al. 2024, arXiv 2409.15700).
        var soft: [Double] = []
        /// `[queries, passages]`: of the sum over the queries, without the weights of queries.
        var slopes: [Float]
    }

    /// - Parameters:
    ///   - similarities: `[rows, columns]`.
    ///   - softWeight: The weight of the soft loss; 0 leaves it out of the gradient.
    /// - Complexity: O(rows x columns).
    static func contrastive(
        _ similarities: [Float], columns: Int, _ rows: [ContrastiveRow], softWeight: Double
    ) -> Contrastive {
        precondition(similarities.count == rows.count * columns)
        var result = Contrastive(slopes: [Float](repeating: 0, count: similarities.count))
        for (index, row) in rows.enumerated() {
            let start = index * columns
            let seen = (0..<columns).filter { !row.masked.contains($0) }
            let hard = crossEntropy(seen.map { Double(similarities[start + $0]) }) {
                seen[$0] == row.positive ? 1 : 0
            }
            result.hard.append(hard.value)
            for (column, slope) in zip(seen, hard.slopes) { result.slopes[start + column] += Float(slope) }
            let soft = crossEntropy(row.group.map { Double(similarities[start + $0]) }) { row.labels[$0] }
            result.soft.append(soft.value)
            guard softWeight != 0 else { continue }
            for (column, slope) in zip(row.group, soft.slopes) {
                result.slopes[start + column] += Float(softWeight * slope)
            }
        }
        return result
    }

    /// -sum of target x log softmax, and its derivative: softmax - target.
    private static func crossEntropy(
        _ scores: [Double], target: (Int) -> Double
    ) -> (value: Double, slopes: [Double]) {
        let highest = scores.max() ?? 0
        let normaliser = highest + logarithm(scores.reduce(0) { $0 + exponential($1 - highest) })
        var value = 0.0
        var slopes: [Double] = []
        slopes.reserveCapacity(scores.count)
        for (index, score) in scores.enumerated() {
            let share = target(index)
            if share != 0 { value += share * (normaliser - score) }
            slopes.append(exponential(score - normaliser) - share)
        }
        return (value, slopes)
    }

    /// log(1 + sum of exp((c_j - c_i) / temperature) over the pairs of pairs of which i was given the higher similarity):
    /// CoSENT, which asks for the order of the cosines alone.
    ///
    /// - Parameters:
    ///   - cosines: One per pair of texts.
    ///   - given: The similarity that people gave each.
    /// - Complexity: O(pairs²).
    static func ranking(_ cosines: [Float], given: [Double], temperature: Double = 0.05) -> LossAndSlopes {
        precondition(cosines.count == given.count)
        var exponents: [(higher: Int, lower: Int, value: Double)] = []
        for i in cosines.indices {
            for j in cosines.indices where given[i] > given[j] {
                exponents.append((i, j, (Double(cosines[j]) - Double(cosines[i])) / temperature))
            }
        }
        let highest = max(0, exponents.lazy.map(\.value).max() ?? 0)
        let sum = exponents.reduce(exponential(-highest)) { $0 + exponential($1.value - highest) }
        var slopes = [Double](repeating: 0, count: cosines.count)
        for entry in exponents {
            let share = exponential(entry.value - highest) / sum / temperature
            slopes[entry.lower] += share
            slopes[entry.higher] -= share
        }
        return (highest + logarithm(sum), slopes.map { Float($0) })
    }
}
