import TrawlCore
import TrawlEvaluation
import TrawlModels
import TrawlTokenizers
import TrawlTraining

/// Scores a reranker during its training by the order that it gives to the best passages of held-out queries.
struct RerankerTrial {
    struct Part {
        let pool: CandidatePool
        let qrels: Qrels
    }

    let parts: [Part]
    let template: PairTemplate
    let maximumTokens: Int

    /// How many passages of a query are reranked.
    private static let depth = 20

    var queryCount: Int { parts.reduce(0) { $0 + $1.pool.entries.count } }

    /// The mean of nDCG@10 over the queries; nil when `isStopped` ended it.
    ///
    /// - Parameter network: nil for the order of the first stage.
    func score(_ network: (any RerankerNetwork)?, isStopped: () -> Bool) throws -> Double? {
        let tape = Tape(isRecording: false)
        var sum = 0.0
        for part in parts {
            var run = Run()
            for entry in part.pool.entries {
                if isStopped() { return nil }
                let found = entry.candidates.filter(\.score.isFinite).prefix(Self.depth)
                var scores = found.map { Double($0.score) }
                if let network {
                    let inputs = found.map { candidate in
                        let pair = template.input(
                            entry.tokens, part.pool.passages[candidate.passage], maximum: maximumTokens)
                        return EncoderInput(tokens: pair.tokens, segments: pair.segments)
                    }
                    scores = network.scores(of: inputs, on: tape).map { Double($0) }
                }
                try run.add(query: entry.query.id, zip(entry.documents, scores).map { Run.Entry($0, $1) })
            }
            let qrels = try part.qrels.restricted(to: part.pool.entries.map(\.query.id))
            let report = try Report(of: run, against: qrels, Measure.list("nDCG@10"))
            sum += report.means[0] * Double(part.pool.entries.count)
        }
        return sum / Double(max(1, queryCount))
    }
}
