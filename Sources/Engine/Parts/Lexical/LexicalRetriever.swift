import Foundation
import TrawlCore
import TrawlCorpus
import TrawlLexicalIndex
import TrawlVectorIndex

/// BM25 over the postings of all segments.
struct LexicalRetriever: Retriever {
    let name = "lexical"
    let evidence = RetrievalEvidence.Names(
        query: ["terms", "mean rarity", "greatest rarity"], passage: ["share of terms", "share of terms in the title"])
    private let searcher: LexicalSearcher
    private let syntax: QuerySyntax
    private let texts: PassageTexts
    private let allows: ((PassageID) -> Bool)?

    /// - Parameter filter: the passages that may be found; nil: all.
    init(
        _ searcher: LexicalSearcher, _ syntax: QuerySyntax, _ documents: StoredDocuments, filter: PassageFilter?
    ) {
        self.searcher = searcher
        allows = filter.map { filter in { filter.contains($0) } }
        self.syntax = syntax
        texts = { id in
            let passage = try documents.passage(id)
            return (passage.title, passage.text)
        }
    }

    func search(_ queries: [String], limit: Int) throws -> [Retrieved] {
        try queries.map { query in
            guard let node = try syntax.parse(query) ?? searcher.settings.pairs(with: query) else {
                return Retrieved(
                    ranking: try searcher.search(
                        searcher.weigher.weighted(query), searcher.scorer, k: limit, allows: allows),
                    matches: {
                        try LexicalMatches.list(
                            searcher.explain(query, passage: $0).map { ($0, [$0.term]) }, in: $1, searcher.settings)
                    },
                    suggestion: { try suggestion(for: query, words: query) },
                    bound: { try searcher.highestScore(of: query) }, evidence: { try evidence(of: query) })
            }
            let found = try searcher.resolve(node)
            return Retrieved(
                ranking: try searcher.search(found, searcher.scorer, k: limit, texts: texts, allows: allows),
                matches: {
                    try LexicalMatches.list(
                        searcher.explain(found, passage: $0, texts: texts), in: $1, searcher.settings)
                },
                suggestion: { try suggestion(for: query, words: node.exactWords) }, notes: found.notes,
                bound: { try searcher.highestScore(of: node.exactWords) },
                evidence: { try evidence(of: node.exactWords) })
        }
    }

    func reading(of query: String) throws -> QueryReading? {
        guard let node = try syntax.parse(query) else { return nil }
        return QueryReading(text: node.plainText) { passages in
            try searcher.allowed(try searcher.resolve(node), texts: texts).map { Set(passages.filter($0)) }
        }
    }

    private func evidence(of words: String) throws -> RetrievalEvidence {
        let coverage = try searcher.coverage(of: words)
        let count = Float(coverage.weights.count)
        return RetrievalEvidence(
            query: [
                log(1 + count), count > 0 ? coverage.weights.reduce(0, +) / count : 0, coverage.weights.max() ?? 0,
            ],
            passages: { passages in
                let analyzer = try Analyzer(searcher.settings)
                return try zip(passages, coverage.shares(of: passages)).map { passage, share in
                    [share, coverage.share(of: try texts(passage).title, analyzer)]
                }
            })
    }

    /// `query` with what is nearest in place of words that no passage has; nil if there are none.
    private func suggestion(for query: String, words: String) throws -> String? {
        LexicalMatches.corrected(query, try searcher.corrections(of: words, texts: texts))
    }
}
