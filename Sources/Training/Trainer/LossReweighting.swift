internal import TrawlCore

/// Weighs examples by their loss among those of recent steps (Sow et al. 2025, arXiv 2502.06733).
public struct LossReweighting: ExampleWeighting {
    public enum Strategy: String, Codable, Sendable, CaseIterable {
        /// Low losses count less; all above the middle count alike.
        case linearUpper = "linupper"
        /// Losses in the middle count most.
        case quadratic
        /// Both ends count most.
        case extremes
    }

    public let strategy: Strategy
    /// How closely weights stay equal: high values approach a training without weights.
    public let strength: Double
    /// The share of the training after which weights begin.
    public let start: Double
    public var memory: [Double] = []

    /// The losses that give the range and the mean weight: those of about 20 steps.
    private static let remembered = 320

    public init(_ strategy: Strategy, strength: Double = 0.4, start: Double = 0.05) {
        (self.strategy, self.strength, self.start) = (strategy, strength, start)
    }

    public var name: String { "\(strategy.rawValue) \(strength) from \(start)" }

    /// Weights whose mean over recent losses is 1, so that they do not depend on how a step is divided into micro-batches.
    public mutating func weights(of losses: [ExampleLoss], done: Double) -> [Float] {
        memory = Array((memory + losses.map(\.value)).suffix(Self.remembered))
        guard done >= start, !losses.isEmpty else { return [Float](repeating: 1, count: losses.count) }
        let shares = Self.weights(memory, strategy, strength: strength).suffix(losses.count)
        return shares.map { Float($0 * Double(memory.count)) }
    }

    /// Weights that sum to 1.
    static func weights(_ losses: [Double], _ strategy: Strategy, strength: Double) -> [Double] {
        guard let lowest = losses.min(), let greatest = losses.max(), greatest > lowest else {
            return [Double](repeating: 1 / Double(losses.count), count: losses.count)
        }
        let values = losses.map { loss in
            let h = (2 * loss - greatest - lowest) / (greatest - lowest)
            return switch strategy {
            case .linearUpper: min(h + 1, 1)
            case .quadratic: 1 - h * h
            case .extremes: abs(h)
            }
        }
        let highest = values.max() ?? 0
        let shares = values.map { exponential(($0 - highest) / strength) }
        let sum = shares.reduce(0, +)
        return shares.map { $0 / sum }
    }
}
