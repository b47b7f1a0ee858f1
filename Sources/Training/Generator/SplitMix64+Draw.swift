internal import TrawlCore

extension SplitMix64 {
    /// A number in [0, 1).
    mutating func nextShare() -> Double { Double(next() >> 11) / Double(1 << 53) }

    /// An index that is drawn with these weights; nil when none is above 0.
    mutating func draw(_ weights: [Float]) -> Int? {
        let total = weights.reduce(0.0) { $0 + Double($1) }
        guard total > 0 else { return nil }
        var position = nextShare() * total
        var last: Int?
        for (index, weight) in weights.enumerated() where weight > 0 {
            position -= Double(weight)
            last = index
            if position < 0 { break }
        }
        return last
    }
}
