public import TrawlCore
public import TrawlModels

/// Scores the best hits of a ranking again. For one thread at a time.
public protocol Reranker {
    /// The hits of `ranking` with new scores, and so in a new order.
    ///
    /// - Parameter documents: where the passages' texts are.
    func rerank(_ ranking: Ranking, query: String, documents: any SearchedDocuments) throws -> Reranked
}

/// What a reranker made of a ranking.
public struct Reranked: Sendable {
    public let ranking: Ranking
    /// Passages that could not be scored. They keep their order, below the others.
    public let unscored: Set<PassageID>
    /// What the user should know of how passages were read.
    public let notes: [String]

    public init(_ ranking: Ranking, unscored: Set<PassageID> = [], notes: [String] = []) {
        self.ranking = ranking
        self.unscored = unscored
        self.notes = notes
    }
}

/// A kind of reranker. One that is new is a type of this protocol and one line where rerankers are registered:
///
/// ```
/// let engine = Engine(rerankers: .default.adding(ByLength()))
/// ```
public protocol RerankerKind: Sendable {
    /// The name in settings, such as `cross`.
    var name: String { get }

    /// The weight of its scores beside those of the search where settings name none; 1 where a kind does not say.
    ///
    /// - Parameter isFused: Whether it reranks a hybrid search.
    /// - Throws: `TrawlError` for a model that is missing or damaged.
    func weight(_ settings: RerankSettings, isFused: Bool, models: ModelCache) throws -> Float

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

    public func weight(_ settings: RerankSettings, isFused: Bool, models: ModelCache) throws -> Float { 1 }
    public func accepts(_ model: ModelFolder) -> Bool { false }
}

/// The kinds of rerankers that an engine knows.
public struct Rerankers: Sendable {
    public let all: [any RerankerKind]

    /// The kinds that come with Trawl. This is where a new one is registered. Of those that accept a model, the first takes
    /// it.
    public static let `default` = Rerankers([
        CrossEncoderKind(), LateInteractionKind(), YesNoKind(), MonoT5Kind(), QueryLikelihoodKind(), ListwiseKind(),
    ])

    /// The kind that reranks where neither a kind nor a model is named: it needs no model but the embedder.
    public static let defaultName = "late"

    public init(_ kinds: [any RerankerKind]) { all = kinds }

    /// These kinds and another.
    public func adding(_ kind: some RerankerKind) -> Rerankers { Rerankers(all + [kind]) }

    /// The kind of that name.
    public func named(_ name: String) -> (any RerankerKind)? { all.first { $0.name == name } }

    /// For messages.
    var names: String { all.map(\.name).joined(separator: ", ") }

    /// The kind of reranker that `settings` mean: the one that they name, or the first that can use the model, or the default.
    ///
    /// - Throws: `TrawlError` for an unknown name, or a model that is missing or that no kind can use.
    func kind(of settings: RerankSettings, models: ModelCache) throws -> any RerankerKind {
        if settings.reranker == nil, let model = settings.model { return try kind(using: model, models: models) }
        let name = settings.reranker ?? Self.defaultName
        guard let kind = named(name) else { throw unknown(name) }
        return kind
    }

    private func kind(using model: String, models: ModelCache) throws -> any RerankerKind {
        guard ModelCatalogue.contains(model) else {
            throw TrawlError(
                .notFound, "\"\(model)\" is neither a reranker nor a model", path: ModelCatalogue.folder,
                remedy: "the rerankers are \(names); \(ModelCatalogue.choice(instead: model))", topic: .models)
        }
        let folder = try models.folder(model)
        guard let kind = all.first(where: { $0.accepts(folder) }) else {
            throw TrawlError(
                .incompatible, "\(folder.architectureName) is not a reranker", path: folder.path,
                remedy: "a reranker is a cross-encoder, a language model or a ColBERT checkpoint")
        }
        return kind
    }

    /// The error for a name that no kind has.
    func unknown(_ name: String) -> TrawlError {
        TrawlError(.invalidInput, "unknown reranker \"\(name)\"", remedy: "the rerankers are \(names)")
    }
}
