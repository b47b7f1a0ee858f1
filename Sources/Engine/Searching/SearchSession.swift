public import TrawlCore
import TrawlCorpus
import TrawlTensors

/// A search of an index made ready: retrievers, their fusion, and rerankers, with settings that were resolved once. Made
/// by `Engine.session`. For one thread at a time; sessions of one engine share its models.
public final class SearchSession {
    /// How many queries are best searched together.
    public static let batchSize = 64

    let index: SearchIndex
    /// As resolved: the mode is never nil.
    public let settings: SearchSettings
    let retrievers: [(weight: Float, readsWords: Bool, retriever: any Retriever)]
    private let rerankers: RerankStages
    private let fitted: FittedFusion?

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

    /// The documents that answer each query, each with its best passage's score: what evaluation needs.
    public func rankDocuments(
        _ queries: [Query], progress: any ProgressReporter = .silent, cancellation: Cancellation = .never
    ) throws -> [DocumentRanking] {
        var rankings: [DocumentRanking] = []
        progress.begin("\(settings.mode ?? .hybrid) queries", total: queries.count, unit: "queries")
        defer { progress.end() }
        for start in stride(from: 0, to: queries.count, by: Self.batchSize) where !cancellation.isCancelled {
            let batch = Array(queries[start..<min(start + Self.batchSize, queries.count)])
            rankings += try zip(batch, rank(batch)).map { try ranking($0, $1) }
            progress.advance(batch.count)
        }
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
        /// What a stage gave to each document, or to each passage where documents are not collapsed.
        struct Stage {
            let name: String
            /// Ranks count from 1.
            var places: [UInt32: (rank: Int, score: Float)] = [:]
            /// What the stage added to the fusion, by the fused passage.
            var parts: [PassageID: Float] = [:]
        }

        var stages: [Stage] = []
        var retrieved: [Retrieved] = []
        /// What the blocks of a fitted fusion added.
        var blocks: BlockScores?
        /// One entry per document when documents are collapsed.
        var final = Ranking([])
        /// What rerankers say of how they read passages.
        var notes: [String] = []

        mutating func add(_ name: String, _ ranking: Ranking, by number: (PassageID) throws -> UInt32) rethrows {
            var stage = Stage(name: name)
            stage.places.reserveCapacity(ranking.count)
            for entry in ranking {
                let number = try number(entry.passage)
                guard stage.places[number] == nil else { continue }
                stage.places[number] = (stage.places.count + 1, entry.score)
            }
            stages.append(stage)
            final = ranking
        }
    }

    private func result(_ query: Query, _ found: Found, limit: Int) throws -> SearchResult {
        SearchResult(
            queryID: query.id, query: query.text,
            hits: try found.final.prefix(limit).enumerated().map { index, entry in
                try hit(entry, rank: index + 1, query, found)
            },
            keys: settings.explains ? found.retrieved.flatMap { $0.keys() } : [],
            suggestion: try found.retrieved.lazy.compactMap { try $0.suggestion() }.first,
            notes: found.retrieved.flatMap(\.notes) + found.notes)
    }

    func ranking(_ query: Query, _ found: Found) throws -> DocumentRanking {
        let documents = try found.final.prefix(settings.limit).map { entry in
            DocumentScore(
                document: try index.documents.documentID(index.documents.documentNumber(of: entry.passage)),
                score: entry.score)
        }
        return DocumentRanking(query: query.id, documents: documents)
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
                stage, to: found.final, query: text, documents: index.documents)
            try found.add(RerankStages.name(of: stage), best, by: number(of:))
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
        let excluded = try settings.excludesQueryDocument ? queries.map { try passages(of: $0) } : []
        let limit = min(depth + (excluded.map(\.count).max() ?? 0), max(1, index.documents.passageCount))
        let results = try retrievers.enumerated().map { number, entry in
            // A method reads the operators that it knows; the others get the words.
            let own = zip(queries, zip(readings, texts)).map { $1.0?.retriever == number ? $0.text : $1.1 }
            return try entry.retriever.search(own, limit: limit)
        }
        try forEach(&found) { query, found in
            for (number, (_, _, retriever)) in retrievers.enumerated() {
                var result = results[number][query]
                if !excluded.isEmpty { result = result.excluding(excluded[query], limit: depth) }
                if let reading = readings[query], reading.retriever != number, let allows = reading.allows {
                    result = result.with(Ranking(result.ranking.filter { allows($0.passage) }))
                }
                found.retrieved.append(result)
                try found.add(retriever.name, result.ranking, by: self.number(of:))
            }
        }
        return (found, texts)
    }

    private func fuse(_ found: inout Found) throws {
        var fused = try weightedSum(found.retrieved)
        for stage in fused.parts.indices { found.stages[stage].parts = fused.parts[stage] }
        if let fitted {
            let blocks = min(fitted.blockCount, settings.fusion.blocks ?? .max)
            if blocks > 0 {
                let candidates = try features(fitted.depth).candidates(found.retrieved, fused, number: number(of:))
                (fused.ranking, found.blocks) = fitted.ranking(fused.ranking, candidates, blocks: blocks)
            }
        }
        try found.add("fusion", fused.ranking, by: number(of:))
    }

    private func weightedSum(_ retrieved: [Retrieved]) throws -> Fusion.Fused {
        try weightedSum(retrieved, settings.fusion, weights: retrievers.map(\.weight))
    }

    /// The sum by another fusion, with a weight for each method.
    func weightedSum(
        _ retrieved: [Retrieved], _ settings: FusionSettings, weights: [Float]
    ) throws -> Fusion.Fused {
        let fusion = Fusion(method: settings.method, constant: settings.constant)
        let inputs = try zip(zip(retrievers, weights), retrieved).map { entry, result in
            Fusion.Input(
                weight: entry.1, ranking: result.ranking,
                bound: fusion.method == .bounded ? try result.bound() : nil, readsWords: entry.0.readsWords)
        }
        return try fusion.fuse(inputs, document: number(of:))
    }

    private func features(_ depth: Int) -> FusionFeatures {
        FusionFeatures(
            methods: retrievers.map { ($0.retriever.name, $0.retriever.evidence) }, depth: depth,
            documents: index.documents)
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
    private func reading(of query: String) throws -> (retriever: Int, text: String, allows: ((PassageID) -> Bool)?)? {
        for (number, (_, _, retriever)) in retrievers.enumerated() {
            guard let reading = try retriever.reading(of: query) else { continue }
            return (number, reading.text, retrievers.count > 1 ? try reading.filter() : nil)
        }
        return nil
    }

    /// The passages of the document that has the id of `query`.
    private func passages(of query: Query) throws -> Set<PassageID> {
        try Set(index.documents.passages(of: DocumentID(query.id)))
    }

    /// What hits are told apart by: the document that a passage is part of, where documents are collapsed.
    func number(of passage: PassageID) throws -> UInt32 {
        settings.collapsesDocuments ? try index.documents.documentNumber(of: passage) : passage.rawValue
    }

    /// How many hits the stages before the last must keep.
    private var hitCount: Int { settings.rerankers.reduce(settings.limit) { max($0, $1.depth) } }

    /// How many passages each retriever answers.
    private var depth: Int { depth(fusing: settings.fusion.depth) }

    /// The same where that many passages of each retriever are fused.
    func depth(fusing fusionDepth: Int) -> Int {
        let passages = max(1, index.documents.passageCount)
        let documents = max(1, index.documents.documentCount)
        let perDocument = (passages + documents - 1) / documents
        // Where documents have several passages, some of the best passages share a document.
        let spread = settings.collapsesDocuments && perDocument > 1 ? 4 * perDocument : 1
        var depth = hitCount > passages / spread ? passages : hitCount * spread
        if retrievers.count > 1 { depth = max(depth, fusionDepth) }
        return min(depth, passages)
    }

    /// The first `hitCount` entries, one per document when documents are collapsed.
    func collapsed(_ ranking: Ranking) throws -> [ScoredPassage] {
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
        let number = try number(of: entry.passage)
        var stages = found.stages.map { stage in
            StageScore(
                stage: stage.name, rank: stage.places[number]?.rank, score: stage.places[number]?.score,
                added: stage.parts[entry.passage])
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
            range: try index.documents.range(of: entry.passage),
            metadata: try index.documents.metadata(of: entry.passage), score: score, stages: stages,
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
