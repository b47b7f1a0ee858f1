public import TrawlCore
public import TrawlModels
import TrawlReranking

/// Scores the best hits of a ranking again. For one thread at a time.
public protocol Reranker {
    /// The hits of `ranking` with new scores, and so in a new order.
    ///
    /// - Parameter documents: where the passages' texts are.
    func rerank(_ ranking: Ranking, query: String, documents: StoredDocuments) throws -> Ranking
}

/// A kind of reranker. One that is new is a type of this protocol and one line where rerankers are registered:
///
/// ```
/// let engine = Engine(rerankers: .default.adding(ByLength()))
/// ```
public protocol RerankerKind: Sendable {
    /// The name in settings, such as `cross`.
    var name: String { get }

    /// Whether settings that name this model and no reranker mean this kind.
    func accepts(_ model: ModelFolder) -> Bool

    /// - Throws: `TrawlError` for a model that is missing or cannot be used.
    func makeReranker(_ settings: RerankSettings, models: ModelCache) throws -> any Reranker

    /// The same, for the hits of an index: a kind that reads more of it than the texts of passages has this one too.
    func makeReranker(_ settings: RerankSettings, models: ModelCache, index: SearchIndex) throws -> any Reranker
}

extension RerankerKind {
    public func makeReranker(
        _ settings: RerankSettings, models: ModelCache, index: SearchIndex
    ) throws -> any Reranker {
        try makeReranker(settings, models: models)
    }

    public func accepts(_ model: ModelFolder) -> Bool { false }
}

/// The kinds of rerankers that an engine knows.
public struct Rerankers: Sendable {
    public let all: [any RerankerKind]

    /// The kinds that come with Trawl. This is where a new one is registered.
    public static let `default` = Rerankers([
        CrossEncoderKind(), QueryLikelihoodKind(), LateInteractionKind(),
    ])

    public init(_ kinds: [any RerankerKind]) { all = kinds }

    /// These kinds and another.
    public func adding(_ kind: some RerankerKind) -> Rerankers { Rerankers(all + [kind]) }

    /// The reranker that `settings` describe.
    ///
    /// - Throws: `TrawlError` for an unknown name, or a model that no kind can use.
    func make(_ settings: RerankSettings, models: ModelCache, index: SearchIndex) throws -> any Reranker {
        if let name = settings.reranker {
            guard let kind = all.first(where: { $0.name == name }) else {
                throw TrawlError(
                    .invalidInput, "unknown reranker \"\(name)\"",
                    remedy: "the rerankers are \(all.map(\.name).joined(separator: ", "))")
            }
            return try kind.makeReranker(settings, models: models, index: index)
        }
        let folder = try models.folder(settings.model ?? ModelCatalogue.defaultLanguageModel)
        guard let kind = all.first(where: { $0.accepts(folder) }) else {
            throw TrawlError(
                .incompatible, "\(folder.architectureName) is not a reranker", path: folder.path,
                remedy: "a reranker is a cross-encoder, a language model or a ColBERT checkpoint")
        }
        return try kind.makeReranker(settings, models: models, index: index)
    }
}

/// Reranks by a scorer of pairs of texts.
struct PairReranker: Reranker {
    let scorer: any PairScorer

    func rerank(_ ranking: Ranking, query: String, documents: StoredDocuments) throws -> Ranking {
        let passages = try ranking.map { try documents.passage($0.passage).content }
        let scores = try scorer.scores(query: query, passages: passages)
        return Ranking(zip(ranking, scores).map { ScoredPassage($0.passage, $1) })
    }
}
