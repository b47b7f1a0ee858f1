import TrawlCore

/// The interpolated precision-recall curve of a run: at each of eleven levels of recall, the greatest precision at that
/// recall or a higher one, averaged over all judged queries (as trec_eval's `iprec_at_recall`).
public struct PrecisionRecall: Sendable, Equatable {
    public static let levels = (0...10).map { Double($0) / 10 }
    /// By position in `levels`.
    public let precision: [Double]

    public init(of run: Run, against qrels: Qrels) {
        var sums = [Double](repeating: 0, count: Self.levels.count)
        for query in qrels.queries {
            let grades = Grades(qrels[query] ?? [:])
            let relevant = grades.values.count { $0 > 0 }
            guard relevant > 0 else { continue }
            for (level, precision) in Self.curve(run, query, grades, relevant).enumerated() { sums[level] += precision }
        }
        precision = sums.map { qrels.queries.isEmpty ? 0 : $0 / Double(qrels.queries.count) }
    }

    private static func curve(_ run: Run, _ query: String, _ grades: Grades, _ relevant: Int) -> [Double] {
        let answers = run.trecRanking(query)
        // The precision at the rank of each relevant document, then the greatest from there on.
        var precisions: [Double] = []
        for (rank, answer) in answers.enumerated() where (grades[answer.document] ?? 0) > 0 {
            precisions.append(Double(precisions.count + 1) / Double(rank + 1))
        }
        for position in precisions.indices.dropLast().reversed() {
            precisions[position] = max(precisions[position], precisions[position + 1])
        }
        return levels.map { level in
            // trec_eval rounds the number of documents to the nearest whole with 0.9 added.
            let needed = Int(level * Double(relevant) + 0.9)
            guard needed <= precisions.count, let first = precisions.first else { return 0 }
            return needed == 0 ? first : precisions[needed - 1]
        }
    }
}
