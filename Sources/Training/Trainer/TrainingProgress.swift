/// How far a training has come.
public struct TrainingProgress: Sendable {
    /// The steps that are done.
    public let step: Int
    /// The losses, smoothed over recent steps, in the order in which they first occurred.
    public let losses: [NamedLoss]
    /// The share of the training that is done, 0 to 1.
    public let done: Double
    /// An estimate; infinite as long as nothing is known.
    public let secondsLeft: Double
    /// What the objective counts (`TrainingObjective.unit`), in the last step.
    public let unitsPerSecond: Double
    /// The norm of the gradient of the last step before clipping.
    public let gradientNorm: Float

    /// The main loss of the objective, smoothed over recent steps.
    public var loss: Double { losses.first?.value ?? 0 }

    /// A loss, smoothed over the recent steps that had it; nil before the first of them.
    public func loss(named name: String) -> Double? { losses.first { $0.name == name }?.value }
}

/// Exponential means of losses.
struct SmoothedLosses: Codable, Equatable {
    private(set) var losses: [NamedLoss] = []

    private static let share = 0.02

    mutating func add(_ step: [NamedLoss]) {
        for loss in step {
            if let index = losses.firstIndex(where: { $0.name == loss.name }) {
                let mean = (1 - Self.share) * losses[index].value + Self.share * loss.value
                losses[index] = NamedLoss(loss.name, mean)
            } else {
                losses.append(loss)
            }
        }
    }
}
