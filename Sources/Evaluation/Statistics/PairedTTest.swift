/// Student's paired t-test, two-sided: are the differences zero on average?
public struct PairedTTest: Sendable, Equatable {
    /// The mean difference over its standard error; infinite when all differences are equal and not 0.
    public let statistic: Double
    /// The degrees of freedom.
    public let freedom: Double
    /// The chance of a statistic at least as far from 0; 1 when no query differs.
    public let p: Double

    /// - Returns: Nil for fewer than two differences.
    public init?(_ differences: [Double]) {
        guard differences.count > 1, let moments = Moments(differences) else { return nil }
        freedom = moments.count - 1
        if moments.deviation > 0 {
            statistic = moments.mean / (moments.deviation / moments.count.squareRoot())
        } else {
            statistic = moments.mean == 0 ? 0 : (moments.mean > 0 ? .infinity : -.infinity)
        }
        p = statistic == 0 ? 1 : Distributions.studentTwoSided(statistic, freedom: freedom)
    }
}

/// The mean and the standard deviation of a sample.
struct Moments {
    let count: Double
    let mean: Double
    /// With n - 1; 0 for a single value.
    let deviation: Double

    /// Nil for no values.
    init?(_ values: [Double]) {
        guard let first = values.first else { return nil }
        count = Double(values.count)
        // The mean of equal values would be off by rounding, and would give them a deviation.
        guard values.contains(where: { $0 != first }) else {
            (mean, deviation) = (first, 0)
            return
        }
        let mean = values.reduce(0, +) / count
        self.mean = mean
        deviation = (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (count - 1)).squareRoot()
    }
}
