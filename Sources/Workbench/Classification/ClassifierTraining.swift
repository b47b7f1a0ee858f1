import Foundation
public import TrawlClassification
public import TrawlCore
import TrawlEmbeddings
public import TrawlEngine
public import TrawlEvaluation

/// Trains a classifier of texts on labelled texts or on the documents of an index.
public struct ClassifierTraining: Sendable {
    /// nil: the labels are described, and nothing else is known of them.
    public var source: LabelledSource?
    public var descriptions: LabelDescriptions?
    /// nil: the best.
    public var head: HeadKind?
    /// What writes further examples, which count if held-out ones are labelled better with them; nil for none.
    public var writing: ExampleWriting?
    /// The embedding model; nil: that of the index, or the default one.
    public var model: String?
    /// What stands before each text; nil: the model's default prompt.
    public var prompt: String?
    /// The task, for models that were trained with instructions.
    public var instruction: String?
    public let output: String
    /// Whether a file of that name is replaced.
    public var replaces = false

    public init(_ source: LabelledSource?, output: String) {
        self.source = source
        self.output = output
    }

    /// - Throws: `TrawlError` for what cannot be learned from, before anything is written.
    public func run(
        _ engine: Engine, progress: any ProgressReporter
    ) throws -> Classifier {
        _ = try OutputFile(output)
        if !replaces, FileManager.default.fileExists(atPath: output), isRegular(output) {
            throw TrawlError(
                .invalidInput, "this file exists already", path: output, remedy: "name another file",
                topic: .replacement)
        }
        let classifier = try train(engine, progress)
        try classifier.write(to: output)
        return classifier
    }

    private func isRegular(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    }

    private func train(_ engine: Engine, _ progress: any ProgressReporter) throws -> Classifier {
        let reader = LabelledReader(
            engine: engine, model: model, prompt: try givenPrompt(engine), progress: progress)
        let data = try source.map { try reader.read($0) } ?? withoutExamples(engine, reader)
        let labels = Classifier.sorted(
            data.labels.isEmpty ? Set((descriptions?.entries ?? []).map(\.label)) : Set(data.labels))
        let path = source?.path ?? descriptions?.path
        guard labels.count > 1 else {
            throw TrawlError(
                .invalidInput, "all examples have the label '\(labels.first ?? "")'", path: path,
                remedy: "give examples of at least two labels")
        }
        warnOfSingleExamples(data.labels, path ?? "", progress)
        warnOfSeveralLabels(data, path ?? "", progress)
        let texts = try descriptionTexts(labels)
        let isFew = data.examples.count <= Classifier.mostDescribedExamples
        if head == nil, descriptions != nil, !isFew {
            progress.warn(
                "the descriptions are not used: the head 'labels' takes up to \(Classifier.mostDescribedExamples) examples, "
                    + "here are \(data.examples.count)")
        }
        let needsTokens = isFew && (head == .labels || (head == nil && descriptions != nil))
        if needsTokens, data.source.model == nil {
            throw TrawlError(
                .invalidInput, "descriptions of labels are read with the texts, not with vectors that were given",
                path: path, remedy: "name an embedding model in place of the vectors")
        }
        let described =
            try needsTokens || head == .labels ? Self.described(labels, texts, data.source, engine) : nil
        let tokens = try needsTokens ? Self.tokens(of: data.examples.map(\.text), data.source, engine) : nil
        let numbers = Dictionary(uniqueKeysWithValues: labels.enumerated().map { ($1, $0) })
        do {
            let classifier = try Classifier(
                labels: labels, examples: data.examples, vectors: data.vectors,
                targets: data.labels.compactMap { numbers[$0] }, source: data.source, tokens: tokens,
                descriptions: described, head: head, progress: progress)
            return try writing.map { try learned(classifier, texts, $0, engine, progress) } ?? classifier
        } catch let error as TrawlError where error.path == nil && path != nil {
            throw error.at(path: path ?? "")
        }
    }

    /// The classifier with examples that a language model wrote, if it is better with them.
    private func learned(
        _ classifier: Classifier, _ descriptions: [String: String], _ writing: ExampleWriting, _ engine: Engine,
        _ progress: any ProgressReporter
    ) throws -> Classifier {
        let source = classifier.source
        guard let model = source.model else {
            throw TrawlError(
                .invalidInput, "examples are written and embedded with the texts, not with vectors that were given",
                remedy: "name an embedding model in place of the vectors")
        }
        try classifier.requireHeldOut()
        let most = classifier.examples.count + classifier.labels.count * writing.perLabel
        if let limit = classifier.headKind.mostExamples, most > limit {
            throw TrawlError(
                .invalidInput,
                "the head '\(classifier.headKind.rawValue)' takes up to \(limit) examples; with written ones there may be \(most)",
                remedy: "let fewer be written, or take the head 'logistic'")
        }
        let written = try writing.run(
            classifier.labels.map { descriptions[$0] ?? Self.readable($0) }, classifier.examples.map(\.text),
            targets: classifier.targets, engine, progress: progress)
        let vectors = try engine.models.embedder(model).embed(written.texts, in: source.prompt)
        let tokens = classifier.readsTokens ? try Self.tokens(of: written.texts, source, engine) : nil
        return try classifier.learning(
            from: WrittenTexts(
                written.texts.map { StoredExample(name: "written by \(writing.writer)", text: $0) }, vectors: vectors,
                tokens: tokens, targets: written.targets, shown: written.shown))
    }

    /// What describes a label that has no description.
    private static func readable(_ label: String) -> String { label.replacing("_", with: " ") }

    private func givenPrompt(_ engine: Engine) throws -> EmbeddingPrompt? {
        if let prompt { return EmbeddingPrompt(prefix: prompt) }
        guard let instruction else { return nil }
        return try engine.models.embedder(model ?? ModelCatalogue.defaultEmbedder)
            .prompt(for: .query, instruction: instruction)
    }

    /// The labels alone, which are told apart by their descriptions.
    private func withoutExamples(_ engine: Engine, _ reader: LabelledReader) throws -> LabelledVectors {
        guard descriptions != nil else {
            throw TrawlError(
                .invalidInput, "there are neither examples nor descriptions of labels", remedy: "give one of them")
        }
        guard head == nil || head == .labels else {
            throw TrawlError(
                .invalidInput, "the head '\(head?.rawValue ?? "")' needs examples", path: descriptions?.path,
                remedy: "give labelled texts, or take the head 'labels'")
        }
        let name = model ?? ModelCatalogue.defaultEmbedder
        let embedder = try engine.models.embedder(name)
        let source = VectorSource(model: name, embedder, reader.prompt ?? LabelledReader.defaultPrompt(of: embedder))
        return LabelledVectors(
            vectors: EmbeddingMatrix(count: 0, dimension: embedder.dimension, values: []), source: source)
    }

    private func warnOfSingleExamples(_ labels: [String], _ path: String, _ progress: any ProgressReporter) {
        let counts = labels.reduce(into: [String: Int]()) { $0[$1, default: 0] += 1 }
        let single = Classifier.sorted(counts.filter { $0.value == 1 }.keys)
        guard let first = single.first else { return }
        progress.warn(
            single.count == counts.count
                ? "\(path): every label has one example, so that none can be held out: the head is not chosen by its "
                    + "accuracy, and probabilities are not calibrated"
                : "\(path): labels with one example, which cannot be held out: \(single.count) of \(counts.count); "
                    + "the first is \(first)")
    }

    /// A text with several labels is more often a mistake than meant. The examples count as they are.
    private func warnOfSeveralLabels(_ data: LabelledVectors, _ path: String, _ progress: any ProgressReporter) {
        var first: [String: Int] = [:]
        var (texts, example): (Set<String>, (Int, Int)?) = ([], nil)
        for (number, text) in data.examples.map(\.text).enumerated() where data.lines[number] != nil {
            guard let earlier = first[text] else {
                first[text] = number
                continue
            }
            guard data.labels[earlier] != data.labels[number] else { continue }
            texts.insert(text)
            example = example ?? (earlier, number)
        }
        guard let (one, other) = example, let line = data.lines[one], let otherLine = data.lines[other] else { return }
        progress.warn(
            "\(path): texts with several labels: \(texts.count); the first is '\(data.labels[one])' in line \(line) and "
                + "'\(data.labels[other])' in line \(otherLine)")
    }

    /// The descriptions by their labels.
    private func descriptionTexts(_ labels: [String]) throws -> [String: String] {
        let known = Set(labels)
        var texts: [String: String] = [:]
        for entry in descriptions?.entries ?? [] {
            guard known.contains(entry.label) else {
                throw TrawlError(
                    .invalidInput, "no example has the label '\(entry.label)'", path: descriptions?.path,
                    line: entry.line,
                    remedy: nearestName(to: entry.label, among: labels).map { "did you mean '\($0)'?" }
                        ?? "the labels are \(labels.prefix(5).joined(separator: ", "))")
            }
            texts[entry.label] = entry.text
        }
        return texts
    }

    /// The descriptions of all labels with their vectors; a label without one is described by its name.
    static func described(
        _ labels: [String], _ texts: [String: String], _ source: VectorSource, _ engine: Engine
    ) throws -> (texts: [String], vectors: EmbeddingMatrix) {
        let all = labels.map { texts[$0] ?? readable($0) }
        let embedder = try engine.models.embedder(source.model ?? ModelCatalogue.defaultEmbedder)
        return (all, try embedder.embed(all, in: source.prompt))
    }

    static func tokens(of texts: [String], _ source: VectorSource, _ engine: Engine) throws -> TokenStates {
        let embedder = try engine.models.embedder(source.model ?? ModelCatalogue.defaultEmbedder)
        let states = try embedder.tokenStates(of: texts, in: source.prompt)
        return TokenStates(width: states.width, counts: states.counts, values: states.values)
    }
}
