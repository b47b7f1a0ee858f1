/// How well a number tells two groups apart.
public enum AreaUnderCurve {
    /// The chance that a value of `higher` exceeds one of `lower`, ties by half: the area under the ROC curve, by the ranks of
    /// all values (Mann and Whitney 1947).
    ///
    /// - Returns: nil without values in both groups, or where a value is not a number.
    /// - Complexity: O(n log n)
    public static func area(_ higher: [Double], over lower: [Double]) -> Double? {
        let values = higher.map { (value: $0, isHigher: true) } + lower.map { (value: $0, isHigher: false) }
        guard !higher.isEmpty, !lower.isEmpty, !values.contains(where: \.value.isNaN) else { return nil }
        let sorted = values.sorted { $0.value < $1.value }
        var rankSum = 0.0
        var start = 0
        while start < sorted.count {
            var end = start
            while end < sorted.count, sorted[end].value == sorted[start].value { end += 1 }
            // Equal values share the mean of their ranks, which begin with 1.
            rankSum += Double(start + end + 1) / 2 * Double(sorted[start..<end].count(where: \.isHigher))
            start = end
        }
        let (n, m) = (Double(higher.count), Double(lower.count))
        return (rankSum - n * (n + 1) / 2) / (n * m)
    }
}
