/// The settings of a training that do not depend on its objective.
public struct TrainingSettings: Codable, Sendable, Equatable {
    public var learningRate = LearningRate()
    public var optimiser = AdamW.Settings()
    /// Determines every random draw.
    public var seed: UInt64 = 1
    /// The steps after which training ends. A training that ends by steps repeats to the bit.
    public var steps: Int?
    /// The seconds after which training ends.
    public var seconds: Double?
    /// Gradient accumulation: the most rows of a step (such as tokens) that are computed at once, which bounds the memory.
    /// Their gradients add up to those of the whole batch.
    public var microBatch = 1024

    public init() {}

    /// Whether a training with these settings can continue one with `other`: all but the end is the same.
    func continues(_ other: TrainingSettings) -> Bool {
        var other = other
        (other.steps, other.seconds) = (steps, seconds)
        return self == other
    }
}
