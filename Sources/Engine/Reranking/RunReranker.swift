public import TrawlCore
import TrawlCorpus

/// Reranks rankings that come from elsewhere, such as those of another system or of a search, with the texts of an index. For one
/// thread at a time.
public final class RunReranker {
    private let index: SearchIndex
    private let stages: RerankStages

    /// - Throws: `TrawlError` for settings without a reranker or out of their bounds, or a model that cannot be used.
    init(_ index: SearchIndex, _ settings: SearchSettings, models: ModelCache, kinds: Rerankers) throws {
        try settings.validate(index.knownParts)
        guard !settings.rerankers.isEmpty else {
            throw TrawlError(.invalidInput, "the settings name no reranker", remedy: "name one")
        }
        self.index = index
        stages = try RerankStages(settings.rerankers, over: index, isFused: false, models: models, kinds: kinds)
    }

    /// The documents of `ranking` in their new order. Of a document all passages are read, and the best counts; depths count
    /// documents.
    ///
    /// - Parameter query: The query's text.
    /// - Returns: The ranking, how many of its documents the index lacks, and what the rerankers say of how they read passages.
    ///   Documents that the index lacks stay below those that were reranked, in their old order.
    public func rerank(
        _ ranking: DocumentRanking, query: String
    ) throws -> (ranking: DocumentRanking, missing: Int, notes: [String]) {
        let documents = index.documents
        let text = cleaned(query)
        var (entries, unknown): ([ScoredPassage], [DocumentID]) = ([], [])
        var (read, known) = (0, 0)
        // Places for scores: the order of the given ranking is kept, whatever its ties.
        for (place, entry) in ranking.documents.enumerated() {
            let passages = try documents.passages(of: entry.document)
            guard !passages.isEmpty else {
                unknown.append(entry.document)
                continue
            }
            if known < stages.depth(of: 0) { read += passages.count }
            known += 1
            entries += passages.map { ScoredPassage($0, entry.score.isFinite ? entry.score : -Float(place)) }
        }
        var hits = Ranking(entries)
        var notes: [String] = []
        for stage in 0..<stages.count {
            let reranked = try stages.apply(
                stage, to: hits, query: text, documents: documents, depth: stage == 0 ? read : nil)
            notes += reranked.notes
            hits = try bestOfDocuments(reranked.all)
        }
        var scores = try hits.map { hit in
            DocumentScore(
                document: try documents.documentID(documents.documentNumber(of: hit.passage)), score: hit.score)
        }
        let worst = scores.last?.score ?? 0
        scores += unknown.enumerated().map { DocumentScore(document: $1, score: worst - Float($0 + 1)) }
        return (DocumentRanking(query: ranking.query, documents: scores), unknown.count, notes)
    }

    /// The passages that a search found, in the order that a search with these rerankers gives them, and what the rerankers say of
    /// how they read them.
    ///
    /// - Parameter query: The query's text.
    public func rerank(_ found: Ranking, query: String) throws -> (ranking: Ranking, notes: [String]) {
        let text = cleaned(query)
        var (ranking, notes) = (found, [String]())
        for stage in 0..<stages.count {
            let reranked = try stages.apply(stage, to: ranking, query: text, documents: index.documents)
            (ranking, notes) = (reranked.all, notes + reranked.notes)
        }
        return (ranking, notes)
    }

    private func bestOfDocuments(_ ranking: Ranking) throws -> Ranking {
        var seen: Set<UInt32> = []
        return try Ranking(ranking.filter { try seen.insert(index.documents.documentNumber(of: $0.passage)).inserted })
    }
}

extension Engine {
    /// What reranks rankings from elsewhere by the rerankers of `settings`, with the texts of `index`.
    ///
    /// - Throws: `TrawlError` for settings without a reranker or out of their bounds, or a model that cannot be used.
    public func runReranker(_ index: SearchIndex, _ settings: SearchSettings) throws -> RunReranker {
        try RunReranker(index, settings, models: models, kinds: rerankers)
    }
}
