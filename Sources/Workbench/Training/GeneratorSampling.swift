import TrawlCore
import TrawlEvaluation
import TrawlTraining

/// The rounds in which a generator that is trained writes n-grams of its own, to learn from them.
struct GeneratorSampling {
    let trial: GeneratorTrial
    /// The queries for which samples are drawn: those that are trained on; without any, the titles of passages.
    let asked: JudgedQueries
    let asksForTitles: Bool
    let encode: (String) -> [TokenID]
    let cancellation: Cancellation
    let progress: any ProgressReporter

    /// The highest share of the time of a training that a round takes.
    private static let longestRound = 0.1

    /// Draws samples when a round is due. If the training ends by time, a round takes a tenth of it at most.
    func sample(_ trainer: Trainer<GeneratorObjective>) throws {
        let settings = trainer.objective.settings.examples.samples
        let times = settings.rounds.count { trainer.done >= $0 }
        guard self.asked.count > 0, trainer.objective.samplingRounds < times else { return }
        let asked = self.asked.spread(settings.queries, round: times - 1)
        let begin = ContinuousClock.now
        let limit = trainer.settings.seconds.map { Duration.seconds($0 * Self.longestRound) }
        let samples = try trainer.timed {
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
}
