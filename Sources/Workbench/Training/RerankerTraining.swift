import Foundation
public import TrawlCore
public import TrawlEngine
public import TrawlEvaluation
import TrawlLexicalIndex
import TrawlModels
public import TrawlTensors
import TrawlTokenizers
public import TrawlTraining

/// Trains a cross-encoder on judged queries of one index or several, and writes its folder.
///
/// A first stage searches for each query; the reranker learns to score relevant passages above the others that were found.
/// Held-out queries score it during the training, by the order that it gives to their best passages.
public struct RerankerTraining {
    /// The model to begin with, by name or path: a BERT encoder or cross-encoder.
    public var start = ModelCatalogue.defaultEmbedder
    /// The name of the new model among Trawl's models, or a path.
    public let output: String
    /// When the training ends, and how it steps.
    public var training: TrainingSettings
    /// What is learnt.
    public var objective = RerankerObjective.Settings()
    public var reweighting: LossReweighting?
    /// How weights are stored.
    public var storage = SafetensorsWriter.Storage.f16
    /// Whether weights are stored that the base model beside the output has too.
    public var isComplete = false
    /// The first stage; nil: by words and vectors, as far as the index has them, else as it searches by default.
    public var mode: SearchMode?
    /// How many passages of a query the first stage finds.
    public var depth = 100
    /// The most queries of an index that are trained on.
    public var limit = 3000
    /// The share of the judged queries that is held out.
    public var heldOut = 0.1
    /// Scores of another system that the reranker shall learn.
    public var teacher: Run?
    /// Whether an interrupted training in the output folder is continued.
    public var resumes = false
    /// Whether a model that was trained before in the output folder is replaced.
    public var replaces = false

    public init(output: String, training: TrainingSettings) {
        (self.output, self.training) = (output, training)
    }

    /// What came of a training.
    public struct Outcome: Sendable {
        /// The reranker's folder.
        public let path: String
        public let steps: Int
        /// The share of the training that is done; below 1 when it was cancelled.
        public let done: Double
        /// nDCG@10 of the held-out queries as the first stage ranks them, and as the reranker that was kept does; nil without
        /// held-out queries.
        public let before, after: Double?
    }

    /// The most held-out queries over all indexes; fewer than the least of an index say little.
    private static let mostHeldOut = 64
    private static let fewestHeldOut = 4
    /// The tokens that are computed at once.
    private static let microBatch = 2048

    /// Trains to the end, or until it is cancelled, and keeps the best reranker.
    ///
    /// - Throws: `TrawlError` for a model that cannot be trained, queries without anything to learn from, or a resumed training
    ///   of other settings or data; what was learnt before an error is kept as a state that can be resumed.
    public func run(
        _ judged: [JudgedIndex], _ engine: Engine, progress: any ProgressReporter = .silent,
        cancellation: Cancellation = .never
    ) throws -> Outcome {
        guard !objective.loss.needsTeacher || teacher != nil else {
            throw TrawlError(
                .invalidInput, "the loss \(objective.loss.rawValue) takes the scores of a teacher",
                remedy: "give a run file with scores, or choose another loss")
        }
        let model = try ModelFolder(path: ModelCatalogue.path(of: start))
        let tokenizer = try model.loadTokenizer()
        let template = PairTemplate(tokenizer)
        let output = try TrainingOutput(
            name: output, storage: storage, isComplete: isComplete, resumes: resumes, replaces: replaces
        ).folder(beginningWith: model)
        let network = try CrossEncoderNetwork(model, rates: objective.rates, seed: training.seed)
        let (pools, trial) = try search(judged, engine, tokenizer, template, progress, cancellation)
        let examples = try RerankExamples(
            pools, template: template, settings: objective.examples, curriculum: objective.curriculum)
        var training = training
        training.microBatch = Self.microBatch
        let trainer = try Trainer(
            RerankerObjective(network, examples: examples, settings: objective, origin: model.digest),
            settings: training, hooks: TrainingHooks(weighting: reweighting))
        let checkpoint = TrainingCheckpoint(path: output.path)
        if resumes { try checkpoint.restoreState(of: trainer) } else { checkpoint.removeTraces() }
        let before = trial.queryCount > 0 ? try trial.score(nil, isStopped: { false }) : nil
        progress.note(
            "\(examples.queryCount) queries to train on"
                + (before.map { " · first stage nDCG@10 \(fixed($0, 4)) (\(trial.queryCount) held-out queries)" } ?? "")
        )
        var session = TrainingSession(
            trainer: trainer, checkpoint: checkpoint,
            score: before == nil
                ? nil
                : .init(measure: "nDCG@10", queries: "\(trial.queryCount) held-out queries") {
                    try trial.score($0.network, isStopped: $1)
                }, cancellation: cancellation, progress: progress
        ) {
            try $0.network.write(to: output, beginningWith: model)
            try output.writeMaximum(tokens: objective.examples.maximumTokens)
        }
        try session.run()
        return Outcome(
            path: output.path, steps: trainer.step, done: trainer.done, before: before,
            after: trainer.history.best?.value)
    }

    /// Searches for the queries of all indexes, and divides them.
    private func search(
        _ judged: [JudgedIndex], _ engine: Engine, _ tokenizer: Tokenizer, _ template: PairTemplate,
        _ progress: any ProgressReporter, _ cancellation: Cancellation
    ) throws -> ([RerankExamples.Collection], RerankerTrial) {
        let parts = judged.map { entry in
            let parts = entry.queries.split(
                heldOut: heldOut, fewest: Self.fewestHeldOut,
                most: max(Self.fewestHeldOut, Self.mostHeldOut / judged.count))
            return (index: entry.index, trained: parts.trained.spread(limit), heldOut: parts.heldOut)
        }
        progress.begin(
            "searching", total: parts.reduce(0) { $0 + $1.trained.count + $1.heldOut.count }, unit: "queries")
        defer { progress.end() }
        var collections: [RerankExamples.Collection] = []
        var trials: [RerankerTrial.Part] = []
        var (missing, all) = (0, 0)
        for part in parts {
            let session = try engine.session(part.index, settings(of: part.index))
            func pool(_ queries: JudgedQueries) throws -> RerankPool {
                try RerankPool(
                    queries, in: part.index, session, tokenizer: tokenizer, teacher: teacher, progress: progress,
                    cancellation: cancellation)
            }
            let trained = try pool(part.trained)
            missing += trained.entries.count { !$0.isFound }
            all += trained.entries.count
            collections.append(
                .init(
                    passages: trained.passages,
                    queries: trained.entries.map { .init(tokens: $0.tokens, ranking: $0.candidates) }))
            if part.heldOut.count > 0 {
                trials.append(.init(pool: try pool(part.heldOut), qrels: part.heldOut.qrels))
            }
        }
        if missing > 0 {
            progress.warn("\(missing) of \(all) queries find no relevant document among their best \(depth)")
        }
        return (
            collections,
            RerankerTrial(parts: trials, template: template, maximumTokens: objective.examples.maximumTokens)
        )
    }

    /// The settings of the first stage.
    private func settings(of index: SearchIndex) -> SearchSettings {
        var settings = index.settings
        settings.mode = mode ?? settings.mode
        settings.limit = depth
        settings.rerankers = []
        settings.conditions = []
        settings.lexical.syntax = .plain
        let weights = index.fusionWeights(settings).filter { ["lexical", "dense"].contains($0.key) && $0.value > 0 }
        // Words and vectors find nearly as much as all three, in a tenth of the time.
        if mode == nil, !weights.isEmpty {
            settings.mode = .hybrid
            settings.fusion.weights = weights
        }
        return settings
    }
}
