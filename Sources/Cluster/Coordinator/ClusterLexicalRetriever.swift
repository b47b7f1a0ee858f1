import TrawlCore
import TrawlEngine
import TrawlLexicalIndex

/// BM25 over the postings of all shards, by the term statistics of all together.
struct ClusterLexicalRetriever: Retriever {
    let name = "lexical"
    private let shards: ShardGroup
    private let documents: ClusterDocuments
    private let conditions: [String]
    private let settings: LexicalSettings
    private let analysis: AnalyzerSettings
    private let terms: ClusterTerms

    init(_ index: ClusterIndex, _ documents: ClusterDocuments, _ settings: LexicalSettings, conditions: [String]) {
        shards = index.shards
        self.documents = documents
        self.conditions = conditions
        self.settings = settings
        analysis = index.recipe.lexical.analysis
        terms = ClusterTerms(index)
    }

    private var weigher: TermWeigher<ClusterTerms> {
        TermWeigher(analysis, dropsAskingWords: settings.queryStopWords, terms)
    }

    private var scorer: BM25Scorer { BM25Scorer(settings.parameters, meanLength: terms.meanLength) }

    private func node(of query: String) throws -> QueryNode? {
        try settings.syntax.parse(query) ?? analysis.pairs(with: query)
    }

    func search(_ queries: [String], limit: Int) throws -> [Retrieved] {
        let nodes = try queries.map(node)
        let plain = queries.indices.filter { nodes[$0] == nil }
        let weigher = weigher
        try terms.prepare(plain.flatMap { try weigher.terms(of: queries[$0]).map(\.bytes) })
        let weighted = try plain.map { try weigher.weighted(queries[$0]) }
        var found = [Retrieved?](repeating: nil, count: queries.count)
        let scope = SearchScope(limit: limit, conditions: conditions)
        if !plain.isEmpty {
            let answers = try shards.askEach(SearchTerms(queries: weighted, scorer: scorer, scope: scope))
            let rankings = try documents.rankings(answers, queries: plain.count, limit: limit)
            for (number, query) in plain.enumerated() {
                found[query] = result(queries[query], weighted[number], rankings[number])
            }
        }
        for (query, node) in nodes.enumerated() {
            guard let node else { continue }
            found[query] = try result(queries[query], node, limit: limit, scope)
        }
        return found.compactMap { $0 }
    }

    private func result(_ query: String, _ terms: [WeightedTerm], _ ranking: Ranking) -> Retrieved {
        Retrieved(
            ranking: ranking,
            matches: { id, passage in
                let place = try documents.found(id)
                let found = try ask(
                    ExplainTerms(terms: terms, scorer: scorer, passage: place.passage), of: place.shard)
                return try LexicalMatches.list(found.map { ($0, [$0.term]) }, in: passage, analysis)
            },
            suggestion: { try suggestion(for: query, words: query) },
            bound: { terms.reduce(0) { $0 + $1.weight } })
    }

    private func result(
        _ query: String, _ node: QueryNode, limit: Int, _ scope: SearchScope
    ) throws -> Retrieved {
        let resolved = try weigher.resolve(node)
        let hits = try shards.askEach(SearchOperators(query: resolved, scorer: scorer, scope: scope)).map { $0 ?? [] }
        return Retrieved(
            ranking: try documents.ranking(hits, limit: limit),
            matches: { id, passage in
                let place = try documents.found(id)
                let found = try ask(
                    ExplainOperators(query: resolved, scorer: scorer, passage: place.passage), of: place.shard)
                return try LexicalMatches.list(found.map { ($0.explanation, $0.terms) }, in: passage, analysis)
            },
            suggestion: { try suggestion(for: query, words: node.exactWords) }, notes: resolved.notes,
            bound: { try weigher.weighted(node.exactWords).reduce(0) { $0 + $1.weight } })
    }

    /// The answer of one shard.
    private func ask<Question: ShardQuestion>(_ question: Question, of shard: Int) throws -> Question.Answer {
        let answers = try shards.ask((0..<shards.count).map { $0 == shard ? question : nil })
        guard let answer = answers[shard] else { throw TrawlError(.corrupted, "shard \(shard) did not answer") }
        return answer
    }

    func reading(of query: String) throws -> QueryReading? {
        guard let node = try settings.syntax.parse(query) else { return nil }
        return QueryReading(text: node.plainText) { passages in
            let query = try weigher.resolve(node)
            // Either all shards let everything be found, or none does.
            let places = try passages.map(documents.found)
            let wanted = (0..<shards.count).map { shard in
                AllowedPassages(query: query, passages: places.filter { $0.shard == shard }.map(\.passage))
            }
            var allowed: Set<PassageID> = []
            for (shard, answer) in try shards.ask(wanted).enumerated() {
                // A shard that is missing has none of the passages.
                guard let answer else { continue }
                guard let isAllowed = answer else { return nil }
                let own = zip(passages, places).filter { $0.1.shard == shard }.map(\.0)
                allowed.formUnion(zip(own, isAllowed).filter(\.1).map(\.0))
            }
            return allowed
        }
    }

    /// `query` with what is nearest in place of words that no passage has; nil if there are none.
    private func suggestion(for query: String, words: String) throws -> String? {
        let corrections = try weigher.corrections(of: words) { term, word in
            try shards.ask(FindWrittenForm(term: term, word: word)).compactMap { $0 }
                .min { $0.position < $1.position }?.text
        }
        return LexicalMatches.corrected(query, corrections)
    }
}
