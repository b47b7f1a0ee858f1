import Foundation
import TrawlCore
import TrawlCorpus
import TrawlLexicalIndex

/// BM25 over the postings of all segments.
struct LexicalRetriever: Retriever {
    let name = "lexical"
    let evidence = RetrievalEvidence.Names(
        query: ["terms", "mean rarity", "greatest rarity"], passage: ["share of terms", "share of terms in the title"])
    private let searcher: LexicalSearcher
    private let syntax: QuerySyntax
    private let texts: PassageTexts

    init(_ searcher: LexicalSearcher, _ syntax: QuerySyntax, _ documents: StoredDocuments) {
        self.searcher = searcher
        self.syntax = syntax
        texts = { id in
            let passage = try documents.passage(id)
            return (passage.title, passage.text)
        }
    }

    func search(_ queries: [String], limit: Int) throws -> [Retrieved] {
        try queries.map { query in
            guard let node = try syntax.parse(query) ?? searcher.pairs(with: query) else {
                return Retrieved(
                    ranking: try searcher.search(query, k: limit),
                    matches: { try matches(searcher.explain(query, passage: $0).map { ($0, [$0.term]) }, $1) },
                    suggestion: { try suggestion(for: query, words: query) },
                    bound: { try searcher.highestScore(of: query) }, evidence: { try evidence(of: query) })
            }
            let found = try searcher.resolve(node)
            return Retrieved(
                ranking: try searcher.search(found, k: limit, texts: texts),
                matches: { try matches(searcher.explain(found, passage: $0, texts: texts), $1) },
                suggestion: { try suggestion(for: query, words: node.exactWords) }, notes: found.notes,
                bound: { try searcher.highestScore(of: node.exactWords) },
                evidence: { try evidence(of: node.exactWords) })
        }
    }

    func reading(of query: String) throws -> QueryReading? {
        guard let node = try syntax.parse(query) else { return nil }
        return QueryReading(text: node.plainText) {
            try searcher.allowed(try searcher.resolve(node), texts: texts)
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
        let corrections = try searcher.corrections(of: words, texts: texts)
        if corrections.isEmpty { return nil }
        return corrections.reduce(query) { $0.replacing($1.word, with: $1.correction, maxReplacements: 1) }
    }

    private func matches(_ found: [(explanation: TermExplanation, terms: [String])], _ passage: StoredPassage) throws
        -> [Match]
    {
        let found = found.filter { $0.explanation.frequency > 0 }
        let analyzer = try Analyzer(searcher.settings)
        let wanted = Set(found.flatMap(\.terms))
        var ranges: [String: [Range<Int>]] = [:]
        analyzer.forEachTerm(of: passage.text) { term, range in
            if wanted.contains(term) { ranges[term, default: []].append(range) }
        }
        return found.sorted { $0.explanation.score > $1.explanation.score }.map { found in
            Match(
                stage: name, text: found.explanation.term, count: found.explanation.passageFrequency,
                contribution: found.explanation.score,
                ranges: found.terms.flatMap { ranges[$0] ?? [] }.sorted { $0.lowerBound < $1.lowerBound })
        }
    }
}
