public import TrawlCore
public import TrawlVectorIndex

/// A ranking with what remembered queries add.
public struct AdaptedRanking {
    public let ranking: Ranking
    /// What was added to the score of a passage, by passage.
    public let recollections: [PassageID: QueryMemory.Recollection]

    /// The remembered query that raised a passage.
    func matches(_ passage: PassageID, _ memory: QueryMemory, stage: String) -> [Match] {
        guard let found = recollections[passage] else { return [] }
        let entry = memory.entries[found.entry]
        return [
            Match(
                stage: stage, text: "judged query: " + entry.text, count: entry.documents.count,
                contribution: found.added, ranges: [])
        ]
    }
}

extension QueryMemory {
    /// The ranking with the documents that answered similar queries raised, each by its best passage.
    ///
    /// Documents that the index no longer has count for nothing.
    ///
    /// - Parameters:
    ///   - query: its own vector, before any adapter, of length 1.
    ///   - searched: the vector that was searched with.
    ///   - limit: the most entries of the result.
    /// - Complexity: O(entries x dimension + passages of the documents that are raised x dimension).
    public func raised(
        _ ranking: Ranking, query: [Float], searched: [Float], in searcher: VectorSearcher,
        of documents: StoredDocuments,
        filter: PassageFilter?, limit: Int
    ) throws -> AdaptedRanking {
        let recollections = recollections(of: query)
        guard !recollections.isEmpty else { return AdaptedRanking(ranking: ranking, recollections: [:]) }
        var raised: [PassageID: (score: Float, recollection: Recollection)] = [:]
        for (document, recollection) in recollections {
            var passages = try documents.passages(of: document)
            if let filter { passages = passages.filter { filter.contains($0) } }
            let best = zip(passages, try searcher.score(searched, passages: passages))
                .map { ScoredPassage($0, $1) }.min { $0.precedes($1) }
            guard let best else { continue }
            raised[best.passage] = (best.score + recollection.added, recollection)
        }
        var entries = ranking.filter { raised[$0.passage] == nil }
        entries += raised.map { ScoredPassage($0, $1.score) }
        return AdaptedRanking(
            ranking: Ranking(entries).top(limit), recollections: raised.mapValues(\.recollection))
    }
}
