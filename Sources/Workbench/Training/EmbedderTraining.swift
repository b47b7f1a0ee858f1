import Foundation
public import TrawlCore
import TrawlEmbeddings
public import TrawlEngine
public import TrawlEvaluation
import TrawlModels
public import TrawlTensors
public import TrawlTraining

/// Trains an embedding model on judged queries of one index or several, and writes its folder.
///
/// A first stage searches for each query; the model learns to place queries nearer to relevant passages than to the others of
/// a step, and to share its belief among a query's own passages as the first stage does. Held-out queries score it during the
/// training. Indexes are built anew to use the model.
public struct EmbedderTraining {
    /// What a text becomes.
    public enum Vectors: Sendable, Equatable {
        /// One vector for each text.
        case ofTexts
        /// One vector of a dimension for each token, for late interaction; nil: that of the model's own, or of its states.
        case ofTokens(dimension: Int?)
    }

    /// The model to begin with, by name or path; nil: that of the first index, or the default one.
    public var start: String?
    public var vectors = Vectors.ofTexts
    /// The task in the prompt of queries, which the new model keeps; nil: that of the model to begin with, if it has one.
    public var instruction: String?
    /// The name of the new model among Trawl's models, or a path.
    public let output: String
    /// When the training ends, and how it steps.
    public var training: TrainingSettings
    /// What is learnt.
    public var objective = EmbedderObjective.Settings()
    public var reweighting: LossReweighting?
    /// How queries are let in by difficulty; nil for all from the start.
    public var pacing: Pacing?
    /// Pairs of texts with the similarities that people gave them, which are learnt first, each once.
    public var pairs: ScoredPairs?
    /// How weights are stored.
    public var storage = SafetensorsWriter.Storage.f16
    /// Whether weights are stored that the base model beside the output has too.
    public var isComplete = false
    /// The first stage.
    public var candidates = CandidateSearch()
    /// The most tokens that are computed at once, of about 0.4 MB each for a model like MiniLM; nil for what suits the model. A
    /// step that has more computes its embeddings twice.
    public var tokensAtOnce: Int?
    /// Whether an interrupted training in the output folder is continued.
    public var resumes = false
    /// Whether a model that was trained before in the output folder is replaced.
    public var replaces = false

    public init(output: String, training: TrainingSettings) {
        (self.output, self.training) = (output, training)
    }

    /// Trains to the end, or until it is cancelled, and keeps the best model.
    ///
    /// - Throws: `TrawlError` for a model that cannot be trained, queries without anything to learn from, or a resumed training
    ///   of other settings or data; what was learnt before an error is kept as a state that can be resumed.
    public func run(
        _ judged: [JudgedIndex], _ engine: Engine, progress: any ProgressReporter = .silent,
        cancellation: Cancellation = .never
    ) throws -> TrainingOutcome {
        let start = try EmbedderStart(
            vectors, path: ModelCatalogue.path(of: start ?? judged.embedder), maximum: objective.examples.maximumTokens,
            instruction: instruction, shows: (objective.examples.shown ?? 0) > 0, adaptation: objective.adaptation,
            seed: training.seed)
        guard objective.examples.order != .angle || start.measuresAngles else {
            throw TrawlError(
                .invalidInput, "only BERT models with one vector for each text are trained in the order of angles",
                path: start.model.path, remedy: "leave the order out")
        }
        let output = try TrainingOutput(
            name: output, storage: storage, isComplete: isComplete, resumes: resumes, replaces: replaces
        ).folder(beginningWith: start.model)
        let data = try EmbedderData(
            judged, engine, start, candidates, pairs: pairs, isGuided: objective.examples.isGuided,
            progress: progress, cancellation: cancellation)
        let samples = data.samples
        let network = try start.network(samples)
        var examples = try EmbedderExamples(
            data.collections, guides: data.guides, showing: data.showing, settings: objective.examples)
        if objective.examples.order == .angle, let network = network as? BertEmbedderNetwork {
            try order(&examples, by: network, progress, cancellation)
        }
        let trial = try EmbedderTrial(data.heldOut)
        var training = training
        training.microBatch = tokensAtOnce ?? network.microBatch
        let trainer = try Trainer(
            EmbedderObjective(
                network, examples: examples, pairs: data.pairs, settings: objective, origin: start.model.digest),
            settings: training, hooks: TrainingHooks(weighting: reweighting, curriculum: pacing?.curriculum))
        if let steps = training.steps, steps <= trainer.objective.pairSteps {
            throw TrawlError(
                .invalidInput,
                "the pairs alone take \(trainer.objective.pairSteps) of the \(steps) steps",
                remedy: "train for more steps, or give fewer pairs")
        }
        let checkpoint = TrainingCheckpoint(path: output.path)
        if resumes { try checkpoint.restoreState(of: trainer) } else { checkpoint.removeTraces() }
        let before = try before(trial, resumes ? start.network(samples) : network, cancellation)
        report(examples, data, trial, before, progress)
        var session = TrainingSession(
            trainer: trainer, checkpoint: checkpoint,
            score: before == nil
                ? nil
                : .init(measure: "nDCG@10", queries: "\(trial.queryCount) held-out queries") {
                    try trial.score($0.network, isStopped: $1)
                }, cancellation: cancellation, progress: progress
        ) { try $0.network.write(to: output) }
        try session.run()
        return TrainingOutcome(
            path: output.path, steps: trainer.step, done: trainer.done, before: before,
            after: trainer.history.best?.value)
    }

    /// Orders queries by the angle concentration that the model gives them before the training.
    private func order(
        _ examples: inout EmbedderExamples, by network: BertEmbedderNetwork, _ progress: any ProgressReporter,
        _ cancellation: Cancellation
    ) throws {
        progress.begin("measuring angles", total: examples.queryCount, unit: "queries")
        defer { progress.end() }
        let values = try examples.relevantPairs.map { pairs in
            try network.concentrations(of: pairs, microBatch: tokensAtOnce ?? network.microBatch) { count in
                if cancellation.isCancelled { throw CancellationError() }
                progress.advance(count)
            }
        }
        examples.order(by: values)
    }

    /// The score of the model that training begins with; nil without held-out queries.
    ///
    private func before(
        _ trial: EmbedderTrial, _ network: @autoclosure () throws -> any EmbedderNetwork, _ cancellation: Cancellation
    ) throws -> Double? {
        guard trial.queryCount > 0 else { return nil }
        let network = try network()
        guard let score = try trial.score(network, isStopped: { cancellation.isCancelled }) else {
            throw CancellationError()
        }
        return score
    }

    private func report(
        _ examples: EmbedderExamples, _ data: EmbedderData, _ trial: EmbedderTrial, _ before: Double?,
        _ progress: any ProgressReporter
    ) {
        let maximum = objective.examples.maximumTokens
        if data.cutTexts > 0 {
            progress.warn("\(data.cutTexts) of \(data.texts) texts are cut at \(maximum) tokens for the training")
        }
        if examples.filledCount > 0 {
            progress.warn(
                "\(examples.filledCount) of \(examples.queryCount) queries have fewer than "
                    + "\(objective.examples.negatives) irrelevant passages within the margin; random ones fill their groups"
            )
        }
        progress.note(
            "\(examples.queryCount) queries to train on"
                + (before.map {
                    " · nDCG@10 before the training \(fixed($0, 4)) (\(trial.queryCount) held-out queries, each over a "
                        + "sample of \(trial.passageCount) passages)"
                } ?? ""))
    }
}
