import TrawlCore
import TrawlEngine
import TrawlEvaluation
import TrawlTensors
import TrawlTraining
import TrawlVectorIndex

/// Judged queries of an index with the vectors that an adapter is fitted to.
struct QueryAdapterPool {
    let index: SearchIndex
    let judged: JudgedQueries
    let searcher: VectorSearcher
    /// The digest of the embedding model.
    let embedder: String
    /// `[queries]`, each of length 1.
    let vectors: [[Float]]
    let examples: QueryAdapterExamples
    /// For each query the documents that answer it, with their grades as shares of the highest.
    let answers: [[(document: DocumentID, share: Float)]]

    /// Of the documents that answer a query, these many become examples: those of the highest grades.
    private static let mostAnswers = 10
    /// The ranks that the measure reads.
    private static let cutoff = 10
    /// What adapters are judged by.
    static func measure() throws -> Measure { try Measure(.nDCG, cutoff: cutoff) }

    /// The documents that a search finds before remembered queries raise others.
    private static let depth = 100

    init(_ judged: JudgedQueries, of index: SearchIndex, _ engine: Engine, _ settings: SearchSettings) throws {
        (self.index, self.judged) = (index, judged)
        searcher = try index.open(VectorsPart())
        (vectors, embedder) = try engine.queryVectors(judged.queries.map(\.text), of: index, settings)
        answers = zip(judged.queries, judged.entries).map { query, entry in
            let grades = entry.relevant.map { ($0, Float(judged.qrels[query.id]?[$0] ?? 1)) }
            let highest = grades.map(\.1).max() ?? 1
            return grades.sorted { $0.1 != $1.1 ? $0.1 > $1.1 : $0.0 < $1.0 }.map { ($0.0, $0.1 / highest) }
        }
        var rowOf: [PassageID: Int] = [:]
        var rowsOf: [DocumentID: [Int]] = [:]
        var passages: [Float] = []
        for (vector, answers) in zip(vectors, answers) {
            for answer in answers.prefix(Self.mostAnswers) {
                let candidates = try index.documents.passages(of: answer.document)
                let scores = try searcher.score(vector, passages: candidates)
                let best = zip(candidates, scores).map { ScoredPassage($0, $1) }.min { $0.precedes($1) }
                guard let best, rowOf[best.passage] == nil else { continue }
                rowOf[best.passage] = rowOf.count
                rowsOf[answer.document, default: []].append(rowOf.count - 1)
                passages += try searcher.vector(of: best.passage)
            }
        }
        examples = try QueryAdapterExamples(
            queries: Matrix(rows: vectors.count, columns: searcher.dimension, values: Array(vectors.joined())),
            passages: Matrix(rows: rowOf.count, columns: searcher.dimension, values: passages),
            answers: answers.map { answers in
                answers.flatMap { answer in (rowsOf[answer.document] ?? []).map { ($0, answer.share) } }
            })
    }

    /// A memory of some of the queries.
    func memory(of queries: [Int], weight: Float, threshold: Float) -> QueryMemory {
        QueryMemory(
            queries.map { query in
                .init(
                    text: judged.queries[query].text, documents: answers[query].map(\.document),
                    shares: answers[query].map(\.share))
            },
            vectors: queries.flatMap { vectors[$0] }, dimension: searcher.dimension, weight: weight,
            threshold: threshold)
    }

    /// What dense search finds for some of the queries with an adapter, by each of several memories; nil for none.
    ///
    /// - Returns: The rankings by memory, then by query.
    func rankings(
        of queries: [Int], _ adapter: QueryAdapter, _ memories: [QueryMemory?]
    ) throws -> [[DocumentRanking]] {
        let documents = index.documents
        let perDocument = (documents.passageCount + documents.documentCount - 1) / max(1, documents.documentCount)
        let limit = min(documents.passageCount, Self.depth * max(1, perDocument))
        let searched = queries.map { adapter.moved(vectors[$0]) }
        let found = try searcher.search(searched, k: limit)
        return try memories.map { memory in
            try queries.indices.map { position in
                let query = queries[position]
                let ranking =
                    try memory?.raised(
                        found[position], query: vectors[query], searched: searched[position], in: searcher,
                        of: documents, filter: nil, limit: limit
                    ).ranking ?? found[position]
                return try DocumentRanking(query: judged.queries[query].id, documents: best(of: ranking))
            }
        }
    }

    /// The documents that the measure reads.
    private func best(of ranking: Ranking) throws -> [DocumentScore] {
        var best: [DocumentScore] = []
        var seen: Set<UInt32> = []
        for entry in ranking {
            let number = try index.documents.documentNumber(of: entry.passage)
            guard seen.insert(number).inserted else { continue }
            best.append(DocumentScore(document: try index.documents.documentID(number), score: entry.score))
            if best.count == Self.cutoff { break }
        }
        return best
    }
}
