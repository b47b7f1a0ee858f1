import Foundation
import TrawlCore
import TrawlEvaluation
import TrawlModels
import TrawlTraining

/// Runs the training of a generator to its end, or until it is cancelled: reports progress, scores the generator at intervals and
/// keeps the best, draws self samples, and writes the state from which it can be resumed.
struct GeneratorTrainingSession {
    let trainer: Trainer<GeneratorObjective>
    let checkpoint: TrainingCheckpoint
    /// Where the generator is written.
    let output: TrainedModelFolder
    /// The model that training began with.
    let start: ModelFolder
    let trial: GeneratorTrial
    /// The queries for which samples are drawn: those that are trained on; without any, the titles of passages.
    let asked: JudgedQueries
    let asksForTitles: Bool
    /// The queries that score the generator; without any, the last state is kept.
    let scored: JudgedQueries
    let encode: (String) -> [TokenID]
    let cancellation: Cancellation
    let progress: any ProgressReporter

    private var lastState = 0.0
    private var lastLine = -Double.infinity
    private var rate: Double?

    /// The interval at which the state of an unfinished training is written.
    private static let secondsBetweenStates = 300.0
    /// The number of times that the generator is scored.
    private static let scores = 6
    /// The highest share of the time of a training that a round of sampling takes.
    private static let longestSampling = 0.1

    init(
        trainer: Trainer<GeneratorObjective>, checkpoint: TrainingCheckpoint, output: TrainedModelFolder,
        start: ModelFolder, trial: GeneratorTrial, asked: JudgedQueries, asksForTitles: Bool, scored: JudgedQueries,
        encode: @escaping (String) -> [TokenID], cancellation: Cancellation, progress: any ProgressReporter
    ) {
        self.trainer = trainer
        self.checkpoint = checkpoint
        self.output = output
        self.start = start
        self.trial = trial
        self.asked = asked
        self.asksForTitles = asksForTitles
        self.scored = scored
        self.encode = encode
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
        if trainer.done < 1 { try checkpoint.writeState(of: trainer) }
        if trainer.history.scores.last?.step != trainer.step { try keepIfBest(isStopped: { false }) }
        guard trainer.done >= 1 else { return }
        try checkpoint.writeGradientNorms(of: trainer.history)
        checkpoint.removeState()
    }

    private mutating func train() throws {
        lastState = trainer.seconds
        try sample()
        try trainer.run { step in
            show(step)
            if step.done < 1 && !cancellation.isCancelled {
                try score()
                try sample()
            }
            if trainer.seconds - lastState >= Self.secondsBetweenStates {
                lastState = trainer.seconds
                try checkpoint.writeState(of: trainer)
            }
            return !cancellation.isCancelled
        }
    }

    /// Scores the generator when a scoring is due.
    private func score() throws {
        let times = Int(trainer.done * Double(Self.scores))
        guard scored.count > 0, trainer.history.scoringsDone < times else { return }
        if try keepIfBest(isStopped: { cancellation.isCancelled }) { trainer.history.scoringsDone = times }
    }

    /// Writes the generator unless it was better before.
    ///
    /// - Returns: Whether it was scored; false when that was stopped.
    @discardableResult
    private func keepIfBest(isStopped: () -> Bool) throws -> Bool {
        guard scored.count > 0 else {
            try trainer.objective.network.write(to: output, beginningWith: start)
            return true
        }
        guard let value = try timed({ try trial.score(trainer.objective.network, by: scored, isStopped: isStopped) })
        else {
            return false
        }
        trainer.history.scores.append(.init(step: trainer.step, value: value))
        let best = trainer.history.best
        let isBest = best?.step == trainer.step
        if isBest { try trainer.objective.network.write(to: output, beginningWith: start) }
        progress.note(
            "step \(trainer.step) · nDCG@10 \(fixed(value, 4)) (\(scored.count) held-out queries)"
                + (isBest ? "" : ", best \(fixed(best?.value ?? 0, 4)) at step \(best?.step ?? 0)"))
        return true
    }

    /// Draws samples when a round is due. If the training ends by time, a round takes a tenth of it at most.
    private func sample() throws {
        let settings = trainer.objective.settings.examples.samples
        let times = settings.rounds.count { trainer.done >= $0 }
        guard self.asked.count > 0, trainer.objective.samplingRounds < times else { return }
        let asked = self.asked.spread(settings.queries, round: times - 1)
        let begin = ContinuousClock.now
        let limit = trainer.settings.seconds.map { Duration.seconds($0 * Self.longestSampling) }
        let samples = try timed {
            try trial.samples(trainer.objective.network, for: asked, tokens: encode) {
                cancellation.isCancelled || limit.map { ContinuousClock.now - begin > $0 } ?? false
            }
        }
        // A round that was cancelled is drawn anew when the training is resumed.
        if cancellation.isCancelled { return }
        trainer.objective.selfSamples = asksForTitles ? samples.withoutQueryNGrams : samples
        trainer.objective.samplingRounds = times
        progress.note(
            "step \(trainer.step) · generated n-grams retrieved a relevant passage for \(samples.samples.count) of \(asked.count) "
                + (asksForTitles ? "titles" : "queries"))
    }

    /// Counts the time of a score or of sampling as time of the training.
    private func timed<Result>(_ body: () throws -> Result) rethrows -> Result {
        let begin = ContinuousClock.now
        let result = try body()
        trainer.count(seconds: (ContinuousClock.now - begin) / .seconds(1))
        return result
    }

    private mutating func show(_ step: TrainingProgress) {
        rate = rate.map { 0.95 * $0 + 0.05 * step.unitsPerSecond } ?? step.unitsPerSecond
        guard trainer.seconds - lastLine >= 10 || step.done >= 1 else { return }
        lastLine = trainer.seconds
        let ranking = step.loss(named: GeneratorObjective.rankingLoss).map { " · ranking \(fixed($0, 3))" } ?? ""
        progress.note(
            "step \(step.step) · \(Int(step.done * 100))% · loss \(fixed(step.loss, 3))\(ranking) · "
                + "\(Int(rate ?? 0)) \(GeneratorObjective.unit)/s · \(fixed(step.secondsLeft / 60, 1)) min left")
    }
}
