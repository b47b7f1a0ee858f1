import Foundation
import TrawlCore
import TrawlCorpus
import TrawlEngine
import TrawlEvaluation
import TrawlModels
import TrawlTensors
import TrawlTokenizers
import TrawlTraining
import TrawlWorkbench

/// Trains a generator on an index and writes its folder.
struct GeneratorTrainingRunner {
    let engine: Engine
    let index: SearchIndex
    let queries: String?
    let qrels: String?
    /// The model to begin with; the index's own when nil.
    let start: String?
    let output: String
    let settings: GeneratorTrainingSettings
    let storage: SafetensorsWriter.Storage
    let isComplete: Bool
    /// The share of the judged queries that are kept for the weights of n-grams.
    let heldOut: Double
    let resumes: Bool
    /// Of a decoder's adapters; nil for the usual one.
    let rank: Int?
    let progress: TerminalProgress

    /// Of the queries that are kept from training: too few would say little, more than some hundreds no more.
    private static let heldOutCount = 20...300
    /// How many of them score the generator amid its training.
    private static let mostScored = 64

    func run() throws {
        let model = try start.map { try ModelFolder(path: ModelCatalogue.path(of: $0)) } ?? index.generatorModel()
        let tokenizer = try index.tokenizer(of: model)
        let checkpoint = try checkpoint(beginningWith: model)
        if resumes && !checkpoint.hasState {
            throw TrawlError(
                .notFound, "there is no interrupted training to go on with", path: checkpoint.path,
                remedy: "train without --resume")
        }
        // What would fail at the end fails now.
        try LearnedWeightsFile.validate(generator: model.path)
        let settings = settings(beginningWith: model)
        let template = try SourceTemplate(prompt: index.prompt(of: model), tokenizer: tokenizer)
        let vocabulary = GeneratorVocabulary(tokenizer)
        let (corpus, documents) = try readCorpus(tokenizer, vocabulary)
        let judged = try readQueries(documents)
        let examples = try GeneratorExamples(
            corpus: corpus,
            queries: judged.trained.entries.map { query in
                .init(
                    tokens: template.tokens(query.text),
                    passages: query.relevant.sorted().flatMap { documents[$0] ?? [] },
                    source: template.source(query.text))
            }, start: template.start, end: template.end,
            seed: settings.seed, settings: settings.examples)
        let network = try network(beginningWith: model, tokenizer, settings)
        let trainer = try GeneratorTrainer(
            network, examples: examples, settings: settings, origin: model.digest)
        if resumes { try checkpoint.restoreState(of: trainer) } else { checkpoint.removeTraces() }
        Interruption.await()
        let asksForTitles = judged.trained.count == 0
        var session = GeneratorTrainingSession(
            trainer: trainer, checkpoint: checkpoint, start: model,
            trial: GeneratorTrial(
                engine: engine, index: index,
                checkpoint: GeneratorCheckpoint(
                    path: trialPath(checkpoint.path), storage: storage, base: checkpoint.base),
                start: model, progress: progress),
            asked: asksForTitles ? titles(corpus, documents, tokenizer) : judged.trained,
            asksForTitles: asksForTitles, scored: judged.heldOut.spread(Self.mostScored), encode: template.tokens,
            progress: progress)
        try session.run()
        Interruption.release()
        try weigh(checkpoint, beginningWith: model, judged.heldOut)
        let share = Int(trainer.done * 100)
        Diagnostics.line(
            trainer.done >= 1
                ? "\(checkpoint.path): trained in \(trainer.step) steps"
                : "\(checkpoint.path): stopped at \(share)% after \(trainer.step) steps; --resume goes on")
    }

    /// Fits the weights of n-grams to the queries that were kept, or takes over those of the model that was begun with.
    private func weigh(_ checkpoint: GeneratorCheckpoint, beginningWith model: ModelFolder, _ heldOut: JudgedQueries)
        throws
    {
        try LearnedWeightsFile.copy(fromGenerator: model.path, to: checkpoint.path)
        guard heldOut.count > 0, !Interruption.hasCome else { return }
        do {
            var fit = KeyWeightFit(generator: checkpoint.path)
            fit.priorQueries = 0
            _ = try fit.run(heldOut.entries, index, engine, progress: progress)
        } catch let error as TrawlError where error.code == .invalidInput {
            progress.warn("the weights of n-grams were not fitted: \(error.message)")
        }
    }

    /// A hidden folder beside the output, where the same base model is found.
    private func trialPath(_ path: String) -> String {
        let (parent, name) = ((path as NSString).deletingLastPathComponent, (path as NSString).lastPathComponent)
        return (parent as NSString).appendingPathComponent(
            ".\(name).trial-\(ProcessInfo.processInfo.processIdentifier)")
    }

    /// The folder to write: a name goes to Trawl's models, where the base model may stand beside it.
    private func checkpoint(beginningWith model: ModelFolder) throws -> GeneratorCheckpoint {
        guard !output.isEmpty else {
            throw TrawlError(.invalidInput, "the output has no name", remedy: "name it with --output")
        }
        var path =
            output.contains("/") ? (output as NSString).expandingTildeInPath : ModelCatalogue.folder + "/" + output
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        func resolved(_ path: String) -> String { URL(filePath: path).resolvingSymlinksInPath().path }
        guard ![model.folderPath, model.base?.folderPath ?? ""].map(resolved).contains(resolved(path)) else {
            throw TrawlError(
                .invalidInput, "the output is the model that training begins with", path: path,
                remedy: "name another with --output")
        }
        try GeneratorCheckpoint.requireOwn(path)
        let parent = (path as NSString).deletingLastPathComponent
        // Beside the output, the very model that training begins with, or that this one leaves its tensors to.
        let origin = model.base ?? model
        let beside = parent + "/" + (origin.folderPath as NSString).lastPathComponent
        let isThere =
            !isComplete && (origin.architecture == .bert || origin.isDecoder)
            && FileManager.default.fileExists(atPath: beside)
        let candidate = isThere ? try ModelFolder(path: beside) : nil
        guard !origin.isDecoder || candidate?.digest == origin.digest else {
            throw TrawlError(
                .invalidInput, "a decoder's adapters are stored alone, and need the decoder beside them", path: path,
                remedy:
                    "without --complete, give --output a name, or a path in the folder that holds \(origin.folderPath)")
        }
        return GeneratorCheckpoint(
            path: path, storage: storage, base: candidate?.digest == origin.digest ? candidate : nil)
    }

    private func readCorpus(
        _ tokenizer: Tokenizer, _ vocabulary: GeneratorVocabulary
    ) throws -> (TrainingCorpus, [DocumentID: [Int]]) {
        progress.begin("reading the corpus", total: index.documents.passageCount, unit: "passages")
        var passages: [[TokenID]] = []
        var places: [DocumentID: [Int]] = [:]
        try index.forEachTokenisedPassage(tokenizer) { document, tokens in
            places[document, default: []].append(passages.count)
            passages.append(tokens)
            progress.advance(1)
        }
        progress.end()
        return (
            TrainingCorpus(
                passages: passages, titleEnd: index.titleEnd(tokenizer), sentenceEnds: vocabulary.sentenceEnds,
                beginsWord: vocabulary.beginsWord), places
        )
    }

    /// The titles of passages with their documents.
    private func titles(
        _ corpus: TrainingCorpus, _ places: [DocumentID: [Int]], _ tokenizer: Tokenizer
    ) -> JudgedQueries {
        var documents: [Int: DocumentID] = [:]
        for (document, passages) in places { for passage in passages { documents[passage] = document } }
        return JudgedQueries(
            texts: corpus.titleLengths.enumerated().compactMap { passage, length in
                guard length > 0, let document = documents[passage] else { return nil }
                // A passage's first word stands behind a space.
                let title = tokenizer.decode(Array(corpus.passages[passage][..<length]))
                return (title.trimmingCharacters(in: .whitespaces), document)
            })
    }

    /// The judged queries: most to train on, some to weigh n-grams and to score the generator by.
    private func readQueries(
        _ places: [DocumentID: [Int]]
    ) throws -> (trained: JudgedQueries, heldOut: JudgedQueries) {
        guard let queries, let qrels else { return (.none, .none) }
        let judged = try JudgedQueries(queries: queries, qrels: qrels) { places[$0] != nil }
        let missing = judged.qrels.queries.count - judged.count
        if missing > 0 { progress.warn("\(missing) judged queries have no text or no document here") }
        let parts = judged.split(
            heldOut: heldOut, fewest: Self.heldOutCount.lowerBound, most: Self.heldOutCount.upperBound)
        if parts.heldOut.count == 0, heldOut > 0 {
            progress.warn(
                "of \(judged.count) judged queries none is kept from training: the generator is not scored, and the weights of n-grams not fitted"
            )
        }
        return parts
    }
}
