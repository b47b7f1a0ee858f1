import TrawlCore
import TrawlEmbeddings
import TrawlTensors

/// Where the vectors of a task's texts come from: a model, or NumPy files that were given.
struct TextVectors {
    /// nil for given vectors.
    let embedder: TextEmbedder?
    /// By position in the task's files.
    private let given: [EmbeddingMatrix]
    private let givenPaths: [String]
    /// What the user asked for; nil for what the model does by itself.
    private let prompt: EmbeddingPrompt?
    let progress: any ProgressReporter

    init(
        _ embedder: TextEmbedder?, given: [String], promptName: String?, instruction: String?,
        progress: any ProgressReporter
    ) throws {
        self.embedder = embedder
        self.given = try given.map { try NumPyFile.matrix(path: $0) }
        givenPaths = given
        self.progress = progress
        if let embedder, let promptName {
            prompt = EmbeddingPrompt(prefix: try embedder.prompt(named: promptName))
        } else if let embedder, let instruction {
            prompt = try embedder.prompt(for: .query, instruction: instruction)
        } else {
            prompt = nil
        }
    }

    /// How the model compares vectors.
    var similarity: Similarity { embedder?.similarity ?? .cosine }

    /// The vectors of all texts of a file.
    ///
    /// - Parameter index: The position of the file among the task's files.
    func vectors(of texts: [String], _ path: String, _ index: Int) throws -> EmbeddingMatrix {
        guard let embedder else { return try givenVectors(texts.count, path, index) }
        return warned(
            try prompt.map { try embedder.embed(texts, in: $0, progress: progress) }
                ?? embedder.embed(texts, progress: progress))
    }

    /// The vectors of queries and of what is ranked for them, which models may put in other words.
    ///
    /// - Parameter isQuery: Whether each of the texts is a query.
    func vectors(of texts: [String], isQuery: [Bool], _ path: String, _ index: Int) throws -> EmbeddingMatrix {
        guard let embedder else { return try givenVectors(texts.count, path, index) }
        let places = texts.indices.filter { isQuery[$0] } + texts.indices.filter { !isQuery[$0] }
        let queries = isQuery.count { $0 }
        let asked = try embedder.embed(
            places[..<queries].map { texts[$0] }, in: prompt ?? embedder.prompt(for: .query), progress: progress)
        let ranked = try embedder.embed(
            places[queries...].map { texts[$0] }, in: embedder.prompt(for: .passage), progress: progress)
        let width = embedder.dimension
        var values = [Float](repeating: 0, count: texts.count * width)
        let found = asked.values + ranked.values
        for (row, place) in places.enumerated() {
            values.replaceSubrange(place * width..<(place + 1) * width, with: found[row * width..<(row + 1) * width])
        }
        return warned(
            EmbeddingMatrix(
                count: texts.count, dimension: width, values: values, cutTexts: asked.cutTexts + ranked.cutTexts))
    }

    private func warned(_ matrix: EmbeddingMatrix) -> EmbeddingMatrix {
        if matrix.cutTexts > 0, let embedder {
            progress.warn(
                "\(matrix.cutTexts) of \(matrix.count) texts are longer than the \(embedder.maximumTokens) tokens that "
                    + "the model reads; their ends are not embedded")
        }
        return matrix
    }

    private func givenVectors(_ count: Int, _ path: String, _ index: Int) throws -> EmbeddingMatrix {
        let matrix = given[index]
        guard matrix.count == count else {
            throw TrawlError(
                .invalidInput, "the file holds \(matrix.count) vectors, \(path) has \(count) texts",
                path: givenPaths[index],
                remedy:
                    "give a vector for each text: all first sentences before the second ones, a query before its texts")
        }
        return matrix
    }
}

extension EmbeddingMatrix {
    /// The rows `indices` in double precision.
    func chosen(_ indices: some Sequence<Int>) throws -> Matrix<Double> {
        let rows = Array(indices)
        return try Matrix(
            rows: rows.count, columns: dimension, values: rows.flatMap { self[$0].map(Double.init) })
    }
}
