import Foundation
import TrawlCore
import TrawlCorpus
import TrawlEngine
import TrawlEvaluation
import TrawlModels
import TrawlTensors
import TrawlTokenizers
import TrawlTraining

/// Trains a generator on an index and writes its folder.
struct GeneratorTrainingRunner {
    let index: SearchIndex
    let queries: String?
    let qrels: String?
    /// The model to begin with; nil for that of the index.
    let start: String?
    let output: String
    let training: TrainingSettings
    let objective: GeneratorObjective.Settings
    let storage: SafetensorsWriter.Storage
    let isComplete: Bool
    /// The share of the judged queries that is held out.
    let heldOut: Double
    let resumes: Bool
    /// The rank of a decoder's adapters; nil for the default.
    let rank: Int?
    let progress: TerminalProgress
    /// Whether the user wants training to end early.
    let isCancelled: () -> Bool
    /// Called before and after the part of the work that `isCancelled` ends in good order.
    var willTrain: () -> Void = {}
    var didTrain: () -> Void = {}

    /// What came of a training.
    struct Outcome {
        let path: String
        let steps: Int
        /// The share of the training that is done; below 1 when it was interrupted.
        let done: Double
    }

    /// The number of held-out queries: fewer would say little, and more would add little.
    private static let heldOutCount = 20...300
    /// The most of them that score the generator during training.
    private static let mostScored = 64

    func run() throws -> Outcome {
        let model = try start.map { try ModelFolder(path: ModelCatalogue.path(of: $0)) } ?? index.generatorModel()
        let tokenizer = try index.tokenizer(of: model)
        let output = try outputFolder(beginningWith: model)
        let checkpoint = TrainingCheckpoint(path: output.path)
        if resumes && !checkpoint.hasState {
            throw TrawlError(
                .notFound, "there is no interrupted training to go on with", path: output.path,
                remedy: "train without --resume")
        }
        // An error that would come at the end comes now.
        try LearnedWeightsFile.validate(generator: model.path)
        let (training, settings) = settings(beginningWith: model)
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
            settings: settings.examples)
        let network = try network(beginningWith: model, tokenizer, settings)
        let trainer = try Trainer(
            GeneratorObjective(network, examples: examples, settings: settings, origin: model.digest),
            settings: training)
        if resumes { try checkpoint.restoreState(of: trainer) } else { checkpoint.removeTraces() }
        willTrain()
        let asksForTitles = judged.trained.count == 0
        var session = GeneratorTrainingSession(
            trainer: trainer, checkpoint: checkpoint, output: output, start: model,
            trial: GeneratorTrial(
                index: index,
                folder: TrainedModelFolder(path: trialPath(output.path), storage: storage, base: output.base),
                start: model, progress: progress),
            asked: asksForTitles ? titles(corpus, documents, tokenizer) : judged.trained,
            asksForTitles: asksForTitles, scored: judged.heldOut.spread(Self.mostScored), encode: template.tokens,
            isCancelled: isCancelled, note: { progress.note($0) })
        try session.run()
        didTrain()
        try weigh(output, beginningWith: model, judged.heldOut)
        return Outcome(path: output.path, steps: trainer.step, done: trainer.done)
    }

    /// Fits the weights of n-grams to the held-out queries, or copies those of the model that training began with.
    private func weigh(_ output: TrainedModelFolder, beginningWith model: ModelFolder, _ heldOut: JudgedQueries)
        throws
    {
        try LearnedWeightsFile.copy(fromGenerator: model.path, to: output.path)
        guard heldOut.count > 0, !isCancelled() else { return }
        do {
            _ = try KeyWeightFit(index: index, generator: output.path, priorQueries: 0, progress: progress)
                .run(heldOut.entries)
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

    /// The folder to write: a name means a folder of Trawl's models, where the base model may be beside it.
    private func outputFolder(beginningWith model: ModelFolder) throws -> TrainedModelFolder {
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
        try TrainedModelFolder.requireOwn(path)
        let parent = (path as NSString).deletingLastPathComponent
        // The base must be the model that training begins with, or the base of that model.
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
        return TrainedModelFolder(
            path: path, storage: storage, base: candidate?.digest == origin.digest ? candidate : nil)
    }

    private func readCorpus(
        _ tokenizer: Tokenizer, _ vocabulary: GeneratorVocabulary
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
    private func readQueries(
        _ numbers: [DocumentID: [Int]]
    ) throws -> (trained: JudgedQueries, heldOut: JudgedQueries) {
        guard let queries, let qrels else { return (.none, .none) }
        let judged = try JudgedQueries(queries: queries, qrels: qrels) { numbers[$0] != nil }
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
