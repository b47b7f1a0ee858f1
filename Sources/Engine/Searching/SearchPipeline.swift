public import TrawlCore
public import TrawlCorpus

/// One way to search an index, made ready: retrievers, their fusion, and a reranker.
public final class SearchPipeline {
    /// How many queries are best searched together.
    public static let batchSize = 64

    private let index: SearchIndex
    private let options: SearchOptions
    private let progress: any ProgressReporter
    private let retrievers: [(weight: Float, retriever: any Retriever)]
    private let reranker: Reranker?

    /// Loads what `options` needs.
    ///
    /// - Throws: `TrawlError` when the index lacks a part, or a model is missing or another one.
    public init(index: SearchIndex, options: SearchOptions, progress: any ProgressReporter = .silent) throws {
        self.index = index
        self.options = options
        self.progress = progress
        let recipe = options.recipe
        let filter = options.conditions.isEmpty ? nil : try index.documents.passages(meeting: options.conditions)
        func retriever(_ component: IndexComponent) throws -> any Retriever {
            func filtered(_ base: any Retriever) -> any Retriever {
                filter.map { FilteredRetriever(base, $0, passageCount: index.documents.passageCount) } ?? base
            }
            return switch component {
            case .lexical: filtered(try LexicalRetriever(index, recipe.lexical))
            case .dense: try DenseRetriever(index, recipe.dense, options, filter)
            case .generative: filtered(try GenerativeRetriever(index, recipe.generative))
            }
        }
        switch options.mode {
        case .lexical: retrievers = [(1, try retriever(.lexical))]
        case .dense: retrievers = [(1, try retriever(.dense))]
        case .generative: retrievers = [(1, try retriever(.generative))]
        case .hybrid:
            retrievers = try IndexComponent.allCases.compactMap { component in
                let weight = recipe.fusion.weights[component.rawValue] ?? 0
                return weight > 0 ? (weight, try retriever(component)) : nil
            }
            guard !retrievers.isEmpty else {
                throw TrawlError(.invalidInput, "every weight of the fusion is 0", remedy: "give --weights")
            }
        }
        reranker = try options.reranking.map { try Reranker($0, documents: index.documents) }
    }

    /// The hits for each query, with what each stage said of them.
    public func search(_ queries: [Query]) throws -> [SearchResult] {
        let found = try rank(queries)
        return try zip(queries, found).map { query, found in
            let chosen = try collapsed(found.final)
            return SearchResult(
                queryID: query.id, query: query.text, hits: try chosen.map { try hit($0, found) },
                keys: options.explains ? found.retrieved.flatMap { $0.keys() } : [])
        }
    }

    /// The documents that answer each query, each with its best passage's score: what evaluation needs.
    public func rankDocuments(_ queries: [Query]) throws -> [DocumentRanking] {
        var rankings: [DocumentRanking] = []
        progress.begin("\(options.mode.rawValue) queries", total: queries.count, unit: "queries")
        for start in stride(from: 0, to: queries.count, by: Self.batchSize) {
            let batch = Array(queries[start..<min(start + Self.batchSize, queries.count)])
            for (query, found) in zip(batch, try rank(batch)) {
                let documents = try collapsed(found.final).map { entry in
                    DocumentScore(
                        document: try index.documents.documentID(index.documents.documentNumber(of: entry.passage)),
                        score: entry.score)
                }
                rankings.append(DocumentRanking(query: query.id, documents: documents))
            }
            progress.advance(batch.count)
        }
        progress.end()
        return rankings
    }

    /// The share of the `k` passages nearest to each query that dense search finds; nil where it takes no part, or compares
    /// all passages.
    public func denseRecall(_ queries: [Query], k: Int = 10) throws -> Double? {
        let dense = retrievers.lazy.compactMap { $0.retriever as? DenseRetriever }.first
        return try dense?.recall(queries.map(\.text), k: k)
    }

    /// What the stages found for one query.
    private struct Found {
        var stages: [(name: String, ranking: Ranking, places: [PassageID: Int])] = []
        var retrieved: [Retrieved] = []
        var final = Ranking([])

        mutating func add(_ name: String, _ ranking: Ranking) {
            var places: [PassageID: Int] = [:]
            for (place, entry) in ranking.enumerated() { places[entry.passage] = place }
            stages.append((name, ranking, places))
            final = ranking
        }
    }

    private func rank(_ queries: [Query]) throws -> [Found] {
        var found = queries.map { _ in Found() }
        let texts = queries.map(\.text)
        for (_, retriever) in retrievers {
            for (place, result) in try retriever.search(texts, limit: depth).enumerated() {
                found[place].retrieved.append(result)
                found[place].add(retriever.name, result.ranking)
            }
        }
        let recipe = options.recipe.fusion
        for place in found.indices {
            if retrievers.count > 1 {
                let weighted = zip(retrievers, found[place].retrieved).map { ($0.weight, $1.ranking) }
                found[place].add(
                    "fusion", Fusion.fuse(weighted, method: recipe.method, constant: recipe.constant))
            }
            if let reranker {
                found[place].add("rerank", try reranker.rerank(found[place].final, query: texts[place]))
            }
        }
        return found
    }

    /// How many passages each retriever answers.
    private var depth: Int {
        let passages = max(1, index.documents.passageCount)
        let documents = max(1, index.documents.documentCount)
        let perDocument = (passages + documents - 1) / documents
        // Where documents have several passages, some of the best passages share a document.
        let spread = options.collapsesDocuments && perDocument > 1 ? 4 * perDocument : 1
        var depth = options.limit > passages / spread ? passages : options.limit * spread
        if let reranking = options.reranking { depth = max(depth, reranking.depth) }
        if options.mode == .hybrid { depth = max(depth, options.recipe.fusion.depth) }
        return min(depth, passages)
    }

    /// The first `limit` entries, one a document when documents are collapsed.
    private func collapsed(_ ranking: Ranking) throws -> [ScoredPassage] {
        guard options.collapsesDocuments, index.documents.passageCount > index.documents.documentCount else {
            return Array(ranking.prefix(options.limit))
        }
        var seen: Set<UInt32> = []
        var chosen: [ScoredPassage] = []
        for entry in ranking where try seen.insert(index.documents.documentNumber(of: entry.passage)).inserted {
            chosen.append(entry)
            if chosen.count == options.limit { break }
        }
        return chosen
    }

    private func hit(_ entry: ScoredPassage, _ found: Found) throws -> SearchHit {
        let passage = try index.documents.passage(entry.passage)
        let stages = found.stages.map { stage in
            let place = stage.places[entry.passage]
            return StageScore(
                stage: stage.name, rank: place.map { $0 + 1 }, score: place.map { stage.ranking[$0].score })
        }
        let matches = options.explains ? try found.retrieved.flatMap { try $0.matches(entry.passage, passage) } : []
        return SearchHit(
            document: passage.document, title: passage.title, text: passage.text, passage: passage.ordinal,
            range: passage.range, score: entry.score, stages: stages, matches: matches)
    }
}

/// The documents that answer a query, best first.
public struct DocumentRanking: Sendable {
    public let query: String
    public let documents: [DocumentScore]
}

public struct DocumentScore: Sendable {
    public let document: DocumentID
    public let score: Float
}
