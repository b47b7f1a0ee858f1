/// What a training noted of itself beside the weights.
public struct TrainingHistory: Codable, Sendable, Equatable {
    /// How well the generator found the queries that were kept from it.
    public struct Score: Codable, Sendable, Equatable {
        public let step: Int
        public let value: Double

        public init(step: Int, value: Double) {
            self.step = step
            self.value = value
        }
    }

    /// In the order of their steps.
    public var scores: [Score] = []
    /// How many of the times at which the generator is scored are past.
    public var scoringTimes = 0
    /// How many of the times at which its own samples are drawn are past.
    public var samplingRounds = 0

    /// The norm of each step's gradient before clipping.
    public var gradientNorms: [Float] = []

    public init() {}

    /// The highest score; of equals the last.
    public var best: Score? { scores.max { $0.value < $1.value || ($0.value == $1.value && $0.step < $1.step) } }
}
