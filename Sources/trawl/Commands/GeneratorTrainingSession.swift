import Foundation
import TrawlCore
import TrawlEvaluation
import TrawlModels
import TrawlTraining

/// Runs a training to its end, or until Ctrl-C: shows how it goes, scores the generator now and then and keeps the
/// best, draws its own samples, and notes how to go on.
struct GeneratorTrainingSession {
    let trainer: GeneratorTrainer
    let checkpoint: GeneratorCheckpoint
    /// The model that training began with.
    let start: ModelFolder
    let trial: GeneratorTrial
    /// What samples are drawn for: the queries that are trained on; without any, the titles of passages.
    let asked: JudgedQueries
    let asksForTitles: Bool
    /// The queries that score the generator; none: the last state is the best.
    let scored: JudgedQueries
    let encode: (String) -> [TokenID]
    let progress: TerminalProgress

    private var lastState = 0.0
    private var lastLine = -Double.infinity
    private var rate: Double?

    /// How often an unfinished training is made safe.
    private static let secondsBetweenStates = 300.0
    /// How often the generator is scored.
    private static let scores = 6
    /// The share of a training's time that a round of sampling may take.
    private static let longestSampling = 0.1

    init(
        trainer: GeneratorTrainer, checkpoint: GeneratorCheckpoint, start: ModelFolder, trial: GeneratorTrial,
        asked: JudgedQueries, asksForTitles: Bool, scored: JudgedQueries, encode: @escaping (String) -> [TokenID],
        progress: TerminalProgress
    ) {
        self.trainer = trainer
        self.checkpoint = checkpoint
        self.start = start
        self.trial = trial
        self.asked = asked
        self.asksForTitles = asksForTitles
        self.scored = scored
        self.encode = encode
        self.progress = progress
    }

    /// - Throws: what went wrong; the state is then kept, and --resume goes on from it.
    mutating func run() throws {
        do {
            try train()
        } catch {
            // Weights that are no numbers are not worth keeping; an earlier state may be.
            if (error as? TrawlError)?.code != .incompatible { try? checkpoint.writeState(of: trainer) }
            throw error
        }
        if trainer.done < 1 { try checkpoint.writeState(of: trainer) }
        if trainer.history.scores.last?.step != trainer.step { try keepIfBest(isStopped: { false }) }
        guard trainer.done >= 1 else { return }
        try checkpoint.writeGradientNorms(of: trainer)
        checkpoint.removeState()
    }

    private mutating func train() throws {
        lastState = trainer.seconds
        try sample()
        try trainer.run { step in
            show(step)
            if step.done < 1 && !Interruption.hasCome {
                try score()
                try sample()
            }
            if trainer.seconds - lastState >= Self.secondsBetweenStates {
                lastState = trainer.seconds
                try checkpoint.writeState(of: trainer)
            }
            return !Interruption.hasCome
        }
    }

    /// Scores the generator when it is time.
    private func score() throws {
        let times = Int(trainer.done * Double(Self.scores))
        guard scored.count > 0, trainer.history.scoringTimes < times else { return }
        if try keepIfBest(isStopped: { Interruption.hasCome }) { trainer.history.scoringTimes = times }
    }

    /// Writes the generator, unless it was better before; false when it was stopped before that was known.
    @discardableResult
    private func keepIfBest(isStopped: () -> Bool) throws -> Bool {
        guard scored.count > 0 else {
            try checkpoint.write(trainer.network, beginningWith: start)
            return true
        }
        guard let value = try timed({ try trial.score(trainer.network, by: scored, isStopped: isStopped) }) else {
            return false
        }
        trainer.history.scores.append(.init(step: trainer.step, value: value))
        let best = trainer.history.best
        let isBest = best?.step == trainer.step
        if isBest { try checkpoint.write(trainer.network, beginningWith: start) }
        progress.note(
            "step \(trainer.step) · nDCG@10 \(format(value, 4)) of \(scored.count) queries that were kept from training"
                + (isBest ? "" : ", best \(format(best?.value ?? 0, 4)) at step \(best?.step ?? 0)"))
        return true
    }

    /// Draws samples when it is time. Where time ends the training, this takes a tenth of it at most.
    private func sample() throws {
        let settings = trainer.settings.examples.samples
        let times = settings.rounds.count { trainer.done >= $0 }
        guard self.asked.count > 0, trainer.history.samplingRounds < times else { return }
        let asked = self.asked.spread(settings.queries, round: times - 1)
        let begin = ContinuousClock.now
        let limit = trainer.settings.seconds.map { Duration.seconds($0 * Self.longestSampling) }
        let samples = try timed {
            try trial.samples(trainer.network, for: asked, tokens: encode) {
                Interruption.hasCome || limit.map { ContinuousClock.now - begin > $0 } ?? false
            }
        }
        // What was cut short is drawn anew by the session that goes on.
        if Interruption.hasCome { return }
        trainer.selfSamples = asksForTitles ? samples.withoutQueryNGrams : samples
        trainer.history.samplingRounds = times
        progress.note(
            "step \(trainer.step) · own n-grams found what they should for \(samples.samples.count) of \(asked.count) "
                + (asksForTitles ? "titles" : "queries"))
    }

    /// What a score or sampling takes is part of the training's time.
    private func timed<Result>(_ body: () throws -> Result) rethrows -> Result {
        let begin = ContinuousClock.now
        let result = try body()
        trainer.count(seconds: (ContinuousClock.now - begin) / .seconds(1))
        return result
    }

    private mutating func show(_ step: TrainingProgress) {
        rate = rate.map { 0.95 * $0 + 0.05 * step.tokensPerSecond } ?? step.tokensPerSecond
        guard trainer.seconds - lastLine >= 10 || step.done >= 1 else { return }
        lastLine = trainer.seconds
        let ranking = step.rankingLoss.map { " · ranking \(format($0, 3))" } ?? ""
        progress.note(
            "step \(step.step) · \(Int(step.done * 100))% · loss \(format(step.loss, 3))\(ranking) · "
                + "\(Int(rate ?? 0)) target tokens/s · \(format(step.secondsLeft / 60, 1)) min left")
    }

    private func format(_ value: Double, _ digits: Int) -> String { String(format: "%.\(digits)f", value) }
}
