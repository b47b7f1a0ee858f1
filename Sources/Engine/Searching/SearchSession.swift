public import TrawlCore
import TrawlCorpus
import TrawlTensors

/// A search of an index made ready: retrievers, their fusion, and rerankers, with settings that were resolved once. Made
/// by `Engine.session`. For one thread at a time; sessions of one engine share its models.
public final class SearchSession {
    /// How many queries are best searched together.
    public static let batchSize = 64

    let documents: any SearchedDocuments
    /// As resolved: the mode is never nil.
    public let settings: SearchSettings
    let retrievers: [(weight: Float, readsWords: Bool, retriever: any Retriever)]
    private let rerankers: RerankStages
    private let fitted: FittedFusion?

    /// A session over `documents`, whatever they are kept in, by retrievers that are ready.
    ///
    /// - Parameter settings: as resolved, with a mode.
    package init(
        _ documents: any SearchedDocuments, _ settings: SearchSettings,
        retrievers: [(weight: Float, readsWords: Bool, retriever: any Retriever)], models: ModelCache,
        rerankers: Rerankers
    ) throws {
        precondition(settings.mode != nil)
        self.documents = documents
        self.settings = settings
        self.retrievers = retrievers
        fitted = nil
        self.rerankers = try RerankStages(
            settings.rerankers, over: nil, isFused: retrievers.count > 1, models: models, kinds: rerankers)
    }

    /// Resolves the settings, and loads and opens what they need.
    ///
    /// - Throws: `TrawlError` for settings out of their bounds, a part that the index lacks, or a model that is missing or
    ///   not the one that the index was built with.
    init(_ index: SearchIndex, _ settings: SearchSettings, models: ModelCache, rerankers: Rerankers) throws {
        var settings = settings
        try settings.validate(index.knownParts)
        settings.mode = settings.mode ?? index.defaultMode(settings)
        documents = index.documents
        self.settings = settings
        let context = RetrieverContext(
            index: index, settings: settings, models: models,
            filter: try index.filter(settings))
        retrievers = try index.methods.asked(settings).map { part, weight in
            try index.require(part)
            guard let retriever = try part.makeRetriever(context) else {
                throw TrawlError(.invalidInput, "the part \(part.name) finds nothing by itself", path: index.path)
            }
            return (weight, part.readsWords, retriever)
        }
        let names = retrievers.map { ($0.retriever.name, $0.weight) }
        let methods = retrievers.map { ($0.retriever.name, $0.retriever.evidence) }
        fitted = try index.fusion(settings, names) { depth in
            FusionFeatures(methods: methods, depth: depth, documents: index.documents).names
        }
        self.rerankers = try RerankStages(
            settings.rerankers, over: index, isFused: retrievers.count > 1, models: models, kinds: rerankers)
    }

    /// The hits for each query, with the score of each stage.
    public func search(_ queries: [Query]) throws -> [SearchResult] {
        try zip(queries, rank(queries)).map { try result($0, $1, limit: settings.limit) }
    }

    /// The hits for one query, of which `first` gets those before reranking as soon as they are known; it is called only if
    /// there are rerankers.
    public func search(_ query: Query, first: (SearchResult) throws -> Void) throws -> SearchResult {
        var (found, texts) = try retrieve([query])
        try order(&found[0])
        if !rerankers.isEmpty {
            try first(try result(query, found[0], limit: settings.limit))
            try rerank(&found[0], texts[0])
        }
        return try result(query, found[0], limit: settings.limit)
    }

    /// The first `limit` hits for each query, and all documents that answer it, up to the limit of the settings.
    public func searchAndRank(
        _ queries: [Query], limit: Int
    ) throws -> [(result: SearchResult, ranking: DocumentRanking)] {
        try zip(queries, rank(queries)).map { query, found in
            (try result(query, found, limit: limit), try ranking(query, found))
        }
    }

    /// The documents that answer each query, each with its best passage's score: what evaluation needs. What rerankers say of how
    /// they read passages becomes one warning.
    public func rankDocuments(
        _ queries: [Query], progress: any ProgressReporter = .silent, cancellation: Cancellation = .never
    ) throws -> [DocumentRanking] {
        var rankings: [DocumentRanking] = []
        var notes = RerankNotes()
        progress.begin("\(settings.mode ?? .hybrid) queries", total: queries.count, unit: "queries")
        defer { progress.end() }
        for start in stride(from: 0, to: queries.count, by: Self.batchSize) where !cancellation.isCancelled {
            let batch = Array(queries[start..<min(start + Self.batchSize, queries.count)])
            let found = try rank(batch)
            for query in found { notes.add(query.notes) }
            rankings += try zip(batch, found).map { try ranking($0, $1) }
            progress.advance(batch.count)
        }
        if let message = notes.message(of: queries.count) { progress.warn(message) }
        return rankings
    }

    /// The passages that answer each query, the best one of each document where documents are collapsed.
    public func rankPassages(_ queries: [Query]) throws -> [Ranking] { try rank(queries).map(\.final) }

    /// For each retrieval method that approximates, the share of the `k` best passages of an exact search that it finds.
    public func recallOfExactSearch(_ queries: [Query], k: Int = 10) throws -> [(method: String, recall: Double)] {
        try retrievers.compactMap { _, _, retriever in
            try retriever.recallOfExactSearch(queries.map(\.text), k: k).map { (retriever.name, $0) }
        }
    }

    /// What the stages found for one query.
    struct Found {
        /// The stages, each with what it gave.
        private(set) var stages: [(name: String, ranking: Ranking)] = []
        /// What each method added to the fusion.
        var fused: Fusion.Fused?
        var retrieved: [Retrieved] = []
        /// What the blocks of a fitted fusion added.
        var blocks: BlockScores?
        /// One entry per document when documents are collapsed.
        var final = Ranking([])
        /// What rerankers say of how they read passages.
        var notes: [String] = []

        mutating func add(_ name: String, _ ranking: Ranking) {
            stages.append((name, ranking))
            final = ranking
        }
    }

    private func result(_ query: Query, _ found: Found, limit: Int) throws -> SearchResult {
        let shown = Array(found.final.prefix(limit))
        try documents.prepare(shown.map(\.passage))
        let numbers = try shown.map { try number(of: $0.passage) }
        let places = try found.stages.map { try self.places(of: numbers, in: $0.ranking) }
        return SearchResult(
            queryID: query.id, query: query.text,
            hits: try shown.indices.map { index in
                let stages = zip(found.stages, places).map { stage, places in
                    StagePlace(name: stage.name, rank: places[index]?.rank, score: places[index]?.score)
                }
                return try hit(shown[index], number: numbers[index], rank: index + 1, query, found, stages)
            },
            keys: settings.explains ? found.retrieved.flatMap { $0.keys() } : [],
            suggestion: try found.retrieved.lazy.compactMap { try $0.suggestion() }.first,
            notes: found.retrieved.flatMap(\.notes) + found.notes)
    }

    /// What a stage gave to a hit.
    private struct StagePlace {
        let name: String
        /// Counted from 1; nil for a hit that the stage lacks.
        let rank: Int?
        let score: Float?
    }

    /// The ranks and scores that a stage gave to what has these numbers.
    private func places(of numbers: [UInt32], in ranking: Ranking) throws -> [(rank: Int, score: Float)?] {
        let wanted = Dictionary(numbers.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
        var places = [(rank: Int, score: Float)?](repeating: nil, count: numbers.count)
        // Of passages that share a document, the first counts.
        let isShared = settings.collapsesDocuments && documents.passageCount > documents.documentCount
        var seen: Set<UInt32> = []
        var (rank, left) = (0, numbers.count)
        for entry in ranking where left > 0 {
            let number = try number(of: entry.passage)
            if isShared, !seen.insert(number).inserted { continue }
            rank += 1
            guard let position = wanted[number] else { continue }
            places[position] = (rank, entry.score)
            left -= 1
        }
        return places
    }

    func ranking(_ query: Query, _ found: Found) throws -> DocumentRanking {
        let shown = found.final.prefix(settings.limit)
        try documents.prepare(shown.map(\.passage))
        return DocumentRanking(
            query: query.id,
            documents: try shown.map { entry in
                DocumentScore(
                    document: try documents.documentID(documents.documentNumber(of: entry.passage)),
                    score: entry.score)
            })
    }

    private func rank(_ queries: [Query]) throws -> [Found] {
        var (found, texts) = try retrieve(queries)
        try forEach(&found) { _, found in try order(&found) }
        for query in found.indices { try rerank(&found[query], texts[query]) }
        return found
    }

    /// Calls `body` for each query, on all cores where there are several.
    ///
    /// - Throws: the error of the first query that has one.
    func forEach(_ found: inout [Found], _ body: (Int, inout Found) throws -> Void) throws {
        var errors = [(any Error)?](repeating: nil, count: found.count)
        found.withUnsafeMutableBufferPointer { found in
            errors.withUnsafeMutableBufferPointer { errors in
                nonisolated(unsafe) let (found, errors) = (found, errors)
                ThreadPool.shared.parallelFor(found.count) { query in
                    do { try body(query, &found[query]) } catch { errors[query] = error }
                }
            }
        }
        if let error = errors.lazy.compactMap({ $0 }).first { throw error }
    }

    /// Fuses what the methods found, and collapses documents.
    func order(_ found: inout Found) throws {
        if retrievers.count > 1 { try fuse(&found) }
        found.final = Ranking(try collapsed(found.final))
    }

    /// Applies the rerankers, one after the other.
    func rerank(_ found: inout Found, _ text: String) throws {
        for stage in 0..<rerankers.count {
            let (best, all, notes) = try rerankers.apply(
                stage, to: found.final, query: text, documents: documents)
            found.add(RerankStages.name(of: stage), best)
            found.final = all
            found.notes += notes
        }
    }

    /// What each method finds for each query, and the queries as methods without operators read them.
    func retrieve(_ queries: [Query]) throws -> (found: [Found], texts: [String]) {
        var found = queries.map { _ in Found() }
        // As documents are: all in NFC.
        let queries = queries.map { Query(id: $0.id, text: cleaned($0.text)) }
        let readings = try queries.map { try reading(of: $0.text) }
        let texts = zip(queries, readings).map { $1?.text ?? $0.text }
        let excludedCount = try settings.excludesQueryDocument ? queries.map { try passages(of: $0).count }.max() : nil
        let limit = min(depth + (excludedCount ?? 0), max(1, documents.passageCount))
        let results = try documents.numbered(
            retrievers.enumerated().map { number, entry in
                // A method reads the operators that it knows; the others get the words.
                let own = zip(queries, zip(readings, texts)).map { $1.0?.retriever == number ? $0.text : $1.1 }
                return try entry.retriever.search(own, limit: limit)
            })
        let excluded = try settings.excludesQueryDocument ? queries.map { try passages(of: $0) } : []
        try forEach(&found) { query, found in
            let allowed = try self.allowed(results.map { $0[query].ranking }, by: readings[query])
            for (number, (_, _, retriever)) in retrievers.enumerated() {
                var result = results[number][query]
                if !excluded.isEmpty { result = result.excluding(excluded[query], limit: depth) }
                if readings[query]?.retriever != number, let allowed {
                    result = result.with(Ranking(result.ranking.filter { allowed.contains($0.passage) }))
                }
                found.retrieved.append(result)
                found.add(retriever.name, result.ranking)
            }
        }
        return (found, texts)
    }

    private func fuse(_ found: inout Found) throws {
        var fused = try weightedSum(found.retrieved)
        found.fused = fused
        if let fitted {
            let blocks = min(fitted.blockCount, settings.fusion.blocks ?? .max)
            if blocks > 0 {
                let candidates = try features(fitted.depth).candidates(found.retrieved, fused, number: number(of:))
                (fused.ranking, found.blocks) = fitted.ranking(fused.ranking, candidates, blocks: blocks)
            }
        }
        found.add("fusion", fused.ranking)
    }

    private func weightedSum(_ retrieved: [Retrieved]) throws -> Fusion.Fused {
        try weightedSum(retrieved, settings.fusion, weights: retrievers.map(\.weight))
    }

    /// The sum by another fusion, with a weight for each method.
    func weightedSum(
        _ retrieved: [Retrieved], _ settings: FusionSettings, weights: [Float]
    ) throws -> Fusion.Fused {
        let method = settings.method == .fitted ? fitted?.base ?? .minMax : settings.method
        let fusion = Fusion(method: method, constant: settings.constant, depth: settings.depth)
        let readsBounds = method == .bounded || method == .adaptive
        let inputs = try zip(zip(retrievers, weights), retrieved).map { entry, result in
            Fusion.Input(
                weight: entry.1, ranking: result.ranking, bound: readsBounds ? try result.bound() : nil,
                readsWords: entry.0.readsWords)
        }
        return try fusion.fuse(inputs, document: number(of:))
    }

    private func features(_ depth: Int) -> FusionFeatures {
        FusionFeatures(
            methods: retrievers.map { ($0.retriever.name, $0.retriever.evidence) }, depth: depth,
            documents: documents)
    }

    /// The weights of the methods in the fusion, in the order of the search.
    public var fusedWeights: [(name: String, weight: Float)] { retrievers.map { ($0.retriever.name, $0.weight) } }

    /// The names of the features that `fusionCandidates` reads.
    public var fusionFeatures: [String] { features(FittedFusion.defaultDepth).names }

    /// What a fusion of the methods' rankings is fitted to: for each query, the documents among the first `depth` of any
    /// method.
    public func fusionCandidates(
        _ queries: [Query], depth: Int = FittedFusion.defaultDepth
    ) throws -> [FusionCandidates] {
        try retrieve(queries).found.map { found in
            try features(depth).candidates(found.retrieved, try weightedSum(found.retrieved), number: number(of:))
        }
    }

    /// What the operators of a query mean to methods that know none, with the number of the method that knows them; nil for a
    /// query without operators.
    private func reading(of query: String) throws -> Reading? {
        for (number, (_, _, retriever)) in retrievers.enumerated() {
            guard let reading = try retriever.reading(of: query) else { continue }
            return (number, reading.text, reading.allowed)
        }
        return nil
    }

    private typealias Reading = (
        retriever: Int, text: String, allowed: ([PassageID]) throws -> Set<PassageID>?
    )

    /// The passages of other methods' rankings that a query with operators lets be found; nil: all.
    private func allowed(_ rankings: [Ranking], by reading: Reading?) throws -> Set<PassageID>? {
        guard let reading, rankings.count > 1 else { return nil }
        let others = rankings.enumerated().filter { $0.offset != reading.retriever }.map(\.element)
        return try reading.allowed(Set(others.joined().map(\.passage)).sorted())
    }

    /// The passages of the document that has the id of `query`.
    private func passages(of query: Query) throws -> Set<PassageID> {
        try Set(documents.passages(of: DocumentID(query.id)))
    }

    /// What hits are told apart by: the document that a passage is part of, where documents are collapsed.
    func number(of passage: PassageID) throws -> UInt32 {
        settings.collapsesDocuments ? try documents.documentNumber(of: passage) : passage.rawValue
    }

    /// How many hits the stages before the last must keep.
    private var hitCount: Int { settings.rerankers.reduce(settings.limit) { max($0, $1.depth) } }

    /// How many passages each retriever answers.
    private var depth: Int { depth(fusing: settings.fusion.depth) }

    /// The same where that many passages of each retriever are fused.
    func depth(fusing fusionDepth: Int) -> Int {
        let passages = max(1, documents.passageCount)
        let documents = max(1, documents.documentCount)
        let perDocument = (passages + documents - 1) / documents
        // Where documents have several passages, some of the best passages share a document.
        let spread = settings.collapsesDocuments && perDocument > 1 ? 4 * perDocument : 1
        var depth = hitCount > passages / spread ? passages : hitCount * spread
        if retrievers.count > 1 { depth = max(depth, fusionDepth) }
        return min(depth, passages)
    }

    /// The first `hitCount` entries, one per document when documents are collapsed.
    func collapsed(_ ranking: Ranking) throws -> [ScoredPassage] {
        guard settings.collapsesDocuments, documents.passageCount > documents.documentCount else {
            return Array(ranking.prefix(hitCount))
        }
        var seen: Set<UInt32> = []
        var chosen: [ScoredPassage] = []
        for entry in ranking where try seen.insert(documents.documentNumber(of: entry.passage)).inserted {
            chosen.append(entry)
            if chosen.count == hitCount { break }
        }
        return chosen
    }

    private func hit(
        _ entry: ScoredPassage, number: UInt32, rank: Int, _ query: Query, _ found: Found, _ places: [StagePlace]
    ) throws -> SearchHit {
        let passage = try documents.passage(entry.passage)
        var stages = places.enumerated().map { position, place in
            StageScore(
                stage: place.name, rank: place.rank, score: place.score,
                added: position < retrievers.count ? found.fused?.part(of: position, to: number) : nil)
        }
        let blocks = (found.blocks?[entry.passage] ?? []).enumerated().map { block, added in
            StageScore(stage: "block \(block + 1)", rank: nil, score: nil, added: added)
        }
        stages.insert(contentsOf: blocks, at: retrievers.count)
        // A hit below a reranker's depth keeps the score of the stage before.
        let score = stages.last { $0.score != nil }?.score ?? entry.score
        let matches = settings.explains ? try found.retrieved.flatMap { try $0.matches(entry.passage, passage) } : []
        return SearchHit(
            queryID: query.id, query: query.text, rank: rank, document: passage.document, title: passage.title,
            section: passage.section, text: passage.text, passage: passage.ordinal,
            range: try documents.range(of: entry.passage),
            metadata: try documents.metadata(of: entry.passage), score: score, stages: stages,
            matches: matches)
    }
}
