import Foundation
import TrawlCore
import TrawlModels
import TrawlTraining

/// Runs a training to its end, or until it is cancelled: reports progress, scores the model at intervals and keeps the best, and
/// writes the state from which the training can be resumed.
struct TrainingSession<Objective: TrainingObjective> {
    let trainer: Trainer<Objective>
    let checkpoint: TrainingCheckpoint
    /// Where the loss and the scores are drawn when the training ends or stops.
    let curve: String
    /// How held-out queries score the model; nil where there are none, so that the last state is kept.
    var score: Score?
    /// Writes the model.
    let write: (Objective) throws -> Void
    /// Called before the first step and after each one but the last, for what an objective needs from time to time.
    var between: (Trainer<Objective>) throws -> Void = { _ in }
    let cancellation: Cancellation
    let progress: any ProgressReporter

    /// How a model is scored; higher is better.
    struct Score {
        /// The name of the measure, and what it is taken over.
        let measure, queries: String
        /// nil when `isStopped` ended it.
        let value: (_ objective: Objective, _ isStopped: () -> Bool) throws -> Double?
    }

    private var lastState = 0.0
    private var lastLine = -Double.infinity
    private var rate: Double?

    /// The interval at which the state of an unfinished training is written.
    private static var secondsBetweenStates: Double { 300 }
    /// The number of times that the model is scored.
    private static var scores: Int { 6 }

    init(
        trainer: Trainer<Objective>, checkpoint: TrainingCheckpoint, score: Score?,
        cancellation: Cancellation, progress: any ProgressReporter, write: @escaping (Objective) throws -> Void
    ) {
        self.trainer = trainer
        self.checkpoint = checkpoint
        curve = checkpoint.path + "/training_curve.svg"
        self.score = score
        self.write = write
        self.cancellation = cancellation
        self.progress = progress
    }

    /// - Throws: What went wrong; the state is then kept, and the training can be resumed.
    mutating func run() throws {
        do {
            try train()
        } catch {
            // After a loss that is not finite an earlier state is worth more.
            if (error as? TrawlError)?.code != .incompatible { try? checkpoint.writeState(of: trainer) }
            throw error
        }
        // Written before the score, which a second Ctrl-C may end, and after it: the state says which model is kept.
        if trainer.done < 1 { try checkpoint.writeState(of: trainer) }
        if trainer.history.scores.last?.step != trainer.step {
            try keepIfBest(isStopped: { false })
            trainer.history.scoringsDone = scoringsDue
            if trainer.done < 1 && score != nil { try checkpoint.writeState(of: trainer) }
        }
        try drawCurve()
        guard trainer.done >= 1 else { return }
        try checkpoint.writeGradientNorms(of: trainer.history)
        checkpoint.removeState()
    }

    private mutating func train() throws {
        lastState = trainer.seconds
        // A training that was killed may have missed a score.
        try scoreIfDue()
        try between(trainer)
        try trainer.run { step in
            show(step)
            if step.done < 1 && !cancellation.isCancelled {
                try scoreIfDue()
                try between(trainer)
            }
            if trainer.seconds - lastState >= Self.secondsBetweenStates {
                lastState = trainer.seconds
                try checkpoint.writeState(of: trainer)
            }
            return !cancellation.isCancelled
        }
    }

    private func drawCurve() throws {
        guard let loss = trainer.history.losses.keys.sorted().max(by: { count($0) < count($1) }) else { return }
        let picture = TrainingCurve(history: trainer.history, loss: loss, score: score?.measure ?? "")
        try OutputFile(curve).write(Array(picture.svg.utf8))
    }

    /// How many steps had the loss; the main one is that of most steps.
    private func count(_ loss: String) -> Int { trainer.history.losses[loss]?.count { $0 != nil } ?? 0 }

    /// How many scores a training of this length has had.
    private var scoringsDue: Int { Int(trainer.done * Double(Self.scores)) }

    private func scoreIfDue() throws {
        guard score != nil, trainer.history.scoringsDone < scoringsDue else { return }
        let due = scoringsDue
        if try keepIfBest(isStopped: { cancellation.isCancelled }) { trainer.history.scoringsDone = due }
    }

    /// Writes the model unless it was better before.
    ///
    /// - Returns: Whether it was scored; false when that was stopped.
    @discardableResult
    private func keepIfBest(isStopped: () -> Bool) throws -> Bool {
        guard let score else {
            try write(trainer.objective)
            return true
        }
        guard let value = try trainer.timed({ try score.value(trainer.objective, isStopped) }) else { return false }
        trainer.history.scores.append(.init(step: trainer.step, value: value))
        let best = trainer.history.best
        let isBest = best?.step == trainer.step
        if isBest { try write(trainer.objective) }
        progress.note(
            "step \(trainer.step) · \(score.measure) \(fixed(value, 4)) (\(score.queries))"
                + (isBest ? "" : ", best \(fixed(best?.value ?? 0, 4)) at step \(best?.step ?? 0)"))
        return true
    }

    private mutating func show(_ step: TrainingProgress) {
        rate = rate.map { 0.95 * $0 + 0.05 * step.unitsPerSecond } ?? step.unitsPerSecond
        guard trainer.seconds - lastLine >= 10 || step.done >= 1 else { return }
        lastLine = trainer.seconds
        let others = step.losses.dropFirst().map { " · \($0.name) \(fixed($0.value, 3))" }.joined()
        progress.note(
            "step \(step.step) · \(Int(step.done * 100))% · loss \(fixed(step.loss, 3))\(others) · "
                + "\(Int(rate ?? 0)) \(Objective.unit)/s · \(fixed(step.secondsLeft / 60, 1)) min left")
    }
}

extension Trainer {
    /// Counts the time of a score or of sampling as time of the training.
    func timed<Result>(_ body: () throws -> Result) rethrows -> Result {
        let begin = ContinuousClock.now
        let result = try body()
        count(seconds: (ContinuousClock.now - begin) / .seconds(1))
        return result
    }
}
