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

    /// An index with the queries that are judged on it.
    public struct Judged {
        public let index: SearchIndex
        public let queries: [JudgedQueries.Entry]

        public init(_ index: SearchIndex, _ queries: [JudgedQueries.Entry]) {
            self.index = index
            self.queries = queries
        }
    }

    /// The weights that suit `queries`, which are also kept in the generator's folder.
    ///
    /// - Throws: as `weights`; nothing is written then.
    public func run(
        _ queries: [JudgedQueries.Entry], _ index: SearchIndex, _ engine: Engine,
        progress: any ProgressReporter = .silent, cancellation: Cancellation = .never
    ) throws -> LearnedKeyWeights {
        try run([Judged(index, queries)], engine, progress: progress, cancellation: cancellation)
    }

    /// The weights that suit several indexes, each of which counts the same, so that they may hold over others. They are also
    /// kept in the generator's folder.
    ///
    /// - Throws: as `weights`; nothing is written then.
    public func run(
        _ judged: [Judged], _ engine: Engine, progress: any ProgressReporter = .silent,
        cancellation: Cancellation = .never
    ) throws -> LearnedKeyWeights {
        let weights = try weights(judged, engine, progress: progress, cancellation: cancellation)
        try LearnedWeightsFile.write(weights, generator: ModelCatalogue.path(of: generator))
        return weights
    }

    /// The weights that suit several indexes, each of which counts the same. They are kept nowhere.
    ///
    /// - Throws: `TrawlError.invalidInput` when no query finds what it should, `CancellationError` when it was cancelled.
    public func weights(
        _ judged: [Judged], _ engine: Engine, progress: any ProgressReporter = .silent,
        cancellation: Cancellation = .never
    ) throws -> LearnedKeyWeights {
        try weights(judged, engine, progress: progress, cancellation: cancellation) { index in
            var settings = index.settings.generative
            if generator != settings.generator ?? index.recipe.generative.model { settings.setGenerator(generator) }
            return settings
        }
    }

    /// The weights that suit the queries for searches by `settings`.
    ///
    /// - Throws: `TrawlError.invalidInput` when no query finds what it should, `CancellationError` when it was cancelled.
    func weights(
        _ judged: [Judged], _ engine: Engine, progress: any ProgressReporter, cancellation: Cancellation,
        settings: (SearchIndex) -> GenerativeSettings
    ) throws -> LearnedKeyWeights {
        var weights = LearnedKeyWeights.general
        for round in 1...max(1, rounds) {
            var groups: [[KeyWeightExample]] = []
            var onlyRelevant = 0
            progress.begin(
                "writing n-grams, round \(round)", total: judged.reduce(0) { $0 + $1.queries.count }, unit: "queries")
            for entry in judged {
                var settings = settings(entry.index)
                settings.usesLearnedWeights = true
                settings.parameters.scoring = .intersective
                settings.parameters.keyWeights = weights
                let found = try examples(entry, settings, engine, progress: progress, cancellation: cancellation)
                // Where nothing else was found there is nothing to tell apart.
                let group = found.filter { $0.candidates.contains { !$0.isRelevant } }
                onlyRelevant += found.count - group.count
                groups.append(group)
            }
            progress.end()
            let count = groups.reduce(0) { $0 + $1.count }
            guard count > 0 else {
                throw TrawlError(
                    .invalidInput,
                    onlyRelevant > 0
                        ? "no query finds other than relevant documents, which weights could tell apart"
                        : "no query finds a relevant document among its best \(depth)",
                    path: judged.first?.index.path,
                    remedy: onlyRelevant > 0
                        ? "use an index with more documents that are not relevant"
                        : "check that queries, judgements and index belong together, or train the generator first")
            }
            let fit = KeyWeightFitter().fit(groups, from: weights)
            weights = fit.weights.moved(Double(priorQueries) / Double(priorQueries + count), towards: .general)
            progress.note(
                "round \(round): \(count) queries, loss \(fixed(fit.before, 4)), after the fit \(fixed(fit.after, 4))\n"
            )
        }
        return weights
    }

    private func examples(
        _ judged: Judged, _ settings: GenerativeSettings, _ engine: Engine, progress: any ProgressReporter,
        cancellation: Cancellation
    ) throws -> [KeyWeightExample] {
        let writer = try NGramWriter(index: judged.index, settings: settings, models: engine.models)
        var examples: [KeyWeightExample] = []
        for start in stride(from: 0, to: judged.queries.count, by: Self.batch) {
            if cancellation.isCancelled { throw CancellationError() }
            let part = Array(judged.queries[start..<min(start + Self.batch, judged.queries.count)])
            examples += try writer.weightExamples(part, depth: depth).compactMap(\.self)
            progress.advance(part.count)
        }
        return examples
    }
}
