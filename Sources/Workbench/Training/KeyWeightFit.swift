public import TrawlCore
public import TrawlEngine
public import TrawlEvaluation
public import TrawlGeneration
import TrawlTraining

/// Fits the weights of a generator's n-grams on an index, in rounds: n-grams are matched with the weights found so far,
/// then weights are fitted to the matches.
public struct KeyWeightFit: Sendable {
    /// The generator, by name or path.
    public let generator: String
    /// The passages of a query that are compared.
    public var depth = 100
    /// How often n-grams are matched again with the weights found so far.
    public var rounds = 2
    /// The general weights count as if they were a fit to this many queries: a guard against a fit to few. What it gains
    /// and costs depends on corpus and generator; it costs most where the generator learnt the corpus
    /// (eval/results/generator.md).
    public var priorQueries = 100

    /// The queries that are written for at once: bounds the memory.
    private static let batch = 64

    public init(generator: String) { self.generator = generator }

    /// The weights that suit `queries`, which are also kept in the generator's folder.
    ///
    /// - Throws: `TrawlError.invalidInput` when no query finds what it should, `CancellationError` when it was cancelled;
    ///   nothing is written then.
    public func run(
        _ queries: [JudgedQueries.Entry], _ index: SearchIndex, _ engine: Engine,
        progress: any ProgressReporter = .silent, cancellation: Cancellation = .never
    ) throws -> LearnedKeyWeights {
        var settings = index.settings.generative
        if generator != settings.generator ?? index.recipe.generative.model { settings.setGenerator(generator) }
        settings.usesLearnedWeights = true
        settings.parameters.scoring = .intersective
        var weights = LearnedKeyWeights(alpha: settings.parameters.alpha)
        for round in 1...max(1, rounds) {
            settings.parameters.keyWeights = weights
            let writer = try NGramWriter(index: index, settings: settings, models: engine.models)
            var examples: [KeyWeightExample] = []
            progress.begin("writing n-grams, round \(round)", total: queries.count, unit: "queries")
            for start in stride(from: 0, to: queries.count, by: Self.batch) {
                if cancellation.isCancelled { throw CancellationError() }
                let part = Array(queries[start..<min(start + Self.batch, queries.count)])
                examples += try writer.weightExamples(part, depth: depth).compactMap(\.self).filter {
                    // Where nothing else was found there is nothing to tell apart.
                    $0.candidates.contains { !$0.isRelevant }
                }
                progress.advance(part.count)
            }
            progress.end()
            guard !examples.isEmpty else {
                throw TrawlError(
                    .invalidInput, "no query finds a relevant document among its best \(depth)", path: index.path,
                    remedy: "check that queries, judgements and index belong together, or train the generator first")
            }
            let fit = KeyWeightFitter().fit(examples, from: weights)
            weights = fit.weights.moved(
                Double(priorQueries) / Double(priorQueries + examples.count), towards: .general)
            progress.note(
                "round \(round): \(examples.count) queries, loss \(fixed(fit.before, 4)), after the fit \(fixed(fit.after, 4))\n"
            )
        }
        try LearnedWeightsFile.write(weights, generator: ModelCatalogue.path(of: generator))
        return weights
    }
}
