public import TrawlCore
import TrawlEmbeddings
public import TrawlEngine
import TrawlEvaluation
public import TrawlTensors

/// A task of MTEB (Muennighoff et al. 2023, arXiv 2210.07316), by its type.
public enum EmbeddingTask: String, CaseIterable, Sendable, Encodable {
    /// Semantic textual similarity: do similarities agree with people's scores?
    case sts
    /// Do vectors tell classes apart, with a few examples of each?
    case classification
    /// Do vectors of one class lie together?
    case clustering
    /// Do similarities tell pairs that belong together from others?
    case pairs
    /// Do similarities put texts that answer a query before others?
    case reranking
}

/// Evaluates an embedding model, or given vectors, on files of one task, with the protocol and the measures of `mteb`.
public struct EmbeddingTaskEvaluation: Sendable {
    public let task: EmbeddingTask
    /// Each is evaluated by itself; those of classification come in pairs, the training examples and the test.
    public let files: [String]
    /// The embedding model, by name or path. Not used with `vectors`.
    public let model: String
    /// NumPy files with the vectors of the texts of each file, in place of a model's. The texts of a file are in order; first
    /// sentences come before all second ones, and a query before its positives and negatives.
    public var vectors: [String] = []
    /// nil takes the model's default prompt, if it has one; queries of reranking take that for queries.
    public var promptName: String?
    /// The task, for models that were trained with instructions.
    public var instruction: String?
    public var precision = Precision.f32
    /// The training examples of each class in an experiment of classification.
    public var examplesPerLabel = 8
    /// How often classification and clustering are done, with other examples each time.
    public var experiments = 10
    /// How many texts of a file are clustered, drawn at random; nil for all.
    public var sample: Int?
    public var seed: UInt32 = 42

    public init(_ task: EmbeddingTask, files: [String], model: String) {
        self.task = task
        self.files = files
        self.model = model
    }

    /// The scores on one file.
    public struct Row: Encodable, Sendable {
        public let task: EmbeddingTask
        public let file: String
        /// The training examples of classification.
        public var training: String?
        /// The model and the digest of its files; nil for given vectors.
        public var model: String?
        public var digest: String?
        /// The file of given vectors.
        public var vectors: String?
        public let texts: Int
        /// By their names in `mteb`.
        public let scores: [String: Double]
        /// The score that MTEB ranks models by.
        public let main: String
        /// That score in each experiment, where there are several.
        public var experiments: [Double] = []
    }

    /// The columns of a table, by the names of scores.
    public static func columns(of task: EmbeddingTask) -> [(title: String, score: String)] {
        switch task {
        case .sts:
            [
                ("cosine Spearman", "cosine_spearman"), ("cosine Pearson", "cosine_pearson"),
                ("Manhattan Spearman", "manhattan_spearman"), ("Euclidean Spearman", "euclidean_spearman"),
            ]
        case .classification: [("accuracy", "accuracy"), ("F1", "f1"), ("weighted F1", "f1_weighted")]
        case .clustering: [("V-measure", "v_measure"), ("std", "v_measure_std")]
        case .pairs:
            [("max AP", "max_ap"), ("cosine AP", "cosine_ap"), ("max F1", "max_f1"), ("max accuracy", "max_accuracy")]
        case .reranking: [("MAP", "map"), ("MRR", "mrr")]
        }
    }

    /// - Throws: `TrawlError` with file and line for files of another layout, and for what has no score, such as one class.
    public func run(_ engine: Engine, progress: any ProgressReporter = .silent) throws -> [Row] {
        // All files are read before the model, which takes longer.
        switch task {
        case .sts:
            let files = try files.map { ($0, try ScoredPairs(path: $0)) }
            let source = try source(engine, progress)
            return try files.enumerated().map { try similarity($1.1, $1.0, $0, source) }
        case .pairs:
            let files = try files.map { ($0, try LabelledPairs(path: $0)) }
            let source = try source(engine, progress)
            return try files.enumerated().map { try pairs($1.1, $1.0, $0, source) }
        case .reranking:
            let files = try files.map { ($0, try RerankingLists(path: $0)) }
            let source = try source(engine, progress)
            return try files.enumerated().map { try reranking($1.1, $1.0, $0, source) }
        case .clustering:
            let files = try files.map { ($0, try LabelledTexts(path: $0)) }
            let source = try source(engine, progress)
            return try files.enumerated().map { try clustering($1.1, $1.0, $0, source) }
        case .classification:
            guard files.count % 2 == 0 else {
                throw TrawlError(
                    .invalidInput, "the file \(files.last ?? "") has no test file",
                    remedy: "give the training examples, then the test, of each set")
            }
            let files = try files.map { ($0, try LabelledTexts(path: $0)) }
            let source = try source(engine, progress)
            return try stride(from: 0, to: files.count, by: 2).map {
                try classification(files[$0], files[$0 + 1], $0, source)
            }
        }
    }

    private func source(_ engine: Engine, _ progress: any ProgressReporter) throws -> TextVectors {
        guard vectors.isEmpty || vectors.count == files.count else {
            throw TrawlError(
                .invalidInput, "there are \(files.count) files and \(vectors.count) files of vectors",
                remedy: "give the vectors of each file")
        }
        let embedder = vectors.isEmpty ? try engine.models.embedder(model, precision: precision) : nil
        return try TextVectors(
            embedder, given: vectors, promptName: promptName, instruction: instruction, progress: progress)
    }

    func row(
        _ file: String, _ index: Int, _ source: TextVectors, texts: Int, main: String, _ scores: [String: Double],
        experiments: [Double] = []
    ) -> Row {
        Row(
            task: task, file: file, model: vectors.isEmpty ? model : nil, digest: source.embedder?.digest,
            vectors: vectors.isEmpty ? nil : vectors[index], texts: texts, scores: scores, main: main,
            experiments: experiments)
    }
}
