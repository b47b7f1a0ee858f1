import ArgumentParser
import TrawlCore
import TrawlEngine

/// How the best hits are reranked.
struct RerankFlags: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Rerank the best hits: alone, by late interaction with the embedding model; with a chain, by its stages.",
            discussion: """
                A chain is a list such as cross:100,likelihood:20, in which each stage reads what the one before it made. A \
                stage is NAME, NAME:DEPTH or NAME:DEPTH@WEIGHT, and a name that of a reranker, a model, a path, both as in \
                cross=MODEL, or default. Rerankers are \(Rerankers.default.all.map(\.name).joined(separator: ", ")) \
                (docs/recipes.md describes them). The word after --rerank is a chain if a stage of it is a reranker's name \
                or has a sign; --rerank=CHAIN always is.
                """, valueName: "chain"),
        transform: { (text: String) throws -> RerankChain in
            do { return try RerankChain(text) } catch let error as TrawlError {
                throw ValidationError([error.message, error.remedy].compactMap { $0 }.joined(separator: "; "))
            }
        })
    var rerank: RerankChain?
    @Option(
        help: ArgumentHelp(
            "Rerank with this model: a cross-encoder, a ColBERT or a language model, by name or path.",
            valueName: "model"))
    var reranker: String?
    @Option(help: ArgumentHelp("How many hits to rerank. (default: 20)", valueName: "n")) var rerankDepth: Int?
    @Option(
        help: ArgumentHelp(
            "The weight of the reranker's scores, 0 to 1; below 1 they are added to those of the search. "
                + "(default: what the model's training chose; of late interaction over hybrid search 0.3; else 1)",
            valueName: "weight"))
    var rerankWeight: Float?
    @Flag(help: "Leave the hits as the search orders them, whatever rerankers the index has by default.")
    var noRerank = false

    /// What `given` calls a chain that names a stage, several, their depths and their weights.
    static let chain = "--rerank CHAIN"
    static let stages = "--rerank NAME,NAME"
    static let depths = "--rerank NAME:DEPTH"
    static let weights = "--rerank NAME@WEIGHT"

    /// What the chain has, for the rules of flags.
    var given: [String] {
        guard let rerank, rerank != .default else { return [] }
        var given = [Self.chain]
        if rerank.stages.count > 1 { given.append(Self.stages) }
        if rerank.stages.contains(where: { $0.depth != nil }) { given.append(Self.depths) }
        if rerank.stages.contains(where: { $0.weight != nil }) { given.append(Self.weights) }
        return given
    }

    func validate() throws {
        if let rerankDepth, rerankDepth < 1 { throw ValidationError("--rerank-depth must be at least 1") }
    }

    func apply(to settings: inout SearchSettings) {
        if noRerank { settings.rerankers = [] }
        guard rerank != nil || reranker != nil else { return }
        var chain = rerank ?? .default
        if let reranker { chain.stages = [RerankChain.Stage(model: reranker)] }
        settings.rerankers = chain.settings(
            depth: rerankDepth, weight: rerankWeight, precision: settings.generative.precision)
    }
}
