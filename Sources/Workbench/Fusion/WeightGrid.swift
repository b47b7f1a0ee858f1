/// The weights of a fusion that suit judged queries best, of a grid: what a fitted fusion has to beat.
struct WeightGrid {
    private static let values: [Float] = [0, 0.5, 1, 1.5, 2]

    /// The combinations of the grid, without those that differ by a factor alone.
    private let combinations: [[Float]]
    /// nDCG@10 by combination, then by list.
    private let gains: [[Double]]

    /// - Complexity: O(5^methods x candidates).
    init(_ pool: FusionPool) {
        var all: [[Float]] = [[]]
        for _ in pool.methods { all = all.flatMap { start in Self.values.map { start + [$0] } } }
        var seen: Set<[Float]> = []
        combinations = all.filter { weights in
            guard let largest = weights.max(), largest > 0 else { return false }
            return seen.insert(weights.map { $0 / largest }).inserted
        }
        gains = combinations.map { weights in
            pool.ranges.indices.map { list in pool.gain(of: list) { pool.sum($0, weights) } }
        }
    }

    /// The weights with the highest mean over `lists`.
    func best(of lists: some Collection<Int>) -> [Float] {
        var best: (weights: [Float], sum: Double)?
        for (weights, gains) in zip(combinations, gains) {
            let sum = lists.reduce(0.0) { $0 + gains[$1] }
            if best.map({ sum > $0.sum }) ?? true { best = (weights, sum) }
        }
        return best?.weights ?? []
    }
}
