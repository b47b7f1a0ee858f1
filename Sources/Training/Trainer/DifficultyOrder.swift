internal import TrawlCore

/// Examples in the order of their difficulty, of which a curriculum lets the easiest be drawn.
struct DifficultyOrder: Sendable {
    private let easiestFirst: [Int]

    /// - Parameter ease: One value per example; of equal ones the first is easiest.
    init(ease: [Double]) {
        easiestFirst = ease.indices.sorted { ease[$0] != ease[$1] ? ease[$0] > ease[$1] : $0 < $1 }
    }

    /// The example of a draw, all of the allowed ones alike and none twice in a step; nil where the stage allows all, which are then
    /// drawn as without a curriculum.
    ///
    /// - Parameters:
    ///   - offset: The number of the draw in its step.
    ///   - draws: How many draws a step has; as many examples are allowed at least.
    func example(_ offset: Int, of draws: Int, in step: TrainingStep) -> Int? {
        guard step.stage.difficulty < 1, !easiestFirst.isEmpty else { return nil }
        let share = Int((step.stage.difficulty * Double(easiestFirst.count)).rounded(.up))
        let allowed = min(easiestFirst.count, max(1, draws, share))
        let seed = step.seed &+ UInt64(step.number) &* 0x9E37_79B9_7F4A_7C15
        return easiestFirst[ShuffledRounds.index(offset, of: allowed, seed: seed)]
    }
}

/// How many of a query's words its passages have: a query that shares many words with a passage is an easy example of it.
enum WordOverlap {
    /// For each query the share of its distinct tokens that a passage of it has, at most. Tokens that all queries have, such as special ones
    /// and those of a prompt, do not count.
    ///
    /// - Parameter passages: The passages of a query, by its number.
    /// - Complexity: O(tokens of queries and their passages).
    static func shares(_ queries: [[TokenID]], passages: (Int) -> [[TokenID]]) -> [Double] {
        var common = queries.count > 1 ? Set(queries[0]) : []
        for query in queries where !common.isEmpty { common.formIntersection(query) }
        return queries.indices.map { query in
            let words = Set(queries[query]).subtracting(common)
            guard !words.isEmpty else { return 0 }
            let missing = passages(query).map { passage in
                var missing = words
                for token in passage where !missing.isEmpty { missing.remove(token) }
                return missing.count
            }
            return 1 - Double(missing.min() ?? words.count) / Double(words.count)
        }
    }
}
