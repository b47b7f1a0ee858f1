import TrawlCore
import TrawlEvaluation
import TrawlTraining

/// Scores an embedder during its training: it embeds the best passages of all held-out queries anew, and each query ranks all of
/// them.
struct EmbedderTrial {
    private struct Part {
        let queries: [(id: String, tokens: [TokenID])]
        let passages: [[TokenID]]
        /// The document of each passage.
        let documents: [DocumentID]
        let qrels: Qrels
    }

    private let parts: [Part]

    /// How many passages of a query are in the sample, beside its relevant ones.
    private static let depth = 10

    /// - Parameter pools: The held-out queries of each index with the judgements of all.
    init(_ pools: [(pool: CandidatePool, qrels: Qrels)]) throws {
        parts = try pools.map { pool, qrels in
            var numbers: [Int: DocumentID] = [:]
            for entry in pool.entries {
                for (rank, candidate) in entry.candidates.enumerated() where rank < Self.depth || candidate.isRelevant {
                    numbers[candidate.passage] = entry.documents[rank]
                }
            }
            let sample = numbers.sorted { $0.key < $1.key }
            return Part(
                queries: pool.entries.map { ($0.query.id, $0.tokens) }, passages: sample.map { pool.passages[$0.key] },
                documents: sample.map(\.value), qrels: try qrels.restricted(to: pool.entries.map(\.query.id)))
        }
    }

    var queryCount: Int { parts.reduce(0) { $0 + $1.queries.count } }
    var passageCount: Int { parts.reduce(0) { $0 + $1.passages.count } }

    /// The mean of nDCG@10 over the queries; nil when `isStopped` ended it.
    func score(_ network: any EmbedderNetwork, isStopped: () -> Bool) throws -> Double? {
        let tape = Tape(isRecording: false)
        var sum = 0.0
        for part in parts {
            var passages: [Float] = []
            // Stretch by stretch, so that a stop is heard.
            for start in stride(from: 0, to: part.passages.count, by: Self.stretch) {
                if isStopped() { return nil }
                let some = part.passages[start..<min(start + Self.stretch, part.passages.count)]
                passages += network.embeddings(of: Array(some), on: tape)
            }
            let queries = part.queries.map(\.tokens)
            let vectors = network.embeddings(of: queries, on: tape) + passages
            tape.clear()
            let count = (queries + part.passages).reduce(0) { $0 + network.vectorCount(of: $1) }
            let scores = tape.values(
                of: network.similarities(
                    tape.constant(vectors, rows: count, columns: vectors.count / max(1, count)), queries: queries,
                    passages: part.passages, scale: 1, tape))
            var run = Run()
            for (index, query) in part.queries.enumerated() {
                var best: [DocumentID: Double] = [:]
                for (column, document) in part.documents.enumerated() {
                    let score = Double(scores[index * part.passages.count + column])
                    best[document] = max(score, best[document] ?? -.infinity)
                }
                try run.add(query: query.id, best.map { Run.Entry($0.key, $0.value) })
            }
            let report = try Report(of: run, against: part.qrels, Measure.list("nDCG@10"))
            sum += report.means[0] * Double(part.queries.count)
        }
        return sum / Double(max(1, queryCount))
    }

    /// The passages between two questions of whether to stop.
    private static let stretch = 256
}
