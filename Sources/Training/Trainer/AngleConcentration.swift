/// How much the states of tokens point the same way (GAIN-RL: Wang et al. 2025, arXiv 2506.02281). States that do make large gradients: the
/// squared norm of the gradient of x W is the sum over all pairs of (x_i . x_j) (g_i . g_j).
///
/// The means are taken as the paper states them, over pairs of a token and an earlier one; the published code counts zeros above the
/// diagonal too.
struct AngleConcentration: Equatable {
    /// The mean cosine of two tokens of the example.
    let within: Double
    /// The mean cosine of a token of the example and one of what precedes it.
    let between: Double

    var value: Double { within + between }

    /// - Parameters:
    ///   - states: `[tokens, dimension]`, row-major: what precedes the example, then the example.
    ///   - preceding: How many tokens precede it.
    /// - Complexity: O(tokens x dimension): the sum over all pairs of unit vectors is the product of their sums.
    init(_ states: some Collection<Float>, dimension: Int, preceding: Int) {
        var sums = [[Double](repeating: 0, count: dimension), [Double](repeating: 0, count: dimension)]
        var counts = [0, 0]
        var row = [Double](repeating: 0, count: dimension)
        var column = 0
        var token = 0
        for state in states {
            row[column] = Double(state)
            column += 1
            guard column == dimension else { continue }
            let length = row.reduce(0) { $0 + $1 * $1 }.squareRoot()
            let part = token < preceding ? 0 : 1
            if length > 0 {
                for index in row.indices { sums[part][index] += row[index] / length }
                counts[part] += 1
            }
            (column, token) = (0, token + 1)
        }
        func product(_ a: Int, _ b: Int) -> Double { zip(sums[a], sums[b]).reduce(0) { $0 + $1.0 * $1.1 } }
        let (before, own) = (Double(counts[0]), Double(counts[1]))
        within = own > 1 ? (product(1, 1) - own) / (own * (own - 1)) : 0
        between = before * own > 0 ? product(0, 1) / (before * own) : 0
    }
}
