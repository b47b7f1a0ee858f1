public import TrawlClassification
public import TrawlCore
import TrawlEmbeddings
public import TrawlEngine

/// A classifier together with the model that embeds its texts.
public struct ClassifierUse: Sendable {
    public let classifier: Classifier
    public let path: String
    let engine: Engine

    /// - Throws: what reading the file throws.
    public init(path: String, _ engine: Engine) throws {
        classifier = try Classifier(path: path)
        self.path = path
        self.engine = engine
    }

    /// What a classifier says of texts that have no label yet.
    public struct Answer: Sendable {
        /// nil for a text without anything in it.
        public let probabilities: LabelProbabilities?
        public let nearest: [(example: Int, cosine: Double)]
    }

    /// - Parameter reasons: How many of the nearest examples to give.
    /// - Throws: `TrawlError.incompatible` where the embedding model is another one now; what embedding throws.
    public func classify(
        _ texts: [String], vectors: String? = nil, reasons: Int = 0, progress: any ProgressReporter = .silent
    ) throws -> [Answer] {
        let filled = texts.indices.filter { vectors != nil || texts[$0].contains { !$0.isWhitespace } }
        let inputs = try inputs(filled.map { texts[$0] }, vectors: vectors, progress)
        let found = try classifier.classify(inputs)
        let nearest = reasons > 0 ? try classifier.nearest(inputs, count: reasons) : filled.map { _ in [] }
        var answers = texts.map { _ in Answer(probabilities: nil, nearest: []) }
        for (row, place) in filled.enumerated() {
            answers[place] = Answer(probabilities: found[row], nearest: nearest[row])
        }
        if filled.count < texts.count {
            progress.warn("\(texts.count - filled.count) of \(texts.count) texts are empty and get no label")
        }
        return answers
    }

    private func inputs(
        _ texts: [String], vectors path: String?, _ progress: any ProgressReporter
    ) throws -> ClassifierInputs {
        if let path {
            let matrix = try NumPyFile.matrix(path: path)
            guard matrix.count == texts.count else {
                throw TrawlError(
                    .invalidInput, "the file holds \(matrix.count) vectors, there are \(texts.count) texts", path: path,
                    remedy: "give a vector for each text, in the same order")
            }
            try classifier.source.require(VectorSource(dimension: matrix.dimension), "the file", path: path)
            return try inputs(of: texts, matrix)
        }
        let source = classifier.source
        guard let model = source.model else {
            throw TrawlError(
                .invalidInput, "the classifier was trained on vectors that were given, and no model is known",
                path: self.path,
                remedy: "give the vectors of these texts, too")
        }
        let embedder = try engine.models.embedder(model)
        try source.require(VectorSource(model: model, embedder, source.prompt), "the installed model", path: self.path)
        let matrix = try embedder.embed(texts, in: source.prompt, progress: progress)
        if matrix.cutTexts > 0 {
            progress.warn(
                "\(matrix.cutTexts) of \(matrix.count) texts are longer than the \(embedder.maximumTokens) tokens that "
                    + "the model reads; their ends are not embedded")
        }
        return try inputs(of: texts, matrix)
    }

    private func inputs(of texts: [String], _ matrix: EmbeddingMatrix) throws -> ClassifierInputs {
        let tokens =
            classifier.readsTokens ? try ClassifierTraining.tokens(of: texts, classifier.source, engine) : nil
        return try ClassifierInputs(matrix, tokens: tokens)
    }

    // MARK: - Labelled texts

    func read(_ source: LabelledSource, _ progress: any ProgressReporter) throws -> LabelledVectors {
        let known = classifier.source
        var prompt: EmbeddingPrompt?
        var model: String?
        // Documents of an index bring vectors of their own, whose model is compared below.
        if case .file(_, let vectors) = source, vectors == nil {
            guard known.model != nil else {
                throw TrawlError(
                    .invalidInput, "the classifier was trained on vectors that were given, and no model is known",
                    path: path, remedy: "give the vectors of these texts, too")
            }
            (prompt, model) = (known.prompt, known.model)
        }
        if case .index(let index, _) = source, !index.recipe.build.contains("dense") {
            (prompt, model) = (known.prompt, known.model)
        }
        let reader = LabelledReader(engine: engine, model: model, prompt: prompt, progress: progress)
        let data = try reader.read(source)
        try known.require(data.source, "the source", path: source.path)
        return data
    }

    /// What adding examples did.
    public struct Addition: Sendable {
        public let classifier: Classifier
        public let examples: Int
        public let newLabels: [String]
    }

    /// The classifier with further examples; nothing is written.
    public func adding(_ source: LabelledSource, progress: any ProgressReporter = .silent) throws -> Addition {
        let data = try read(source, progress)
        let new = Classifier.sorted(Set(data.labels).subtracting(classifier.labels))
        var tokens: TokenStates?
        var described: (texts: [String], vectors: EmbeddingMatrix)?
        if classifier.readsTokens {
            let texts = zip(classifier.labels, classifier.descriptions ?? []).reduce(into: [String: String]()) {
                $0[$1.0] = $1.1
            }
            described = try ClassifierTraining.described(
                Classifier.sorted(classifier.labels + new), texts, classifier.source, engine)
            tokens = try ClassifierTraining.tokens(
                of: (classifier.examples + data.examples).map(\.text), classifier.source, engine)
        }
        return Addition(
            classifier: try classifier.adding(
                data.examples, labels: data.labels, vectors: data.vectors, tokens: tokens, descriptions: described),
            examples: data.examples.count, newLabels: new)
    }
}
