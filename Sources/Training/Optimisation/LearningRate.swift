/// A learning rate that rises linearly and then falls linearly to nothing, or takes a given course.
public struct LearningRate: Codable, Sendable, Equatable {
    public var peak: Float = 6e-4
    /// The share of the training in which it rises.
    public var warmUp: Float = 0.05
    /// In place of the straight lines: shares of the peak from start to end, at equal distances; it still rises first.
    public var course: [Float]?

    public init() {}

    /// - Parameter progress: The share of the training that is done, 0 to 1.
    public func value(at progress: Double) -> Float {
        let done = Float(min(max(progress, 0), 1))
        let rise = done < warmUp ? max(done, 1e-3) / warmUp : 1
        if let course, !course.isEmpty {
            let place = done * Float(course.count - 1)
            let (index, next) = (Int(place), min(Int(place) + 1, course.count - 1))
            return peak * rise * (course[index] + (place - Float(index)) * (course[next] - course[index]))
        }
        if done < warmUp { return peak * rise }
        return peak * (1 - done) / max(1 - warmUp, 1e-6)
    }
}
