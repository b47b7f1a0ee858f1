/// How two lists of numbers go together, from -1 to 1.
public enum Correlation {
    /// Pearson's coefficient: of the numbers themselves.
    ///
    /// - Returns: nil for lists of different lengths, or where one list has only equal numbers or one that is none.
    public static func pearson(_ a: [Double], _ b: [Double]) -> Double? {
        guard a.count == b.count, !a.isEmpty else { return nil }
        let meanA = a.reduce(0, +) / Double(a.count)
        let meanB = b.reduce(0, +) / Double(b.count)
        var (both, squareA, squareB) = (0.0, 0.0, 0.0)
        for (x, y) in zip(a, b) {
            both += (x - meanA) * (y - meanB)
            squareA += (x - meanA) * (x - meanA)
            squareB += (y - meanB) * (y - meanB)
        }
        let scale = (squareA * squareB).squareRoot()
        guard scale > 0, scale.isFinite else { return nil }
        return min(1, max(-1, both / scale))
    }

    /// Spearman's coefficient: of the ranks, where equal numbers share the mean of theirs.
    ///
    /// - Returns: nil as `pearson`.
    /// - Complexity: O(n log n).
    public static func spearman(_ a: [Double], _ b: [Double]) -> Double? {
        guard (a + b).allSatisfy({ !$0.isNaN }) else { return nil }
        return pearson(ranks(a), ranks(b))
    }

    /// The rank of each number, from 1; equal numbers have the mean of their places.
    static func ranks(_ values: [Double]) -> [Double] {
        let order = values.indices.sorted { values[$0] < values[$1] }
        var ranks = [Double](repeating: 0, count: values.count)
        var start = 0
        while start < order.count {
            var end = start
            while end < order.count, values[order[end]] == values[order[start]] { end += 1 }
            for place in order[start..<end] { ranks[place] = Double(start + 1 + end) / 2 }
            start = end
        }
        return ranks
    }
}
