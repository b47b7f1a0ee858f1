/// Numbers of examples, feature after feature, so that loops over examples run through memory in order.
public struct FeatureTable: Sendable {
    public let rows: Int
    public let features: Int
    /// `[features, rows]`
    let values: [Float]

    /// - Parameter values: `[rows, features]`, row after row.
    public init(rows: Int, features: Int, values: [Float]) {
        precondition(values.count == rows * features)
        var columns = [Float](repeating: 0, count: values.count)
        for row in 0..<rows {
            for feature in 0..<features { columns[feature * rows + row] = values[row * features + feature] }
        }
        self.init(rows: rows, features: features, columns: columns)
    }

    private init(rows: Int, features: Int, columns: [Float]) {
        (self.rows, self.features, values) = (rows, features, columns)
    }

    func column(_ feature: Int) -> ArraySlice<Float> { values[feature * rows..<(feature + 1) * rows] }

    /// The rows of `ranges`, one range after the other.
    func rows(of ranges: [Range<Int>]) -> FeatureTable {
        let count = ranges.reduce(0) { $0 + $1.count }
        var columns: [Float] = []
        columns.reserveCapacity(count * features)
        for feature in 0..<features {
            for range in ranges {
                columns += values[feature * rows + range.lowerBound..<feature * rows + range.upperBound]
            }
        }
        return FeatureTable(rows: count, features: features, columns: columns)
    }

    /// The mean and the standard deviation of each feature; 1 for one that does not vary.
    public var moments: [(mean: Double, deviation: Double)] {
        (0..<features).map { feature in
            let column = column(feature)
            let mean = column.reduce(0.0) { $0 + Double($1) } / Double(max(1, rows))
            let variance = column.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / Double(max(1, rows))
            return (mean, variance > 1e-12 ? variance.squareRoot() : 1)
        }
    }

    /// Each feature less its mean, in standard deviations.
    public var standardised: FeatureTable {
        var columns: [Float] = []
        columns.reserveCapacity(values.count)
        for (feature, moments) in moments.enumerated() {
            columns += column(feature).map { Float((Double($0) - moments.mean) / moments.deviation) }
        }
        return FeatureTable(rows: rows, features: features, columns: columns)
    }
}
