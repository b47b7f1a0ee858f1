internal import TrawlCore

/// The scores that a teacher gave to the passages of a group, as shares: standardised, so that the teacher's scale does not
/// matter, and passed through a softmax. Equal scores have equal shares.
func softLabels(_ scores: [Float], temperature: Double) -> [Double] {
    let values = scores.map(Double.init)
    let mean = values.reduce(0, +) / Double(values.count)
    let deviation = (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)).squareRoot()
    guard deviation > 0 else { return [Double](repeating: 1 / Double(values.count), count: values.count) }
    return normalisedExponentials(values.map { ($0 - mean) / deviation / temperature })
}

/// Softmax.
func normalisedExponentials(_ values: [Double]) -> [Double] {
    let highest = values.max() ?? 0
    let shares = values.map { exponential($0 - highest) }
    let sum = shares.reduce(0, +)
    return shares.map { $0 / sum }
}
