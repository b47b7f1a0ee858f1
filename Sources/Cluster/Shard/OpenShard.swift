import Synchronization
import TrawlCore
import TrawlEngine
import TrawlLexicalIndex
import TrawlStore
import TrawlSubstringIndex
import TrawlVectorIndex

/// One commit of the index of a shard, ready to be asked.
final class OpenShard: Sendable {
    let index: SearchIndex
    /// Equal for equal contents, so that a replica that was built or copied apart answers for another; never 0.
    let commit: UInt64
    private let filters = Mutex<[[String]: Filter]>([:])

    /// The filters that are kept; more are computed anew.
    private static let keptFilters = 64

    init(_ index: SearchIndex) throws {
        self.index = index
        commit = max(1, UInt64(try index.digest().prefix(16), radix: 16) ?? 1)
    }

    private typealias Filter = (passages: PassageFilter, missingFields: Set<String>)

    /// The passages of documents that meet conditions; nil: all. A field that no document has is like one that some have.
    func filter(_ conditions: [String]) throws -> PassageFilter? {
        conditions.isEmpty ? nil : try computed(conditions).passages
    }

    func missingFields(_ question: MissingFields) throws -> [String] {
        try computed(question.conditions).missingFields.sorted()
    }

    private func computed(_ conditions: [String]) throws -> Filter {
        if let known = filters.withLock({ $0[conditions] }) { return known }
        let filter = try index.filter(conditions.map { try DocumentCondition($0) })
        filters.withLock { filters in
            if filters.count >= Self.keptFilters { filters.removeAll() }
            filters[conditions] = filter
        }
        return filter
    }

    func allows(_ conditions: [String]) throws -> ((PassageID) -> Bool)? {
        try filter(conditions).map { filter in { filter.contains($0) } }
    }

    /// - Throws: `TrawlError.invalidInput` for a passage that the shard does not have.
    func passage(_ number: UInt32) throws -> PassageID {
        guard number < index.passageBound else {
            throw TrawlError(.invalidInput, "there is no passage \(number)", path: index.path)
        }
        return PassageID(number)
    }

    /// About the bytes of a hit in memory.
    static let hitBytes = 32

    /// - Throws: `TrawlError.invalidInput` for more hits than an answer can have.
    func require(_ queries: Int, limit: Int) throws {
        var budget = AnswerBudget()
        try budget.take(queries, each: min(limit, index.documents.passageCount) * Self.hitBytes)
    }

    func hits(_ ranking: Ranking) throws -> [ShardHit] {
        try ranking.map { entry in
            let document = try index.documents.documentNumber(of: entry.passage)
            return ShardHit(
                passage: entry.passage.rawValue, document: document,
                position: try index.documents.position(ofDocument: document), score: entry.score)
        }
    }

    func description() throws -> ShardDescription {
        let recipe = index.recipe
        var description = ShardDescription(
            recipe: try index.recipeText(), comparableRecipe: try index.comparableRecipe(),
            models: index.builtWith.map { .init(role: $0.role, digest: String(index.modelDigest($0.role))) },
            shard: index.shard.map { .init(number: $0.number, count: $0.count) },
            documents: index.documents.documentCount, passages: index.documents.passageCount,
            passageBound: Int(index.passageBound), documentBound: Int(index.documentBound))
        let summary = index.summary
        (description.segments, description.bytesOnDisk) = (summary.segments, summary.bytesOnDisk)
        if recipe.build.contains("lexical") {
            let searcher = try index.open(LexicalPart())
            description.lexical = .init(passages: searcher.passageCount, terms: searcher.termCount)
        }
        if recipe.build.contains("dense") {
            let searcher = try index.open(VectorsPart())
            description.vectors = .init(dimension: searcher.dimension, isCosine: searcher.metric == .cosine)
        }
        if recipe.build.contains("generative") {
            let ngrams = try index.substringIndex()
            description.ngrams = .init(
                tokens: ngrams.totalTokens, passages: ngrams.passageCount,
                boundary: ngrams.segments.isEmpty ? nil : ngrams.boundary)
        }
        return description
    }

    // MARK: - Passages

    func passages(_ question: FetchPassages) throws -> [FetchedPassage] {
        var budget = AnswerBudget()
        return try question.passages.map { number in
            let id = try passage(number)
            let passage = try index.documents.passage(id)
            try budget.take(passage.text.utf8.count + passage.title.utf8.count + Self.hitBytes)
            return FetchedPassage(
                document: passage.document.rawValue, title: passage.title, section: passage.section,
                text: passage.text, ordinal: passage.ordinal, range: try index.documents.range(of: id),
                metadata: try index.documents.metadata(of: id).json)
        }
    }

    func passages(_ question: DocumentPassages) throws -> [ShardHit] {
        try hits(
            Ranking(index.documents.passages(of: DocumentID(question.document)).map { ScoredPassage($0, 0) }))
    }
}
