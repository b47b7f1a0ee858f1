import Foundation
public import TrawlCore
public import TrawlEngine
public import TrawlEvaluation
import TrawlModels
public import TrawlTensors
import TrawlTokenizers
public import TrawlTraining

/// Trains a generator on an index and writes its folder.
///
/// The generator learns from judged queries where there are any, and always from the corpus. Held-out queries score it
/// during the training, and fit the weights of n-grams at its end. A training that was cancelled can be resumed.
public struct GeneratorTraining {
    /// The model to begin with, by name or path: an encoder-decoder, a BERT encoder or a decoder; nil: the index's generator.
    public var start: String?
    /// The name of the new model among Trawl's models, or a path.
    public let output: String
    /// When the training ends, and how it steps.
    public var training: TrainingSettings
    /// What is learnt.
    public var objective = GeneratorObjective.Settings()
    public var reweighting: LossReweighting?
    /// How judged queries are let in by difficulty; nil for all from the start.
    public var pacing: Pacing?
    /// How weights are stored.
    public var storage = SafetensorsWriter.Storage.f16
    /// Whether weights are stored that the base model beside the output has too.
    public var isComplete = false
    /// The judged queries to learn from.
    public var queries: [Query] = []
    public var qrels = Qrels()
    /// The last document that the generator knows; those after it are new. nil: all are alike. See
    /// `GeneratorExamples.Settings.replayShare`.
    public var newAfter: DocumentID?
    /// The share of the judged queries that is held out.
    public var heldOut = 0.12
    /// Whether an interrupted training in the output folder is continued.
    public var resumes = false
    /// Whether a model that was trained before in the output folder is replaced.
    public var replaces = false
    /// The rank of a decoder's adapters; nil for the default.
    public var rank: Int?

    public init(output: String, training: TrainingSettings) {
        self.output = output
        self.training = training
    }

    /// The number of held-out queries: fewer would say little, and more would add little.
    private static let heldOutCount = 20...300
    /// The most of them that score the generator during training.
    private static let mostScored = 64

    /// Trains to the end, or until it is cancelled, and keeps the best generator.
    ///
    /// - Throws: `TrawlError` for a model that cannot be trained, a corpus without anything to learn from, or a resumed
    ///   training of other settings; what was learnt before an error is kept as a state that can be resumed.
    public func run(
        _ index: SearchIndex, _ engine: Engine, progress: any ProgressReporter = .silent,
        cancellation: Cancellation = .never
    ) throws -> TrainingOutcome {
        let model = try start.map { try ModelFolder(path: ModelCatalogue.path(of: $0)) } ?? index.generatorModel()
        let tokenizer = try index.tokenizer(of: model)
        let output = try TrainingOutput(
            name: output, storage: storage, isComplete: isComplete, resumes: resumes, replaces: replaces
        ).folder(beginningWith: model)
        let checkpoint = TrainingCheckpoint(path: output.path)
        // An error that would come at the end comes now.
        try LearnedWeightsFile.validate(generator: model.path)
        let (training, settings) = settings(beginningWith: model)
        let template = try SourceTemplate(prompt: index.prompt(of: model), tokenizer: tokenizer)
        let vocabulary = GeneratorVocabulary(tokenizer)
        let (corpus, documents) = try readCorpus(index, tokenizer, vocabulary, progress)
        let judged = try split(documents, progress)
        let examples = try GeneratorExamples(
            corpus: corpus,
            queries: judged.trained.entries.map { query in
                .init(
                    tokens: template.tokens(query.text),
                    passages: query.relevant.sorted().flatMap { documents[$0] ?? [] },
                    source: template.source(query.text))
            }, start: template.start, end: template.end,
            firstNew: try firstNew(documents, of: corpus.passages.count, index),
            settings: settings.examples)
        let network = try network(beginningWith: model, tokenizer, settings)
        let trainer = try Trainer(
            GeneratorObjective(network, examples: examples, settings: settings, origin: model.digest),
            settings: training, hooks: TrainingHooks(weighting: reweighting, curriculum: pacing?.curriculum))
        if resumes { try checkpoint.restoreState(of: trainer) } else { checkpoint.removeTraces() }
        let asksForTitles = judged.trained.count == 0
        let trial = GeneratorTrial(
            engine: engine, index: index,
            folder: TrainedModelFolder(path: trialPath(output.path), storage: storage, base: output.base),
            start: model, progress: progress)
        let sampling = GeneratorSampling(
            trial: trial, asked: asksForTitles ? titles(corpus, documents, tokenizer) : judged.trained,
            asksForTitles: asksForTitles, encode: template.tokens, cancellation: cancellation, progress: progress)
        let scored = judged.heldOut.spread(Self.mostScored)
        var session = TrainingSession(
            trainer: trainer, checkpoint: checkpoint,
            score: scored.count == 0
                ? nil
                : .init(measure: "nDCG@10", queries: "\(scored.count) held-out queries") {
                    try trial.score($0.network, by: scored, isStopped: $1)
                }, cancellation: cancellation, progress: progress
        ) { try $0.network.write(to: output, beginningWith: model) }
        session.between = sampling.sample
        try session.run()
        try LearnedWeightsFile.copy(fromGenerator: model.path, to: output.path)
        try weigh(output, judged.heldOut, index, engine, progress, cancellation)
        return TrainingOutcome(
            path: output.path, steps: trainer.step, done: trainer.done, before: nil, after: nil)
    }

    /// The first passage after the documents that the generator knows.
    private func firstNew(_ passages: [DocumentID: [Int]], of count: Int, _ index: SearchIndex) throws -> Int {
        guard let newAfter else { return 0 }
        guard let known = passages[newAfter]?.max() else {
            throw TrawlError(
                .notFound, "there is no document '\(newAfter.rawValue)', after which others are new", path: index.path,
                remedy: "name a document of the index, or train on all")
        }
        guard known + 1 < count else {
            throw TrawlError(
                .invalidInput, "no document was added after '\(newAfter.rawValue)'", path: index.path,
                remedy: "add documents first")
        }
        return known + 1
    }

    /// Fits the weights of n-grams to the held-out queries, where there are any.
    private func weigh(
        _ output: TrainedModelFolder, _ heldOut: JudgedQueries, _ index: SearchIndex, _ engine: Engine,
        _ progress: any ProgressReporter, _ cancellation: Cancellation
    ) throws {
        guard heldOut.count > 0 else { return }
        do {
            var fit = KeyWeightFit(generator: output.path)
            fit.priorQueries = 0
            _ = try fit.run(heldOut.entries, index, engine, progress: progress, cancellation: cancellation)
        } catch is CancellationError {
            progress.end()
        } catch let error as TrawlError where error.code == .invalidInput {
            progress.warn("the weights of n-grams were not fitted: \(error.message)")
        }
    }

    /// A hidden folder beside the output, where the generator finds the same base model.
    private func trialPath(_ path: String) -> String {
        let (parent, name) = ((path as NSString).deletingLastPathComponent, (path as NSString).lastPathComponent)
        return (parent as NSString).appendingPathComponent(
            ".\(name).trial-\(ProcessInfo.processInfo.processIdentifier)")
    }

    private func readCorpus(
        _ index: SearchIndex, _ tokenizer: Tokenizer, _ vocabulary: GeneratorVocabulary,
        _ progress: any ProgressReporter
    ) throws -> (TrainingCorpus, [DocumentID: [Int]]) {
        progress.begin("reading the corpus", total: index.documents.passageCount, unit: "passages")
        var passages: [[TokenID]] = []
        var numbers: [DocumentID: [Int]] = [:]
        try index.forEachTokenisedPassage(tokenizer) { document, tokens in
            numbers[document, default: []].append(passages.count)
            passages.append(tokens)
            progress.advance(1)
        }
        progress.end()
        return (
            TrainingCorpus(
                passages: passages, titleEnd: index.titleEnd(tokenizer), sentenceEnds: vocabulary.sentenceEnds,
                beginsWord: vocabulary.beginsWord), numbers
        )
    }

    /// The titles of passages with their documents.
    private func titles(
        _ corpus: TrainingCorpus, _ numbers: [DocumentID: [Int]], _ tokenizer: Tokenizer
    ) -> JudgedQueries {
        var documents: [Int: DocumentID] = [:]
        for (document, passages) in numbers { for passage in passages { documents[passage] = document } }
        return JudgedQueries(
            texts: corpus.titleLengths.enumerated().compactMap { passage, length in
                guard length > 0, let document = documents[passage] else { return nil }
                // The first word of a passage follows a space.
                let title = tokenizer.decode(Array(corpus.passages[passage][..<length]))
                return (title.trimmingCharacters(in: .whitespaces), document)
            })
    }

    /// The judged queries: most are trained on; held-out ones score the generator and fit the weights of n-grams.
    private func split(
        _ numbers: [DocumentID: [Int]], _ progress: any ProgressReporter
    ) throws -> (trained: JudgedQueries, heldOut: JudgedQueries) {
        guard !queries.isEmpty else { return (.none, .none) }
        let judged = JudgedQueries(queries, qrels) { numbers[$0] != nil }
        guard judged.count > 0 else {
            throw TrawlError(
                .invalidInput, "no query has a relevant document here",
                remedy: "check that queries, judgements and corpus belong together")
        }
        let missing = judged.qrels.queries.count - judged.count
        if missing > 0 { progress.warn("\(missing) judged queries have no text or no document here") }
        let parts = judged.split(
            heldOut: heldOut, fewest: Self.heldOutCount.lowerBound, most: Self.heldOutCount.upperBound)
        if parts.heldOut.count == 0, heldOut > 0 {
            progress.warn(
                "none of \(judged.count) judged queries is held out: the generator is not scored, and the weights of n-grams are not fitted"
            )
        }
        return parts
    }
}
