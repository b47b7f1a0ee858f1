/// How the share of the examples that may be drawn grows during a training, from the easiest to all (the pacing functions of Martinez
/// et al. 2023, arXiv 2311.08886, with their settings).
///
/// It is a function of the share of the training that is done, so that a resumed training continues it.
public struct Pacing: Codable, Sendable, Equatable {
    /// How the share grows between `start` and `end`.
    public enum Shape: String, Codable, Sendable, CaseIterable {
        case linear
        case quadratic = "quad"
        case root
        /// Not at all, and then to all examples at once.
        case step
        case exponential = "exp"
        case logarithmic = "log"
    }

    public var shape: Shape
    /// The share of the examples that may be drawn at first.
    public var lowest: Double
    /// The share of the training after which more and more may be drawn.
    public var start = 0.0625
    /// The share of the training after which all may be drawn.
    public var end = 0.875

    /// The constant c of the exponential and the logarithmic shape.
    private static let curvature = 10.0

    public init(_ shape: Shape, lowest: Double = 0.1) {
        (self.shape, self.lowest) = (shape, lowest)
    }

    /// The share of the examples, easiest first, that may be drawn after a share `done` of the training.
    public func share(_ done: Double) -> Double { min(1, lowest + (1 - lowest) * growth(done)) }

    /// How much of the way from the start to the end is done, by the shape: 0 to 1.
    public func growth(_ done: Double) -> Double {
        guard done < end else { return 1 }
        guard done > start else { return 0 }
        let (time, curvature) = ((done - start) / (end - start), Self.curvature)
        switch shape {
        case .linear: return time
        case .quadratic: return time * time
        case .root: return time.squareRoot()
        case .step: return 0
        case .exponential: return (exponential(curvature * time) - 1) / (exponential(curvature) - 1)
        case .logarithmic: return min(1, 1 + logarithm(time + exponential(-curvature)) / curvature)
        }
    }

    /// Examples in the order of their difficulty.
    public var curriculum: Curriculum {
        Curriculum(name: "pacing \(shape.rawValue) from \(lowest), \(start) to \(end)") { done in
            CurriculumStage(difficulty: share(done))
        }
    }
}
