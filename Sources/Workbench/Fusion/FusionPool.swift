import Foundation
import TrawlCore
import TrawlEngine
import TrawlEvaluation
import TrawlTraining

/// The candidates of judged queries, with what a fusion is fitted to.
struct FusionPool {
    /// The retrieval methods with their weights.
    let methods: [(name: String, weight: Float)]
    let features: [String]
    /// The queries of all indexes; the first `ownCount` are of the index that the fusion is for.
    private(set) var queries: [Query] = []
    private(set) var ownCount = 0
    /// The judgements of the index's own queries.
    private(set) var qrels = Qrels()

    // By candidate, list after list.
    private(set) var documents: [DocumentID] = []
    private(set) var rows: [Float] = []
    private var sums: [Double] = []
    private var grades: [Double] = []
    /// For each method, its part of the sum at a weight of 1.
    private(set) var parts: [[Float]]

    // By query.
    private(set) var ranges: [Range<Int>] = []
    private var ideals: [Double] = []
    private var weights: [Double] = []

    /// The ranks that count.
    static let cutoff = 10

    init(methods: [(name: String, weight: Float)], features: [String]) {
        (self.methods, self.features) = (methods, features)
        parts = methods.map { _ in [] }
    }

    /// Adds the queries of an index. All queries of an index count together as much as those of another.
    mutating func add(
        _ judged: JudgedQueries, _ session: SearchSession, _ index: SearchIndex, progress: any ProgressReporter,
        cancellation: Cancellation
    ) throws {
        let isFirst = queries.isEmpty
        for start in stride(from: 0, to: judged.count, by: SearchSession.batchSize) {
            if cancellation.isCancelled { throw CancellationError() }
            let batch = Array(judged.queries[start..<min(start + SearchSession.batchSize, judged.count)])
            for (query, found) in zip(batch, try session.fusionCandidates(batch)) {
                let judgements = (judged.qrels[query.id] ?? [:]).filter { $0.value > 0 }
                let begin = documents.count
                for passage in found.passages {
                    let id = try index.documents.documentID(index.documents.documentNumber(of: passage))
                    documents.append(id)
                    grades.append(Double(judgements[id] ?? 0))
                }
                rows += found.features
                sums += found.sums.map { Double($0) }
                for (method, part) in found.parts.enumerated() {
                    parts[method] += part.map { $0 / methods[method].weight }
                }
                ranges.append(begin..<documents.count)
                let ideal = judgements.values.sorted(by: >).prefix(Self.cutoff).enumerated()
                ideals.append(ideal.reduce(0) { $0 + Double($1.element) / log2(Double($1.offset + 2)) })
                queries.append(query)
                weights.append(1 / Double(judged.count))
            }
            progress.advance(batch.count)
        }
        if isFirst {
            ownCount = queries.count
            qrels = try judged.qrels.restricted(to: queries.map(\.id))
        }
    }

    /// The lists as training takes them, with standardised features.
    func lists(_ table: FeatureTable) -> RankingLists {
        RankingLists(table: table.standardised, lists: ranges, base: sums, grades: grades, weights: weights)
    }

    var table: FeatureTable { FeatureTable(rows: documents.count, features: features.count, values: rows) }

    /// The rows of a list in descending order of `score`. Candidates of equal scores stay in the order of today's fusion.
    private func best(of list: Int, _ score: (Int) -> Double) -> [Int] {
        let scored = ranges[list].map { (row: $0, score: score($0)) }
        return scored.sorted { $0.score != $1.score ? $0.score > $1.score : $0.row < $1.row }
            .prefix(Self.cutoff).map(\.row)
    }

    /// nDCG@10 of a list that is ordered by `score`.
    func gain(of list: Int, _ score: (Int) -> Double) -> Double {
        guard ideals[list] > 0 else { return 0 }
        let sum = best(of: list, score).enumerated().reduce(0.0) {
            $0 + grades[$1.element] / log2(Double($1.offset + 2))
        }
        return sum / ideals[list]
    }

    /// The scores of the index's own queries under nDCG@10, ordered by `score`.
    func report(_ score: (_ list: Int, _ row: Int) -> Double) throws -> Report {
        let rankings = (0..<ownCount).map { list in
            let best = best(of: list) { score(list, $0) }
            // Scores that only keep the order: ties are broken here.
            return DocumentRanking(
                query: queries[list].id,
                documents: best.enumerated().map {
                    DocumentScore(document: documents[$0.element], score: Float(Self.cutoff - $0.offset))
                })
        }
        return try Report(of: Run(rankings), against: qrels, [Measure(.nDCG, cutoff: Self.cutoff)])
    }

    /// The score of a row by a sum with other weights.
    func sum(_ row: Int, _ weights: [Float]) -> Double {
        var sum = 0.0
        for method in weights.indices { sum += Double(weights[method] * parts[method][row]) }
        return sum
    }

    /// The score of a row by today's weights.
    func sum(_ row: Int) -> Double { sums[row] }
}
