/// The means by which an objective computes the gradients of a step.
public final class GradientPass {
    /// The tape of all steps. An objective clears it before each part of a batch.
    public let tape: Tape
    /// The most rows that are computed at once.
    public let microBatch: Int
    /// The share of the training that is done, 0 to 1.
    public internal(set) var done = 0.0
    var weighting: (any ExampleWeighting)?

    public init(tape: Tape = Tape(), microBatch: Int = 1024, weighting: (any ExampleWeighting)? = nil) {
        (self.tape, self.microBatch, self.weighting) = (tape, microBatch, weighting)
    }

    /// Whether examples are weighted. An objective whose losses are cheaper to compute without that asks first.
    public var isWeighted: Bool { weighting != nil }

    /// The factors of the gradients of examples that are computed together, in order; all 1 without a weighting.
    ///
    /// - Parameter losses: The mean losses of these examples.
    public func weights(of losses: [ExampleLoss]) -> [Float] {
        guard let weights = weighting?.weights(of: losses, done: done) else {
            return [Float](repeating: 1, count: losses.count)
        }
        precondition(weights.count == losses.count, "a weighting returns one weight per example")
        return weights
    }
}
