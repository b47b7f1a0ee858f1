internal import TrawlCore
public import TrawlTensors

/// Trains the parameters of an objective: draws batches, accumulates gradients and updates with AdamW, until an end in steps or
/// seconds. See `TrainingCheckpoint` for how a training is interrupted and resumed.
///
/// ```
/// var settings = TrainingSettings()
/// settings.steps = 1000
/// let trainer = try Trainer(objective, settings: settings)
/// try trainer.run { progress in
///     print(progress.step, progress.loss)
///     return true   // false stops after this step
/// }
/// ```
/// A trainer is used by one thread at a time. With an end in steps, the result depends on the objective, the settings and the
/// hooks alone: neither the number of threads nor interruptions change a bit of it.
public final class Trainer<Objective: TrainingObjective> {
    public let objective: Objective
    public let settings: TrainingSettings
    /// The steps that are done.
    public private(set) var step = 0
    /// The seconds that training took, in earlier sessions and this one.
    public private(set) var seconds = 0.0
    public var history = TrainingHistory()

    let optimiser: AdamW
    let pass: GradientPass
    let hooks: TrainingHooks
    private(set) var smoothed = SmoothedLosses()

    /// - Throws: `TrawlError.invalidInput` for settings without an end, or parameters of equal names; and what
    ///   `objective.validate()` throws.
    public init(
        _ objective: Objective, settings: TrainingSettings, hooks: TrainingHooks = TrainingHooks(),
        pool: ThreadPool = .shared
    ) throws {
        guard settings.steps != nil || settings.seconds != nil else {
            throw TrawlError(
                .invalidInput, "the training has no end", remedy: "set the steps or the time after which it ends")
        }
        var names: Set<String> = []
        for parameter in objective.parameters where parameter.isTrained {
            guard names.insert(parameter.name).inserted else {
                throw TrawlError(
                    .invalidInput, "two trained parameters have the name '\(parameter.name)'",
                    remedy: "give each parameter a name of its own")
            }
        }
        try objective.validate()
        self.objective = objective
        self.settings = settings
        self.hooks = hooks
        optimiser = AdamW(objective.parameters, settings: settings.optimiser, pool: pool)
        pass = GradientPass(
            tape: Tape(pool: pool), microBatch: max(1, settings.microBatch), weighting: hooks.weighting)
    }

    /// The share of the training that is done, 0 to 1: the larger one where both steps and seconds end it.
    public var done: Double {
        let bySteps = settings.steps.map { Double(step) / Double(max(1, $0)) } ?? 0
        let byTime = settings.seconds.map { seconds / max($0, 1e-9) } ?? 0
        return min(1, max(bySteps, byTime))
    }

    /// Trains to the end, or until `report` returns false. It may be called again to continue.
    ///
    /// - Parameter report: Called after each step.
    /// - Throws: `TrawlError.incompatible` when a loss is not finite; the parameters are then those before that step. Also what
    ///   the objective and `report` throw.
    public func run(_ report: (TrainingProgress) throws -> Bool) throws {
        while done < 1 {
            let begin = ContinuousClock.now
            let losses = try makeStep()
            let took = (ContinuousClock.now - begin) / .seconds(1)
            seconds += took
            let progress = TrainingProgress(
                step: step, losses: smoothed.losses, done: done,
                secondsLeft: done > 0 ? seconds * (1 - done) / done : .infinity,
                unitsPerSecond: Double(losses.units) / max(took, 1e-9),
                gradientNorm: history.gradientNorms.last ?? 0)
            guard try report(progress) else { return }
        }
    }

    private func makeStep() throws -> StepLosses {
        let done = done
        let batch = try objective.batch(
            of: TrainingStep(
                number: step, seed: settings.seed, done: done,
                stage: hooks.curriculum?.stage(done) ?? CurriculumStage()))
        pass.done = done
        let result: StepLosses
        do {
            result = try objective.accumulateGradients(of: batch, in: pass)
        } catch {
            optimiser.clearGradients()
            throw error
        }
        guard result.losses.allSatisfy(\.value.isFinite) else {
            optimiser.clearGradients()
            throw notFinite
        }
        let norm = optimiser.update(rate: settings.learningRate.value(at: done))
        guard norm.isFinite else { throw notFinite }
        step += 1
        history.record(result.losses, gradientNorm: norm)
        smoothed.add(result.losses)
        return result
    }

    private var notFinite: TrawlError {
        TrawlError(
            .incompatible, "the loss of step \(step) is not a finite number", remedy: "train with a lower learning rate"
        )
    }

    /// Adds to `seconds` what a caller spent on other things than steps, such as scores.
    public func count(seconds: Double) { self.seconds += seconds }

    func restore(step: Int, seconds: Double, smoothed: SmoothedLosses, history: TrainingHistory) {
        (self.step, self.seconds, self.smoothed, self.history) = (step, seconds, smoothed, history)
    }
}
