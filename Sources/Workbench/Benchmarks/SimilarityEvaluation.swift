public import TrawlCore
import TrawlEmbeddings
public import TrawlEngine
import TrawlEvaluation
public import TrawlTensors

/// Evaluates an embedding model on semantic textual similarity: the correlation of its similarities of pairs of sentences
/// with the scores that people gave them.
public struct SimilarityEvaluation: Sendable {
    /// Files of scored pairs.
    public let files: [String]
    /// The embedding model, by name or path.
    public let model: String
    /// nil takes the model's default prompt, if it has one.
    public var promptName: String?
    public var precision = Precision.f32

    public init(files: [String], model: String) {
        self.files = files
        self.model = model
    }

    /// The correlations on one file.
    public struct Row: Encodable, Sendable {
        public let file: String
        public let model: String
        public let digest: String
        public let similarity: String
        public let pairs: Int
        public let spearman: Double
        public let pearson: Double
    }

    /// A table of the correlations.
    public static func markdown(_ rows: [Row]) -> String {
        Report.markdown(rows.map { ($0.file, [$0.spearman, $0.pearson]) }, measures: ["Spearman", "Pearson"])
    }

    public func run(_ engine: Engine, progress: any ProgressReporter = .silent) throws -> [Row] {
        let files = try files.map { (path: $0, pairs: try ScoredPairs(path: $0)) }
        let embedder = try engine.models.embedder(model, precision: precision)
        let prompt = try promptName.map { try embedder.prompt(named: $0) }
        return try files.map { try evaluate($0.pairs, $0.path, embedder, prompt, progress) }
    }

    private func evaluate(
        _ pairs: ScoredPairs, _ path: String, _ embedder: TextEmbedder, _ prompt: String?,
        _ progress: any ProgressReporter
    ) throws -> Row {
        let matrix = try embedder.embed(pairs.first + pairs.second, prompt: prompt, progress: progress)
        let similarity = embedder.similarity ?? .cosine
        let got = pairs.scores.indices.map { similarity(matrix[$0], matrix[pairs.scores.count + $0]) }
        guard let spearman = Correlation.spearman(got, pairs.scores),
            let pearson = Correlation.pearson(got, pairs.scores)
        else {
            throw TrawlError(
                .invalidInput, "the scores or the similarities are all equal, so that they have no correlation",
                path: path, remedy: "give pairs with different scores")
        }
        return Row(
            file: path, model: model, digest: embedder.digest, similarity: similarity.rawValue,
            pairs: pairs.scores.count, spearman: spearman, pearson: pearson)
    }
}
