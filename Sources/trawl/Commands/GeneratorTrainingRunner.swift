import Core
import Corpus
import Evaluation
import Foundation
import Models
import Retrieval
import Tensors
import Tokenizers
import Training

/// Trains a generator on an index and writes its folder.
struct GeneratorTrainingRunner {
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

    /// How often an unfinished training is made safe.
    private static let secondsBetweenStates = 300.0

    func run() throws {
        let model = try start.map { try ModelFolder(path: ModelCatalogue.path(of: $0)) } ?? index.generatorModel()
        let tokenizer = try index.tokenizer(of: model)
        let checkpoint = try checkpoint(beginningWith: model)
        if resumes && !checkpoint.hasState {
            throw TrawlError(
                .notFound, "there is no interrupted training to go on with", path: checkpoint.path,
                remedy: "train without --resume")
        }
        let settings = settings(beginningWith: model)
        let template = try SourceTemplate(prompt: index.prompt(of: model), tokenizer: tokenizer)
        let vocabulary = GeneratorVocabulary(tokenizer)
        let (corpus, documents) = try readCorpus(tokenizer, vocabulary)
        let judged = try readQueries(documents)
        let examples = try GeneratorExamples(
            corpus: corpus,
            queries: judged.trained.map { query in
                .init(
                    tokens: template.tokens(query.text),
                    passages: query.relevant.sorted().flatMap { documents[$0] ?? [] },
                    source: template.source(query.text))
            }, start: template.start, end: template.end,
            seed: settings.seed, settings: settings.examples)
        let network = try network(beginningWith: model, tokenizer, settings)
        let trainer = try GeneratorTrainer(network, examples: examples, settings: settings)
        if resumes { try checkpoint.restoreState(of: trainer) }
        Interruption.await()
        try train(trainer, checkpoint)
        try checkpoint.write(network, beginningWith: model)
        if trainer.done >= 1 { checkpoint.removeState() } else { try checkpoint.writeState(of: trainer) }
        Interruption.release()
        try weigh(checkpoint, beginningWith: model, judged.heldOut)
        let share = Int(trainer.done * 100)
        Diagnostics.line(
            trainer.done >= 1
                ? "\(checkpoint.path): trained in \(trainer.step) steps"
                : "\(checkpoint.path): stopped at \(share)% after \(trainer.step) steps; --resume goes on")
    }

    /// Fits the weights of n-grams to the queries that were kept, or takes over those of the model that was begun with.
    private func weigh(_ checkpoint: GeneratorCheckpoint, beginningWith model: ModelFolder, _ heldOut: [Judged]) throws
    {
        try LearnedWeightsFile.copy(fromGenerator: model.path, to: checkpoint.path)
        guard !heldOut.isEmpty, !Interruption.hasCome else { return }
        do {
            _ = try KeyWeightFit(index: index, generator: checkpoint.path, progress: progress).run(heldOut)
        } catch let error as TrawlError where error.code == .invalidInput {
            progress.warn("the weights of n-grams were not fitted: \(error.message)")
        }
    }

    private func train(_ trainer: GeneratorTrainer, _ checkpoint: GeneratorCheckpoint) throws {
        var lastState = trainer.seconds
        var lastLine = -Double.infinity
        var rate: Double?
        try trainer.run { step in
            rate = rate.map { 0.95 * $0 + 0.05 * step.tokensPerSecond } ?? step.tokensPerSecond
            if trainer.seconds - lastLine >= 10 || step.done >= 1 {
                lastLine = trainer.seconds
                progress.note(
                    "step \(step.step) · \(Int(step.done * 100))% · loss \(format(step.loss, 3)) · "
                        + "\(Int(rate ?? 0)) target tokens/s · \(format(step.secondsLeft / 60, 1)) min left")
            }
            if trainer.seconds - lastState >= Self.secondsBetweenStates {
                lastState = trainer.seconds
                try checkpoint.writeState(of: trainer)
            }
            return !Interruption.hasCome
        }
    }

    private func format(_ value: Double, _ digits: Int) -> String { String(format: "%.\(digits)f", value) }

    /// The folder to write: a name goes to Trawl's models, where the base model may stand beside it.
    private func checkpoint(beginningWith model: ModelFolder) throws -> GeneratorCheckpoint {
        guard !output.isEmpty else {
            throw TrawlError(.invalidInput, "the output has no name", remedy: "name it with --output")
        }
        let path =
            output.contains("/") ? (output as NSString).expandingTildeInPath : ModelCatalogue.folder + "/" + output
        func resolved(_ path: String) -> String { URL(filePath: path).resolvingSymlinksInPath().path }
        guard ![model.folderPath, model.base?.folderPath ?? ""].map(resolved).contains(resolved(path)) else {
            throw TrawlError(
                .invalidInput, "the output is the model that training begins with", path: path,
                remedy: "name another with --output")
        }
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
        try index.forEachTokenisedPassage { document, tokens in
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

    private typealias Judged = (text: String, relevant: Set<DocumentID>)

    /// The judged queries with their relevant documents: most to train on, some to weigh n-grams by.
    private func readQueries(_ places: [DocumentID: [Int]]) throws -> (trained: [Judged], heldOut: [Judged]) {
        guard let queries, let qrels else { return ([], []) }
        let judgements = try Qrels(path: qrels)
        let found: [Judged] = try QueryReader().read(queries).compactMap { query in
            let relevant = (judgements[query.id] ?? [:]).filter { $0.value > 0 && places[$0.key] != nil }
            return relevant.isEmpty ? nil : (query.text, Set(relevant.keys))
        }
        guard !found.isEmpty else {
            throw TrawlError(
                .invalidInput, "no query has a relevant document in the index", path: qrels,
                remedy: "check that queries, judgements and index belong together")
        }
        if found.count < judgements.queries.count {
            progress.warn("\(judgements.queries.count - found.count) judged queries have no text or no document here")
        }
        // Too few would say little, more than some hundreds no more.
        let count = min(Int(Double(found.count) * heldOut), Self.mostHeldOut)
        guard count >= Self.fewestHeldOut else { return (found, []) }
        let step = found.count / count
        let isHeldOut = { (place: Int) in place % step == 0 && place / step < count }
        return (
            found.indices.filter { !isHeldOut($0) }.map { found[$0] }, found.indices.filter(isHeldOut).map { found[$0] }
        )
    }

    private static let fewestHeldOut = 20
    private static let mostHeldOut = 300
}
