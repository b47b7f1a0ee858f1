/// Optional influences on what a training learns from. Without them training is the same to the bit as if there were no hooks.
///
/// A checkpoint keeps the names of the hooks, and a training is resumed only with hooks of the same names. A name therefore
/// says everything that distinguishes a hook, such as `linear-upper 0.4`.
public struct TrainingHooks: Sendable {
    public var weighting: (any ExampleWeighting)?
    public var curriculum: Curriculum?

    public init(weighting: (any ExampleWeighting)? = nil, curriculum: Curriculum? = nil) {
        (self.weighting, self.curriculum) = (weighting, curriculum)
    }

    var names: [String] { [weighting?.name, curriculum?.name].map { $0 ?? "" } }
}

/// Weighs examples by their number and their loss: the gradient of an example is multiplied by its weight. Losses are reported
/// without it.
///
/// The weights are constants: no gradient flows through them. Weights with a mean of 1 keep the meaning of the learning rate.
public protocol ExampleWeighting: Sendable {
    /// Identifies the method and its settings.
    var name: String { get }

    /// What the weighting remembers between steps, such as the range of recent losses: kept in checkpoints.
    var memory: [Double] { get set }

    /// The weights of examples that are computed together: a whole step, or as many as fit a micro-batch.
    ///
    /// - Parameter done: The share of the training that is done, 0 to 1.
    /// - Returns: One weight per loss, in order.
    mutating func weights(of losses: [ExampleLoss], done: Double) -> [Float]
}

extension ExampleWeighting {
    /// A weighting that remembers nothing.
    public var memory: [Double] {
        get { [] }
        set {}
    }
}

/// The mean loss of an example.
public struct ExampleLoss: Sendable, Equatable {
    /// The number of the example among those of its objective, the same in every step.
    public let example: Int
    public let value: Double

    public init(example: Int, value: Double) {
        (self.example, self.value) = (example, value)
    }
}

/// What the examples of a step are drawn from, as training proceeds.
///
/// ```
/// // Sentences first; judged queries from the second half on.
/// Curriculum(name: "queries-late") { done in CurriculumStage(sources: ["queries": done < 0.5 ? 0 : 1]) }
/// ```
public struct Curriculum: Sendable {
    /// Identifies the curriculum and its settings.
    public let name: String
    /// The stage at a share of the training that is done, 0 to 1.
    public let stage: @Sendable (_ done: Double) -> CurriculumStage

    public init(name: String, stage: @escaping @Sendable (_ done: Double) -> CurriculumStage) {
        (self.name, self.stage) = (name, stage)
    }
}

/// What a curriculum asks for at a step. Objectives document which sources they name, and how they rank examples by difficulty;
/// what they do not have they ignore.
public struct CurriculumStage: Sendable, Equatable {
    /// Factors of the shares of sources, by name. Sources that are not named keep their share.
    public var sources: [String: Double]
    /// The share of the examples, easiest first, that may be drawn: above 0, at most 1.
    public var difficulty: Double

    /// All sources with their own shares, and all examples, unless the arguments say otherwise.
    public init(sources: [String: Double] = [:], difficulty: Double = 1) {
        (self.sources, self.difficulty) = (sources, difficulty)
    }

    /// The factor of the share of `source`.
    public func factor(of source: String) -> Double { sources[source] ?? 1 }
}
