/// What came of a training.
public struct TrainingOutcome: Sendable {
    /// The model's folder.
    public let path: String
    public let steps: Int
    /// The share of the training that is done; below 1 when it was cancelled.
    public let done: Double
    /// nDCG@10 of the held-out queries without the training and by the model that was kept; nil where it is not measured. What they
    /// rank is said by the training.
    public let before, after: Double?
}
