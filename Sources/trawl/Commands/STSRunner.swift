import TrawlCore
import TrawlEmbeddings
import TrawlEngine
import TrawlEvaluation
import TrawlTensors

/// Evaluates an embedding model on semantic textual similarity: how its similarities of pairs of sentences go with the
/// scores that people gave them.
struct STSRunner {
    let files: [String]
    let model: String
    /// nil takes the model's default prompt, if it has one.
    let promptName: String?
    let precision: Precision
    let progress: any ProgressReporter
    let json: Bool

    /// One line of the result as scripts get it.
    private struct Row: Encodable {
        let file: String
        let model: String
        let digest: String
        let similarity: String
        let pairs: Int
        let spearman: Double
        let pearson: Double
    }

    func run() throws {
        let files = try files.map { (path: $0, pairs: try ScoredPairs(path: $0)) }
        let embedder = try TextEmbedder(folder: ModelCatalogue.path(of: model), precision: precision)
        let prompt = try promptName.map { try embedder.prompt(named: $0) }
        let rows = try files.map { try evaluate($0.pairs, $0.path, embedder, prompt) }
        if json {
            for row in rows { try Output.json(row) }
        } else {
            let table = Report.markdown(
                rows.map { ($0.file, [$0.spearman, $0.pearson]) }, measures: ["Spearman", "Pearson"])
            Output.write(Array(table.utf8))
        }
    }

    private func evaluate(
        _ pairs: ScoredPairs, _ path: String, _ embedder: TextEmbedder, _ prompt: String?
    ) throws -> Row {
        let matrix = try embedder.embed(pairs.first + pairs.second, prompt: prompt, progress: progress)
        let similarity = embedder.similarity ?? .cosine
        let got = pairs.scores.indices.map { similarity(matrix[$0], matrix[pairs.scores.count + $0]) }
        guard let spearman = Correlation.spearman(got, pairs.scores),
            let pearson = Correlation.pearson(got, pairs.scores)
        else {
            throw TrawlError(
                .invalidInput, "the scores or the similarities are all the same, so that nothing goes with anything",
                path: path, remedy: "give pairs with different scores")
        }
        return Row(
            file: path, model: model, digest: embedder.digest, similarity: similarity.rawValue,
            pairs: pairs.scores.count, spearman: spearman, pearson: pearson)
    }
}
