import TrawlCore
public import TrawlReranking

/// A scorer of pairs of texts, and the name of its model for messages. For one thread at a time.
public struct ModelScorer {
    public let scorer: any PairScorer
    public let model: String

    public init(scorer: any PairScorer, model: String) {
        self.scorer = scorer
        self.model = model
    }
}

/// A kind of reranker that scores each passage by itself, so that it can score texts that are in no index.
public protocol PairRerankerKind: RerankerKind {
    /// - Throws: `TrawlError` for a model that is missing or cannot be used.
    func makeScorer(_ settings: RerankSettings, models: ModelCache) throws -> ModelScorer
}

extension PairRerankerKind {
    public func makeReranker(_ settings: RerankSettings, models: ModelCache) throws -> any Reranker {
        let made = try makeScorer(settings, models: models)
        return PairReranker(scorer: made.scorer, model: made.model)
    }
}

/// Reranks by a scorer of pairs of texts.
struct PairReranker: Reranker {
    let scorer: any PairScorer
    /// The model's name, for messages.
    let model: String

    func rerank(_ ranking: Ranking, query: String, documents: any SearchedDocuments) throws -> Reranked {
        guard !ranking.isEmpty else { return Reranked(ranking) }
        let passages = try ranking.map { try documents.passage($0.passage) }
        let found = try scorer.judge(query: query, passages: passages.map(\.content))
        var notes: [String] = []
        if found.cutCount > 0 {
            notes.append("\(model) did not read \(found.cutCount) of \(passages.count) passages to the end")
        }
        if found.isQueryCut { notes.append("\(model) did not read the query to the end beside long passages") }
        if let first = found.failures.first {
            let passage = passages[first.passage]
            let place = "passage \(passage.ordinal) of document \(passage.document)"
            guard found.failures.count < passages.count else {
                var error = first.error
                error.message = "\(model) cannot score \(place): \(error.message)"
                throw error
            }
            notes.append(
                "\(model) could not score \(found.failures.count) of \(passages.count) passages, which stay below the "
                    + "others; the first is \(place): \(first.error.message)")
        }
        return Reranked(
            Ranking(
                zip(ranking, found.values).compactMap { entry, score in
                    score.map { ScoredPassage(entry.passage, $0) }
                }),
            unscored: Set(found.failures.map { ranking[$0.passage].passage }), notes: notes)
    }
}
