/// A learning rate that rises linearly and then falls linearly to nothing.
public struct LearningRate: Codable, Sendable, Equatable {
    public var peak: Float = 6e-4
    /// The share of the training in which it rises.
    public var warmUp: Float = 0.05

    public init() {}

    /// - Parameter progress: The share of the training that is done, 0 to 1.
    public func value(at progress: Double) -> Float {
        let done = Float(min(max(progress, 0), 1))
        if done < warmUp { return peak * max(done, 1e-3) / warmUp }
        return peak * (1 - done) / max(1 - warmUp, 1e-6)
    }
}
