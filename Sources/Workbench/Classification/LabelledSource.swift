import TrawlClassification
import TrawlCore
import TrawlEmbeddings
public import TrawlEngine
public import TrawlEvaluation
import TrawlTensors

/// Texts with a label each, before they have vectors.
public enum LabelledSource: Sendable {
    /// A file of texts, and perhaps a NumPy file with their vectors.
    case file(LabelledTexts, vectors: String?)
    /// The documents of an index that have the metadata field.
    case index(SearchIndex, field: String)

    /// What messages name.
    var path: String {
        switch self {
        case .file(let texts, _): texts.path
        case .index(let index, _): index.path
        }
    }
}

/// Texts with labels and vectors.
struct LabelledVectors {
    var examples: [StoredExample] = []
    var labels: [String] = []
    /// The line of each example in its file, where it has one.
    var lines: [Int?] = []
    var vectors: EmbeddingMatrix
    let source: VectorSource
}

/// Gives texts and documents the vectors that classifiers read.
struct LabelledReader {
    let engine: Engine
    /// What embeds texts; nil for given vectors, and for the own model of an index.
    let model: String?
    /// nil: the model's default.
    let prompt: EmbeddingPrompt?
    let progress: any ProgressReporter

    func read(_ source: LabelledSource) throws -> LabelledVectors {
        switch source {
        case .file(let texts, let vectors): try read(texts, vectors: vectors)
        case .index(let index, let field): try read(index, field)
        }
    }

    /// What stands around texts that no prompt was given for.
    static func defaultPrompt(of embedder: TextEmbedder) -> EmbeddingPrompt {
        EmbeddingPrompt(prefix: embedder.defaultPromptName.flatMap { embedder.prompts[$0] } ?? "")
    }

    // MARK: - Files

    private func read(_ texts: LabelledTexts, vectors path: String?) throws -> LabelledVectors {
        func fault(_ message: String, _ record: Int, _ remedy: String) -> TrawlError {
            TrawlError(.invalidInput, message, path: texts.path, line: texts.lines[record], remedy: remedy)
        }
        guard texts.sets.isEmpty else {
            throw fault("the record holds a list of texts", 0, "write a record for each text")
        }
        var labels: [String] = []
        for (record, values) in texts.labels.enumerated() {
            guard values.count == 1 else {
                throw fault("the text has \(values.count) labels", record, "give each text one label")
            }
            guard values[0].contains(where: { !$0.isWhitespace }) else {
                throw fault("the label is empty", record, "give the text a label, or remove the line")
            }
            guard texts.texts[record].contains(where: { !$0.isWhitespace }) else {
                throw fault("the text is empty", record, "remove the line, or give it a text")
            }
            labels.append(values[0])
        }
        let examples = texts.texts.enumerated().map { record, text in
            StoredExample(
                name: texts.lines[record].map { "\(texts.path):\($0)" } ?? "\(texts.path)#\(record + 1)", text: text)
        }
        if let path {
            let matrix = try NumPyFile.matrix(path: path)
            guard matrix.count == labels.count else {
                throw TrawlError(
                    .invalidInput, "the file holds \(matrix.count) vectors, \(texts.path) has \(labels.count) texts",
                    path: path, remedy: "give a vector for each text, in the same order")
            }
            return LabelledVectors(
                examples: examples, labels: labels, lines: texts.lines, vectors: matrix,
                source: VectorSource(dimension: matrix.dimension))
        }
        let (embedder, prompt, name) = try embedder()
        let matrix = try embedder.embed(texts.texts, in: prompt, progress: progress)
        warnOfCuts(matrix, embedder)
        return LabelledVectors(
            examples: examples, labels: labels, lines: texts.lines, vectors: matrix,
            source: VectorSource(model: name, embedder, prompt))
    }

    private func embedder() throws -> (TextEmbedder, EmbeddingPrompt, String) {
        let name = model ?? ModelCatalogue.defaultEmbedder
        let embedder = try engine.models.embedder(name)
        return (embedder, prompt ?? Self.defaultPrompt(of: embedder), name)
    }

    private func warnOfCuts(_ matrix: EmbeddingMatrix, _ embedder: TextEmbedder) {
        guard matrix.cutTexts > 0 else { return }
        progress.warn(
            "\(matrix.cutTexts) of \(matrix.count) texts are longer than the \(embedder.maximumTokens) tokens that the "
                + "model reads; their ends are not embedded")
    }

    // MARK: - Indexes

    /// A document is an example; its vector is the mean of those of its passages.
    private func read(_ index: SearchIndex, _ field: String) throws -> LabelledVectors {
        var found: [(document: DocumentID, label: String, passages: [PassageID])] = []
        var (unlabelled, several, empty) = (0, 0, 0)
        var keys: Set<String> = []
        try index.documents.forEachPassageList { number, passages in
            let id = try index.documents.documentID(number)
            guard let document = try index.documents.document(id) else { return }
            let values = document.metadata.values(of: field)
            if keys.count < 100 { keys.formUnion(document.metadata.keys) }
            guard let label = values.first?.text, label.contains(where: { !$0.isWhitespace }) else {
                unlabelled += 1
                return
            }
            if passages.isEmpty {
                empty += 1
                return
            }
            if values.count > 1 { several += 1 }
            found.append((id, label, passages))
        }
        guard !found.isEmpty else {
            throw TrawlError(
                .invalidInput, "no document has the field '\(field)'", path: index.path,
                remedy: keys.isEmpty
                    ? "build the index of documents with metadata"
                    : "the fields are \(keys.sorted().prefix(20).joined(separator: ", "))", topic: .metadata)
        }
        for (count, what) in [
            (unlabelled, "have no '\(field)' and are left out"), (empty, "have no text and are left out"),
            (several, "have several values of '\(field)', of which the first counts"),
        ] where count > 0 {
            progress.warn("\(index.path): \(count) of \(index.documents.documentCount) documents \(what)")
        }
        let passages = found.flatMap(\.passages)
        let (vectors, source) = try vectors(of: passages, index)
        var values = [Float](repeating: 0, count: found.count * source.dimension)
        var next = 0
        for (row, document) in found.enumerated() {
            let start = row * source.dimension
            for _ in document.passages {
                let vector = vectors[next]
                let length = vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
                next += 1
                guard length > 0 else { continue }
                for (column, value) in vector.enumerated() { values[start + column] += value / length }
            }
        }
        let examples = try found.map { document in
            StoredExample(
                name: document.document.rawValue, text: try index.documents.passage(document.passages[0]).content)
        }
        return LabelledVectors(
            examples: examples, labels: found.map(\.label), lines: found.map { _ in nil },
            vectors: EmbeddingMatrix(count: found.count, dimension: source.dimension, values: values).normalised(),
            source: source)
    }

    /// Those that the index stores; without a dense part they are made.
    private func vectors(
        of passages: [PassageID], _ index: SearchIndex
    ) throws -> (EmbeddingMatrix, VectorSource) {
        if index.recipe.build.contains("dense"), model == nil, prompt == nil {
            let (name, embedder, prompt) = try index.passageEmbedder(engine.models)
            return (
                EmbeddingMatrix(
                    count: passages.count, dimension: embedder.dimension, values: try index.vectors(of: passages)),
                VectorSource(model: name, embedder, prompt)
            )
        }
        let (embedder, _, name) = try embedder()
        let prompt = try prompt ?? embedder.prompt(for: .passage)
        let texts = try passages.map { try index.documents.passage($0).content }
        let matrix = try embedder.embed(texts, in: prompt, progress: progress)
        warnOfCuts(matrix, embedder)
        return (matrix, VectorSource(model: name, embedder, prompt))
    }
}
