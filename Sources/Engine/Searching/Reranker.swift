import TrawlCore
import TrawlModels
import TrawlReranking
import TrawlTokenizers

/// Scores the best passages of a ranking anew, by reading them together with the query.
struct Reranker {
    private let scorer: any PairScorer
    private let depth: Int
    private let documents: StoredDocuments

    /// - Throws: `TrawlError` when the model can neither classify pairs nor write text.
    init(_ options: RerankOptions, documents: StoredDocuments) throws {
        let path = try ModelCatalogue.path(of: options.model)
        let folder = try ModelFolder(path: path)
        if folder.isCrossEncoder {
            scorer = try CrossEncoder(folder: path, precision: options.precision)
        } else {
            let tokenizer = try folder.loadTokenizer()
            scorer = try QueryLikelihood(
                session: try folder.loadDecoder(precision: options.precision).makeSession(),
                start: tokenizer.startOfText,
                encode: { tokenizer.encodeIDs($0, addSpecialTokens: false) })
        }
        depth = options.depth
        self.documents = documents
    }

    /// The best `depth` passages in the order of their new scores; the others follow in their old order, below.
    func rerank(_ ranking: Ranking, query: String) throws -> Ranking {
        let best = ranking.prefix(depth)
        guard !best.isEmpty else { return ranking }
        let passages = try best.map { try documents.passage($0.passage) }
        let scores = try scorer.scores(
            query: query, passages: passages.map { passageText(title: $0.title, text: $0.text) })
        let reranked = zip(best, scores).map { ScoredPassage($0.passage, $1) }
        let worst = scores.min() ?? 0
        let rest = ranking.dropFirst(depth).enumerated().map { ScoredPassage($1.passage, worst - Float($0 + 1)) }
        return Ranking(reranked + rest)
    }
}
