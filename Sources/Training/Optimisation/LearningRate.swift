/// A learning rate that rises linearly, and then falls linearly to 0 or follows a given schedule.
public struct LearningRate: Codable, Sendable, Equatable {
    public var peak: Float = 6e-4
    /// The share of the training in which it rises.
    public var warmUp: Float = 0.05
    /// Shares of the peak at equal distances from start to end, in place of the linear decay; the rate still rises first.
    public var schedule: [Float]?

    public init() {}

    /// - Parameter progress: The share of the training that is done, 0 to 1.
    public func value(at progress: Double) -> Float {
        let done = Float(min(max(progress, 0), 1))
        let rise = done < warmUp ? max(done, 1e-3) / warmUp : 1
        if let schedule, !schedule.isEmpty {
            let position = done * Float(schedule.count - 1)
            let (index, next) = (Int(position), min(Int(position) + 1, schedule.count - 1))
            let share = schedule[index] + (position - Float(index)) * (schedule[next] - schedule[index])
            return peak * rise * share
        }
        if done < warmUp { return peak * rise }
        return peak * (1 - done) / max(1 - warmUp, 1e-6)
    }
}
