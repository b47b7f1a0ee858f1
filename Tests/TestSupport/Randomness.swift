public import TrawlCore

extension SplitMix64 {
    /// A number from 0 up to but not including `bound`, which is positive. Smaller numbers are more frequent by less than
    /// one part in 2⁶⁴ / `bound`.
    public mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }
}

/// `count` numbers from `range`, the same for the same seed.
public func randomFloats(_ count: Int, seed: UInt64, _ range: ClosedRange<Float> = -1...1) -> [Float] {
    var random = SplitMix64(seed: seed)
    return (0..<count).map { _ in Float.random(in: range, using: &random) }
}

/// `count` vectors of `dimension` numbers from -1 to 1, the same for the same seed.
public func randomVectors(_ count: Int, _ dimension: Int, seed: UInt64) -> [[Float]] {
    var random = SplitMix64(seed: seed)
    return (0..<count).map { _ in (0..<dimension).map { _ in Float.random(in: -1...1, using: &random) } }
}
