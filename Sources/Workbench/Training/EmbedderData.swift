import TrawlCore
import TrawlEmbeddings
import TrawlEngine
import TrawlEvaluation
import TrawlTraining

/// What an embedder is trained on, as tokens: queries and passages with the prompts that searches give them, and pairs.
struct EmbedderData {
    let collections: [JudgedCollection]
    let guides: [EmbedderExamples.Guide?]
    /// One per collection if queries have examples.
    let showing: [EmbedderExamples.Showing]
    let heldOut: [(pool: CandidatePool, qrels: Qrels)]
    let pairs: [EmbedderObjective.Pair]
    /// How many texts there are, and how many of them are cut.
    let texts, cutTexts: Int

    /// Some passages of each collection, as a projection of states is chosen by.
    var samples: [[TokenID]] {
        collections.flatMap { collection in
            let step = max(1, collection.passages.count * collections.count / Self.sampleCount)
            return stride(from: 0, to: collection.passages.count, by: step).map { collection.passages[$0] }
        }
    }

    private static let sampleCount = 600

    init(
        _ judged: [JudgedIndex], _ engine: Engine, _ start: EmbedderStart, _ search: CandidateSearch,
        pairs: ScoredPairs?, isGuided: Bool, progress: any ProgressReporter, cancellation: Cancellation
    ) throws {
        var (texts, cutTexts) = (0, 0)
        func inputs(_ some: [String], _ role: TextRole?) throws -> [[TokenID]] {
            let found = try start.inputs(some, role)
            texts += some.count
            cutTexts += found.cutTexts
            return found.tokens
        }
        let parts = try search.run(
            judged, engine, .init(query: { try inputs([$0], .query)[0] }, passage: { try inputs([$0], .passage)[0] }),
            progress: progress, cancellation: cancellation)
        guides = try parts.map { part in
            guard isGuided, let guide = start.guide else { return nil }
            return try Self.guide(part, guide, guide.prompt(for: .query), guide.prompt(for: .passage), progress)
        }
        showing = try start.showing.map { way in try parts.map { try Self.showing($0, way) } } ?? []
        collections = parts.map(\.trained.collection)
        heldOut = parts.compactMap { part in part.heldOut.map { ($0, part.qrels) } }
        // People compare texts, not a query with a passage.
        self.pairs =
            try pairs.map { pairs in
                let (first, second) = (try inputs(pairs.first, nil), try inputs(pairs.second, nil))
                return pairs.scores.indices.map {
                    .init(first: first[$0], second: second[$0], similarity: pairs.scores[$0])
                }
            } ?? []
        (self.texts, self.cutTexts) = (texts, cutTexts)
    }

    /// The embeddings by the model itself: those that the index stores, if they are its own.
    static func guide(
        _ part: CandidateSearch.Part, _ embedder: TextEmbedder, _ ofQueries: EmbeddingPrompt,
        _ ofPassages: EmbeddingPrompt, _ progress: any ProgressReporter
    ) throws -> EmbedderExamples.Guide {
        let pool = part.trained
        let stored = try part.index.storedVectors(of: pool.identifiers, by: embedder)
        let passages =
            try stored
            ?? embedder.embed(
                pool.identifiers.map { try part.index.documents.passage($0).content }, in: ofPassages,
                progress: progress
            ).values
        let queries = try embedder.embed(pool.entries.map(\.query.text), in: ofQueries).values
        return EmbedderExamples.Guide(
            dimension: embedder.dimension, passages: unit(passages, embedder.dimension),
            queries: unit(queries, embedder.dimension))
    }

    private static func showing(
        _ part: CandidateSearch.Part, _ way: @escaping EmbedderStart.Showing
    ) throws -> EmbedderExamples.Showing {
        let pool = part.trained
        let queries = pool.entries.map(\.query.text)
        var passages: [Int: String] = [:]
        for candidate in pool.entries.lazy.flatMap(\.candidates) where candidate.isRelevant {
            guard passages[candidate.passage] == nil else { continue }
            passages[candidate.passage] = try part.index.documents.passage(pool.identifiers[candidate.passage]).content
        }
        let texts = passages
        return { query, shown, maximum in
            way(
                queries[query],
                shown.map { InstructionExample(query: queries[$0.query], passage: texts[$0.passage] ?? "") }, maximum)
        }
    }

    private static func unit(_ values: [Float], _ dimension: Int) -> [Float] {
        stride(from: 0, to: values.count, by: dimension).flatMap { start in
            var row = Array(values[start..<start + dimension])
            row.scaleToUnitLength()
            return row
        }
    }
}
