public import TrawlCore
public import TrawlEngine
public import TrawlEvaluation
import TrawlGeneration
import TrawlTensors
import TrawlTraining

/// Fits the searches of an index to judged queries, or to its own text: a language model writes queries, and what they teach
/// becomes a default of the index if held-out queries say that it helps.
///
/// Changes are tried one after the other, each on top of those that were kept: a query adapter (by judged queries alone, for
/// queries that a model writes do not improve it), weights of n-grams, a generator that is trained further on the corpus, weights in the
/// fusion, and a small reranker (by judged queries, too). A change is kept only if it raises nDCG@10 of held-out queries
/// significantly, by a paired randomisation test. The index changes in one commit at the end.
///
/// An earlier adaptation may have trained the index's generator. If documents were added since, training continues from that generator.
/// Half of the queries are then written for the new documents, and most sources of the training are drawn from them; the others are
/// earlier documents (replay). A change is not kept if queries of earlier documents lose more than 0.01.
public struct IndexAdaptation: Sendable {
    /// How queries are written; those that not every other method finds again are dropped.
    public var writing = QueryWriting()
    /// Judged queries in place of written ones.
    public var judged: JudgedQueries?
    /// The minutes that all takes, about; training gets what the rest leaves. The writing of queries has its own limit, the
    /// number of passages.
    public var minutes = 15.0
    /// The name or path of the generator that is trained; nil: none is.
    public var generator: String?
    /// The name or path of the reranker that is trained on judged queries; nil: none is.
    public var reranker: String?
    /// The highest chance of an improvement by accident at which a change is kept.
    public var significance = 0.05
    public var seed: UInt64 = 1

    public init() {
        writing.passages = 600
        writing.perPassage = 2
        writing.precision = .int8
        writing.foundByAll = true
    }

    /// The share of the queries that is held out, the fewest that say anything, and the most that more would add nothing to.
    private static let heldOut = (share: 0.3, fewest: 30, most: 200)
    /// The most queries that weights are fitted to.
    static let fitted = 300
    /// The share of the minutes that is left for what follows training.
    private static let reserve = 0.2
    /// The most nDCG@10 that queries of earlier documents may lose by what new ones teach.
    private static let mostForgotten = 0.01
    /// A change that was tried.
    public struct Trial: Codable, Sendable {
        /// What changed: `adapter`, `weights`, `generator`, `fusion` or `reranker`.
        public let change: String
        /// nDCG@10 of the held-out queries before and after.
        public let before: Double
        public let after: Double
        /// Of the held-out queries that no new document answers; nil unless the index grew since the last adaptation.
        public let earlier: Scores?
        /// Of the others, which new documents answer.
        public let new: Scores?
        /// The chance of such a difference by accident.
        public let chance: Double
        public let isKept: Bool

        /// nDCG@10 before and after.
        public struct Scores: Codable, Sendable {
            public let before, after: Double
        }

        enum CodingKeys: String, CodingKey {
            case change, before, after, earlier, new, chance
            case isKept = "is_kept"
        }
    }

    public struct Report: Codable, Sendable {
        /// The queries that were learnt from, and those that were held out.
        public let queries: Int
        public let heldOut: Int
        public let trials: [Trial]

        enum CodingKeys: String, CodingKey {
            case queries, trials
            case heldOut = "held_out"
        }
    }

    /// Tries the changes and commits those that help as the index's defaults.
    ///
    /// - Throws: `TrawlError.invalidInput` for an index without what adapts or with too few queries; `CancellationError` when it was
    ///   cancelled. The index is then as it was.
    public func run(
        at path: String, _ engine: Engine, progress: any ProgressReporter = .silent, cancellation: Cancellation = .never
    ) throws -> Report {
        let start = ContinuousClock.now
        let index = try engine.open(path)
        let hasNGrams = index.recipe.build.contains(SearchMode.generative.rawValue)
        let hasVectors = index.recipe.build.contains(SearchMode.dense.rawValue)
        guard hasNGrams || (judged != nil && (hasVectors || reranker != nil)) else {
            throw TrawlError(
                .invalidInput,
                judged == nil
                    ? "the index has no n-grams, which is what adapts to written queries"
                    : "the index has neither n-grams nor vectors, which is what adapts", path: path,
                remedy: "build it with generative search" + (judged == nil ? "" : " or dense search"))
        }
        let rerankerStart = try judged.flatMap { reranker == nil ? nil : try Self.rerankerStart(index, $0) }
        let arrivals = try Arrivals(index)
        if let arrivals {
            progress.note("\(arrivals.count) documents are new since the generator was trained")
        }
        let queries = try judged ?? written(index, arrivals, engine, progress, cancellation)
        let parts = queries.split(
            heldOut: Self.heldOut.share, fewest: Self.heldOut.fewest, most: Self.heldOut.most)
        guard parts.heldOut.count > 0 else {
            throw TrawlError(
                .invalidInput, "\(queries.count) queries are too few to learn from and to test on", path: path,
                remedy: "give \(Int(Double(Self.heldOut.fewest) / Self.heldOut.share)) at least")
        }
        var state = AdaptationState(
            engine, index, heldOut: parts.heldOut, earlier: arrivals?.earlier(parts.heldOut) ?? [],
            bounds: (significance, Self.mostForgotten), progress)
        let fitted = parts.trained.spread(Self.fitted)

        func requireTime() throws { if cancellation.isCancelled { throw CancellationError() } }
        func fit(_ settings: SearchSettings) throws -> SearchSettings {
            var settings = settings
            let name = settings.generative.generator ?? index.recipe.generative.model
            settings.generative.parameters.keyWeights = try KeyWeightFit(generator: name).weights(
                [.init(index, fitted.entries)], engine, progress: progress, cancellation: cancellation
            ) { _ in settings.generative }
            return settings
        }
        if judged != nil, hasVectors {
            try tryAdapter(&state, parts.trained, engine, progress, cancellation)
            try requireTime()
        }
        if hasNGrams {
            try state.tryChange("weights", .generative, fit(state.settings))
            try requireTime()
        }
        var left = minutes * 60 * (1 - Self.reserve) - (ContinuousClock.now - start) / .seconds(1)
        if rerankerStart != nil { left -= Self.rerankerSeconds }
        if let generator, hasNGrams, left > 30 {
            var training = TrainingSettings()
            training.seconds = left
            training.seed = seed
            training.learningRate.peak = 3e-4
            var run = GeneratorTraining(output: generator, training: training)
            (run.start, run.newAfter) = (state.settings.generative.generator, arrivals?.known)
            run.queries = parts.trained.queries
            run.qrels = try parts.trained.qrels.restricted(to: run.queries.map(\.id))
            let outcome = try run.run(index, engine, progress: progress, cancellation: cancellation)
            try requireTime()
            var settings = state.settings
            settings.generative.setGenerator(outcome.path)
            settings.generative.trainedThrough = try lastDocument(index)
            try state.tryChange("generator", .generative, fit(settings))
        } else if generator != nil, hasNGrams {
            progress.warn("no time was left to train the generator; give more minutes or write for fewer passages")
        }
        try requireTime()
        if let best = try bestFusion(state, parts.trained, engine, cancellation) {
            try state.tryChange("fusion", .hybrid, best)
        }
        try requireTime()
        if let reranker, let rerankerStart {
            try tryReranker(
                &state, reranker, from: rerankerStart, parts.trained, all: queries, in: index, engine, progress,
                cancellation)
            try requireTime()
        }
        if state.adapter != nil {
            // What the held-out queries approved is fitted to them too.
            let adapter = try fittedAdapter(index, queries, engine, cancellation)
            try requireTime()
            try engine.setQueryAdapter(adapter, settings: state.settings, of: path)
        } else if state.isChanged {
            try engine.setDefaults(state.settings, of: path)
        }
        return Report(queries: parts.trained.count, heldOut: parts.heldOut.count, trials: state.trials)
    }

    /// The weight with the highest score, of equals the first. There is one at least.
    static func first(of weights: [Float], withHighest scores: [Double]) -> Float {
        let best = scores.indices.max { scores[$0] < scores[$1] || (scores[$0] == scores[$1] && $0 > $1) }
        return weights[best ?? 0]
    }

    private func lastDocument(_ index: SearchIndex) throws -> DocumentID? {
        var last: UInt32?
        try index.documents.forEachPassageList { number, _ in last = number }
        return try last.map { try index.documents.documentID($0) }
    }

    private func written(
        _ index: SearchIndex, _ arrivals: Arrivals?, _ engine: Engine, _ progress: any ProgressReporter,
        _ cancellation: Cancellation
    ) throws -> JudgedQueries {
        var writing = writing
        writing.newAfter = arrivals?.known
        let result = try writing.run(index, engine, progress: progress, cancellation: cancellation)
        if cancellation.isCancelled { throw CancellationError() }
        return JudgedQueries(written: result.kept)
    }
}
