public import TrawlCore
import TrawlCorpus

/// A search of an index made ready: retrievers, their fusion, and rerankers, with settings that were resolved once. Made
/// by `Engine.session`. For one thread at a time; sessions of one engine share its models.
public final class SearchSession {
    /// How many queries are best searched together.
    public static let batchSize = 64

    private let index: SearchIndex
    /// As resolved: the mode is never nil.
    public let settings: SearchSettings
    private let retrievers: [(weight: Float, retriever: any Retriever)]
    private let rerankers: [(settings: RerankSettings, reranker: any Reranker)]

    /// Resolves the settings, and loads and opens what they need.
    ///
    /// - Throws: `TrawlError` for settings out of their bounds, a part that the index lacks, or a model that is missing or
    ///   not the one that the index was built with.
    init(_ index: SearchIndex, _ settings: SearchSettings, models: ModelCache, rerankers: Rerankers) throws {
        var settings = settings
        try settings.validate(index.knownParts)
        settings.mode = settings.mode ?? index.defaultMode(settings)
        self.index = index
        self.settings = settings
        let context = RetrieverContext(
            index: index, settings: settings, models: models,
            filter: settings.conditions.isEmpty ? nil : try index.documents.passages(meeting: settings.conditions))
        retrievers = try index.methods(settings).map { part, weight in
            try index.require(part)
            guard let retriever = try part.makeRetriever(context) else {
                throw TrawlError(.invalidInput, "the part \(part.name) finds nothing by itself", path: index.path)
            }
            return (weight, retriever)
        }
        self.rerankers = try settings.rerankers.map { ($0, try rerankers.make($0, models: models)) }
    }

    /// The hits for each query, with the score of each stage.
    public func search(_ queries: [Query]) throws -> [SearchResult] {
        try zip(queries, rank(queries)).map { query, found in
            SearchResult(
                queryID: query.id, query: query.text,
                hits: try found.final.prefix(settings.limit).enumerated().map { index, entry in
                    try hit(entry, rank: index + 1, query, found)
                },
                keys: settings.explains ? found.retrieved.flatMap { $0.keys() } : [])
        }
    }

    /// The documents that answer each query, each with its best passage's score: what evaluation needs.
    public func rankDocuments(
        _ queries: [Query], progress: any ProgressReporter = .silent, cancellation: Cancellation = .never
    ) throws -> [DocumentRanking] {
        var rankings: [DocumentRanking] = []
        progress.begin("\(settings.mode ?? .hybrid) queries", total: queries.count, unit: "queries")
        defer { progress.end() }
        for start in stride(from: 0, to: queries.count, by: Self.batchSize) where !cancellation.isCancelled {
            let batch = Array(queries[start..<min(start + Self.batchSize, queries.count)])
            for (query, found) in zip(batch, try rank(batch)) {
                let documents = try found.final.prefix(settings.limit).map { entry in
                    DocumentScore(
                        document: try index.documents.documentID(index.documents.documentNumber(of: entry.passage)),
                        score: entry.score)
                }
                rankings.append(DocumentRanking(query: query.id, documents: documents))
            }
            progress.advance(batch.count)
        }
        return rankings
    }

    /// For each retrieval method that approximates, the share of the `k` best passages of an exact search that it finds.
    public func recallOfExactSearch(_ queries: [Query], k: Int = 10) throws -> [(method: String, recall: Double)] {
        try retrievers.compactMap { _, retriever in
            try retriever.recallOfExactSearch(queries.map(\.text), k: k).map { (retriever.name, $0) }
        }
    }

    /// What the stages found for one query.
    private struct Found {
        var stages: [(name: String, ranking: Ranking, ranks: [PassageID: Int])] = []
        var retrieved: [Retrieved] = []
        /// One entry per document when documents are collapsed.
        var final = Ranking([])

        mutating func add(_ name: String, _ ranking: Ranking) {
            var ranks: [PassageID: Int] = [:]
            for (rank, entry) in ranking.enumerated() { ranks[entry.passage] = rank }
            stages.append((name, ranking, ranks))
            final = ranking
        }
    }

    private func rank(_ queries: [Query]) throws -> [Found] {
        var found = queries.map { _ in Found() }
        // As documents are: both in NFC.
        let texts = queries.map { cleaned($0.text) }
        for (_, retriever) in retrievers {
            for (query, result) in try retriever.search(texts, limit: depth).enumerated() {
                found[query].retrieved.append(result)
                found[query].add(retriever.name, result.ranking)
            }
        }
        let fusion = settings.fusion
        for query in found.indices {
            if retrievers.count > 1 {
                let weighted = zip(retrievers, found[query].retrieved).map { ($0.weight, $1.ranking) }
                found[query].add(
                    "fusion", Fusion.fuse(weighted, method: fusion.method, constant: fusion.constant))
            }
            found[query].final = Ranking(try collapsed(found[query].final))
            for (number, step) in rerankers.enumerated() {
                let name = number == 0 ? "rerank" : "rerank \(number + 1)"
                found[query].add(name, try rerank(found[query].final, texts[query], step.settings.depth, step.reranker))
            }
        }
        return found
    }

    /// The best `depth` hits by their new scores; the others follow in their old order, below.
    private func rerank(_ ranking: Ranking, _ query: String, _ depth: Int, _ reranker: any Reranker) throws -> Ranking {
        guard !ranking.isEmpty else { return ranking }
        let best = try reranker.rerank(ranking.top(depth), query: query, documents: index.documents)
        let worst = best.last?.score ?? 0
        let rest = ranking.dropFirst(depth).enumerated().map { ScoredPassage($1.passage, worst - Float($0 + 1)) }
        return Ranking(best.entries + rest)
    }

    /// How many hits the stages before the last must keep.
    private var hitCount: Int { settings.rerankers.reduce(settings.limit) { max($0, $1.depth) } }

    /// How many passages each retriever answers.
    private var depth: Int {
        let passages = max(1, index.documents.passageCount)
        let documents = max(1, index.documents.documentCount)
        let perDocument = (passages + documents - 1) / documents
        // Where documents have several passages, some of the best passages share a document.
        let spread = settings.collapsesDocuments && perDocument > 1 ? 4 * perDocument : 1
        var depth = hitCount > passages / spread ? passages : hitCount * spread
        if retrievers.count > 1 { depth = max(depth, settings.fusion.depth) }
        return min(depth, passages)
    }

    /// The first `hitCount` entries, one per document when documents are collapsed.
    private func collapsed(_ ranking: Ranking) throws -> [ScoredPassage] {
        guard settings.collapsesDocuments, index.documents.passageCount > index.documents.documentCount else {
            return Array(ranking.prefix(hitCount))
        }
        var seen: Set<UInt32> = []
        var chosen: [ScoredPassage] = []
        for entry in ranking where try seen.insert(index.documents.documentNumber(of: entry.passage)).inserted {
            chosen.append(entry)
            if chosen.count == hitCount { break }
        }
        return chosen
    }

    private func hit(_ entry: ScoredPassage, rank: Int, _ query: Query, _ found: Found) throws -> SearchHit {
        let passage = try index.documents.passage(entry.passage)
        let stages = found.stages.map { stage in
            let rank = stage.ranks[entry.passage]
            return StageScore(
                stage: stage.name, rank: rank.map { $0 + 1 }, score: rank.map { stage.ranking[$0].score })
        }
        let matches = settings.explains ? try found.retrieved.flatMap { try $0.matches(entry.passage, passage) } : []
        return SearchHit(
            queryID: query.id, query: query.text, rank: rank, document: passage.document, title: passage.title,
            text: passage.text, passage: passage.ordinal, range: try index.documents.range(of: entry.passage),
            metadata: try index.documents.metadata(of: entry.passage), score: entry.score, stages: stages,
            matches: matches)
    }
}

extension SearchIndex {
    /// The mode of a search that names none: hybrid where several built methods have a weight, otherwise the one that has.
    public func defaultMode(_ settings: SearchSettings) -> SearchMode {
        let built = parts.compactMap(\.buildName)
        let weighted = weights(settings).filter { $0.weight > 0 }.compactMap(\.part.buildName).filter(built.contains)
        if weighted.count > 1 { return .hybrid }
        return SearchMode(rawValue: weighted.first ?? built.first ?? "")
    }

    /// The parts that a search asks, with their weights in the fusion.
    ///
    /// - Throws: `TrawlError.invalidInput` when no part has a weight.
    func methods(_ settings: SearchSettings) throws -> [(part: any IndexPart, weight: Float)] {
        if let mode = settings.mode, mode != .hybrid, let part = knownParts.named(mode.rawValue) { return [(part, 1)] }
        let chosen = weights(settings).filter { $0.weight > 0 }
        guard !chosen.isEmpty else {
            throw TrawlError(
                .invalidInput, "every weight of the fusion is 0", remedy: "give some method a weight",
                topic: .fusionWeights)
        }
        return chosen
    }

    /// The weight of each retrieval method of the index in a hybrid search.
    public func fusionWeights(_ settings: SearchSettings) -> [String: Float] {
        weights(settings).reduce(into: [:]) { weights, entry in
            if let name = entry.part.buildName { weights[name] = entry.weight }
        }
    }

    /// Weights that are named count for all parts, so that one which is not built is an error; default weights for those that
    /// are built and can be asked.
    private func weights(_ settings: SearchSettings) -> [(part: any IndexPart, weight: Float)] {
        guard let weights = settings.fusion.weights else {
            let parts = parts.filter { $0.canSearch(recipe, settings) }
            let readers = parts.count { $0.readsWords && $0.fusionWeight > 0 }
            let share: Float = readers > 1 ? 1.5 / Float(readers) : 1
            return parts.map { ($0, $0.fusionWeight * ($0.readsWords ? share : 1)) }
        }
        return knownParts.all.compactMap { part in part.buildName.flatMap { weights[$0] }.map { (part, $0) } }
    }
}
