/// What a training recorded of its steps.
public struct TrainingHistory: Codable, Sendable, Equatable {
    /// The quality of the model on held-out data after a step.
    public struct Score: Codable, Sendable, Equatable {
        public let step: Int
        public let value: Double

        public init(step: Int, value: Double) {
            self.step = step
            self.value = value
        }
    }

    /// The norm of the gradient of each step before clipping.
    public private(set) var gradientNorms: [Float] = []
    /// The losses by name: one value per step, nil for a step that did not have the loss.
    public private(set) var losses: [String: [Float?]] = [:]
    /// The scores, in the order of their steps.
    public var scores: [Score] = []
    /// How many of the points at which a caller scores the model are past.
    public var scoringsDone = 0

    public init() {}

    /// The highest score; the last of equal ones.
    public var best: Score? { scores.max { $0.value < $1.value || ($0.value == $1.value && $0.step < $1.step) } }

    mutating func record(_ step: [NamedLoss], gradientNorm: Float) {
        let steps = gradientNorms.count
        gradientNorms.append(gradientNorm)
        for loss in step {
            losses[loss.name, default: [Float?](repeating: nil, count: steps)].append(Float(loss.value))
        }
        let missing = losses.compactMap { $0.value.count == steps ? $0.key : nil }
        for name in missing { losses[name]?.append(nil) }
    }
}
