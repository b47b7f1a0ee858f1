import TrawlCore
import TrawlEngine
import TrawlEvaluation

/// What searches found for judged queries, before rerankers: of each document the best passage.
struct FoundPassages {
    private let index: SearchIndex
    private let judged: JudgedQueries
    private let rankings: [Ranking]

    /// - Parameter depth: How many documents are found for each query.
    init(_ engine: Engine, _ index: SearchIndex, _ settings: SearchSettings, _ judged: JudgedQueries, depth: Int) throws
    {
        var settings = settings.ofJudgedSearches(depth: depth)
        settings.collapsesDocuments = true
        (self.index, self.judged) = (index, judged)
        rankings = try engine.session(index, settings).rankPassages(judged.queries)
    }

    /// The order of the searches.
    func run() throws -> JudgedRun { try run(rankings) }

    /// The order that `reranker` gives.
    func run(by reranker: RunReranker) throws -> JudgedRun {
        try run(zip(judged.queries, rankings).map { try reranker.rerank($1, query: $0.text).ranking })
    }

    private func run(_ rankings: [Ranking]) throws -> JudgedRun {
        let documents = index.documents
        return JudgedRun(
            rankings: try zip(judged.queries, rankings).map { query, ranking in
                DocumentRanking(
                    query: query.id,
                    documents: try ranking.map {
                        DocumentScore(
                            document: try documents.documentID(documents.documentNumber(of: $0.passage)),
                            score: $0.score)
                    })
            }, qrels: judged.qrels)
    }
}
