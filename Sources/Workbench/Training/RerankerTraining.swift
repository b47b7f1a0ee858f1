import Foundation
public import TrawlCore
public import TrawlEngine
import TrawlEvaluation
import TrawlModels
public import TrawlTensors
import TrawlTokenizers
public import TrawlTraining

/// Trains a model that reads a query and a passage together on judged queries of one index or several, and writes its folder.
///
/// A first stage searches for each query; the reranker learns to score relevant passages above the others that were found.
/// Held-out queries score it during the training, by the order that its scores and those of the first stage together give to their
/// best passages, and choose the weight of its scores.
public struct RerankerTraining {
    /// What is trained.
    public enum Architecture: String, CaseIterable, Sendable {
        /// A BERT encoder with a score: see `CrossEncoderNetwork`.
        case crossEncoder = "cross-encoder"
        /// N-grams that are compared by their vectors: see `ConvKNRM`.
        case convKNRM = "conv-knrm"
    }

    public var architecture = Architecture.crossEncoder
    /// The model to begin with, by name or path: a BERT encoder, or a model of the architecture.
    public var start = ModelCatalogue.defaultEmbedder
    /// The name of the new model among Trawl's models, or a path.
    public let output: String
    /// When the training ends, and how it steps.
    public var training: TrainingSettings
    /// What is learnt.
    public var objective = RerankerObjective.Settings()
    public var reweighting: LossReweighting?
    /// How queries are let in by difficulty; nil for all from the start.
    public var pacing: Pacing?
    /// How weights are stored.
    public var storage = SafetensorsWriter.Storage.f16
    /// Whether weights are stored that the base model beside the output has too.
    public var isComplete = false
    /// The first stage.
    public var candidates = CandidateSearch()
    /// Whether an interrupted training in the output folder is continued.
    public var resumes = false
    /// Whether a model that was trained before in the output folder is replaced.
    public var replaces = false

    public init(output: String, training: TrainingSettings) {
        (self.output, self.training) = (output, training)
    }

    /// The tokens that are computed at once. Conv-KNRM takes little memory, and shares the work of equal tokens.
    private var microBatch: Int { architecture == .convKNRM ? 1 << 15 : 2048 }

    private func network(_ model: ModelFolder) throws -> any RerankerNetwork {
        switch architecture {
        case .crossEncoder: try CrossEncoderNetwork(model, rates: objective.rates, seed: training.seed)
        case .convKNRM: try ConvKNRMNetwork(model, seed: training.seed)
        }
    }

    /// Trains to the end, or until it is cancelled, and keeps the best reranker.
    ///
    /// - Throws: `TrawlError` for a model that cannot be trained, queries without anything to learn from, or a resumed training
    ///   of other settings or data; what was learnt before an error is kept as a state that can be resumed.
    public func run(
        _ judged: [JudgedIndex], _ engine: Engine, progress: any ProgressReporter = .silent,
        cancellation: Cancellation = .never
    ) throws -> TrainingOutcome {
        guard !objective.loss.needsTeacher || candidates.teacher != nil else {
            throw TrawlError(
                .invalidInput, "the loss \(objective.loss.rawValue) takes the scores of a teacher",
                remedy: "give a run file with scores, or choose another loss")
        }
        let model = try ModelFolder(path: ModelCatalogue.path(of: start))
        let tokenizer = try model.loadTokenizer()
        let template = architecture == .crossEncoder ? PairTemplate(tokenizer) : .plain
        let output = try TrainingOutput(
            name: output, storage: storage, isComplete: isComplete, resumes: resumes, replaces: replaces
        ).folder(beginningWith: model)
        let network = try network(model)
        let encode = { (text: String) in tokenizer.encodeIDs(text, addSpecialTokens: false) }
        let found = try candidates.run(
            judged, engine, .init(query: encode, passage: encode), progress: progress, cancellation: cancellation)
        let trial = RerankerTrial(
            parts: found.compactMap { part in part.heldOut.map { .init(pool: $0, qrels: part.qrels) } },
            template: template, maximumTokens: objective.examples.maximumTokens)
        let examples = try RerankExamples(
            found.map(\.trained.collection), template: template, settings: objective.examples,
            curriculum: objective.curriculum)
        var training = training
        training.microBatch = microBatch
        let trainer = try Trainer(
            RerankerObjective(network, examples: examples, settings: objective, origin: model.digest),
            settings: training, hooks: TrainingHooks(weighting: reweighting, curriculum: pacing?.curriculum))
        let checkpoint = TrainingCheckpoint(path: output.path)
        if resumes { try checkpoint.restoreState(of: trainer) } else { checkpoint.removeTraces() }
        let before = trial.queryCount > 0 ? try trial.firstStage() : nil
        progress.note(
            "\(examples.queryCount) queries to train on"
                + (before.map { " · first stage nDCG@10 \(fixed($0, 4)) (\(trial.queryCount) held-out queries)" } ?? "")
        )
        var worth: RerankerTrial.Worth?
        var session = TrainingSession(
            trainer: trainer, checkpoint: checkpoint,
            score: before == nil
                ? nil
                : .init(measure: "nDCG@10", queries: "\(trial.queryCount) held-out queries") {
                    worth = try trial.worth(of: $0.network, isStopped: $1)
                    return worth?.value
                }, cancellation: cancellation, progress: progress
        ) {
            try $0.network.write(to: output, beginningWith: model)
            try output.writeMaximum(tokens: objective.examples.maximumTokens)
            // The state that is written was the last to be scored.
            if let worth { try output.writeRerankWeight(worth.weight) }
        }
        try session.run()
        if before != nil, let weight = try ModelFolder(path: output.path).rerankWeight() {
            progress.note("searches give its scores a weight of \(fixed(Double(weight), 1)) unless told otherwise")
        }
        return TrainingOutcome(
            path: output.path, steps: trainer.step, done: trainer.done, before: before,
            after: trainer.history.best?.value)
    }
}
