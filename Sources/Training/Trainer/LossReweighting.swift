internal import TrawlCore

/// Weighs examples by their loss among those of their step (Sow et al. 2025, arXiv 2502.06733).
///
/// Where fewer than 16 examples are computed together, the lowest and the highest of them say little; the losses of the last 20 steps
/// take their part.
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
    /// The losses of recent steps, each after the share of the training that was done when it was computed.
    public var memory: [Double] = []

    private static let rememberedSteps = 20
    /// The fewest losses that are weighed by their own range.
    private static let fewest = 16

    public init(_ strategy: Strategy, strength: Double = 0.4, start: Double = 0.05) {
        (self.strategy, self.strength, self.start) = (strategy, strength, start)
    }

    public var name: String { "\(strategy.rawValue) \(strength) from \(start), \(Self.rememberedSteps) steps" }

    /// Weights with a mean of 1, over these losses or over the recent ones. Over recent ones they do not depend on how a step is divided
    /// into micro-batches.
    public mutating func weights(of losses: [ExampleLoss], done: Double) -> [Float] {
        remember(losses, done)
        guard done >= start, !losses.isEmpty else { return [Float](repeating: 1, count: losses.count) }
        let compared =
            losses.count >= Self.fewest
            ? losses.map(\.value) : stride(from: 1, to: memory.count, by: 2).map { memory[$0] }
        let shares = Self.weights(compared, strategy, strength: strength).suffix(losses.count)
        return shares.map { Float($0 * Double(compared.count)) }
    }

    private mutating func remember(_ losses: [ExampleLoss], _ done: Double) {
        for loss in losses { memory += [done, loss.value] }
        var steps = 0
        var first = memory.count
        while first > 0 {
            if first == memory.count || memory[first - 2] != memory[first] { steps += 1 }
            if steps > Self.rememberedSteps { break }
            first -= 2
        }
        memory.removeFirst(first)
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
