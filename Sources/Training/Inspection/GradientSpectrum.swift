public import TrawlTensors

/// How a gradient spreads over directions, by its singular values s (arXiv 2504.10766, section 3).
public struct GradientSpectrum: Sendable, Equatable {
    /// The sum of s: how large the gradient is.
    public let nuclearNorm: Double
    /// exp(-sum of p ln p) with p = s / sum of s: over how many directions it spreads, from 1 to the rank; 0 for a gradient of 0.
    public let effectiveRank: Double

    public init(singularValues: [Double]) {
        let sum = singularValues.reduce(0, +)
        nuclearNorm = sum
        guard sum > 0 else {
            effectiveRank = 0
            return
        }
        effectiveRank = exponential(
            -singularValues.reduce(0) { entropy, value in
                let share = value / sum
                return share > 0 ? entropy + share * logarithm(share) : entropy
            })
    }

    /// - Throws: What `Matrix.singularValues` throws.
    public init(of gradient: Matrix<Float>) throws {
        self.init(singularValues: try gradient.singularValues().map(Double.init))
    }
}
