/// What a `Trainer` trains, and for what: parameters, batches, and losses with their gradients.
///
/// An objective may be defined in any module. A linear regression:
/// ```
/// final class Regression: TrainingObjective {
///     let weight = Parameter(name: "w", rows: 1, columns: 3, isVector: false, rateFactor: 1, values: [0, 0, 0])
///     var parameters: [Parameter] { [weight] }
///     let settings = Settings(rowsPerStep: 8)
///     let dataDigest = "made up"
///
///     func batch(of step: TrainingStep) -> [Example] { … }   // drawn by step.seed and step.number
///
///     func accumulateGradients(of batch: [Example], in pass: GradientPass) -> StepLosses {
///         pass.tape.clear()
///         let y = pass.tape.linear(pass.tape.constant(…), weight, nil)
///         let loss = pass.tape.loss(of: y) { values in (squaredError(values), slopes(values)) }
///         pass.tape.backward()
///         return StepLosses([.init("squared error", loss)], units: batch.count)
///     }
/// }
/// ```
public protocol TrainingObjective: AnyObject {
    /// What can be set. It is compared when a training is resumed.
    associatedtype Settings: Codable & Equatable
    /// The examples of a step.
    associatedtype Batch
    /// What the objective remembers between steps beside its parameters.
    associatedtype State: Codable = StatelessObjective

    /// What throughput counts, in the plural.
    static var unit: String { get }

    /// All parameters, in a fixed order; frozen ones may be among them. The names of the trained ones differ.
    var parameters: [Parameter] { get }
    var settings: Settings { get }
    /// Identifies the data and the model that training began with. It is compared when a training is resumed.
    var dataDigest: String { get }

    /// Checks that parameters, data and settings fit together. It is called once, before the first step.
    func validate() throws

    /// The examples of a step: a function of the step and the objective's state.
    ///
    /// - Throws: `TrawlError.invalidInput` where there is nothing to learn from.
    func batch(of step: TrainingStep) throws -> Batch

    /// Adds the gradients of the batch's losses to those of the parameters.
    ///
    /// The gradients of mean losses keep the meaning of the learning rate whatever the size of a batch. They are accumulated
    /// over parts of at most `pass.microBatch` rows, and weighted by `pass.weights(of:)` where `pass.isWeighted`.
    func accumulateGradients(of batch: Batch, in pass: GradientPass) throws -> StepLosses

    /// The objective's own part of a checkpoint.
    var state: State { get }

    /// Continues from a state that a checkpoint had.
    ///
    /// - Throws: `TrawlError.corrupted` for a state that does not fit; the objective is then unchanged.
    func restore(_ state: State) throws
}

/// The state of an objective that remembers nothing but its parameters.
public struct StatelessObjective: Codable, Sendable, Equatable {
    public init() {}
}

extension TrainingObjective {
    public static var unit: String { "examples" }
    public func validate() throws {}
}

extension TrainingObjective where State == StatelessObjective {
    public var state: StatelessObjective { StatelessObjective() }
    public func restore(_ state: StatelessObjective) {}
}

/// A step of a training, as its batch is drawn for it.
public struct TrainingStep: Sendable {
    /// From 0.
    public let number: Int
    /// The seed of the training.
    public let seed: UInt64
    /// The share of the training that is done, 0 to 1.
    public let done: Double
    /// What the curriculum asks for; `CurriculumStage()` without one.
    public let stage: CurriculumStage

    public init(number: Int, seed: UInt64, done: Double = 0, stage: CurriculumStage = CurriculumStage()) {
        (self.number, self.seed, self.done, self.stage) = (number, seed, done, stage)
    }
}

/// The losses of a step.
public struct StepLosses: Sendable {
    /// The mean losses without the weights of an `ExampleWeighting`, the main one first. A loss that a step does not have is
    /// left out.
    public let losses: [NamedLoss]
    /// What throughput counts.
    public let units: Int

    public init(_ losses: [NamedLoss], units: Int) {
        (self.losses, self.units) = (losses, units)
    }
}

/// A loss with its name, such as `tokens` or `ranking`.
public struct NamedLoss: Codable, Sendable, Equatable {
    public let name: String
    public let value: Double

    public init(_ name: String, _ value: Double) {
        (self.name, self.value) = (name, value)
    }
}
