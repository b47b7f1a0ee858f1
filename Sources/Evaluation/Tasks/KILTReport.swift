public import TrawlCore

/// The scores of predictions against a gold file of KILT, with the rules of its own scripts (github.com/facebookresearch/KILT,
/// `eval_retrieval.py` and `eval_downstream.py`).
public struct KILTReport: Sendable, Equatable {
    /// Names of measures in the order of their values: `Rprec`, `precision@k`, `recall@k`, `success_rate@k`; with answers
    /// also `accuracy`, `em`, `f1`, `rougel` and the same after `KILT-`.
    public let measures: [String]
    /// The ids of the gold records, in order.
    public let queries: [String]
    /// By position in `queries`, then in `measures`.
    public let perQuery: [[Double]]
    public let means: [Double]
    /// Gold records without a prediction, which count with 0, and predictions without a gold record, which do not count.
    public let missing: Int
    public let unknown: Int
    /// Gold records without an answer, where answers are scored: theirs count with 0.
    public let unanswerable: Int

    /// - Parameter cutoffs: The ranks k, ascending. Recall and success rate are of those above 1, as in KILT.
    /// - Throws: `TrawlError.invalidInput` for a gold record without an output, and when no id is in both.
    public init(_ predictions: KILTPredictions, against gold: KILTFile, cutoffs: [Int] = [1, 5, 10, 20])
        throws(TrawlError)
    {
        for record in gold.records where record.outputs.isEmpty {
            throw TrawlError(
                .invalidInput, "the gold record \(record.id) has no output", path: gold.path, line: record.line,
                remedy: "take a file with answers, not a test set whose answers are withheld")
        }
        let predicted = Set(predictions.ids)
        // Runs percent-encode white space in ids.
        let names = gold.records.map { predicted.contains($0.id) ? $0.id : RunColumn.text($0.id) }
        let known = Set(names)
        guard !known.isDisjoint(with: predicted) else {
            let (one, other) = (gold.records.first?.id ?? "", predictions.ids.first ?? "")
            throw TrawlError(
                .invalidInput,
                "no gold record has a prediction: the gold file begins with id \(one), the predictions "
                    + (predictions.ids.isEmpty ? "are empty" : "with \(other)"), path: gold.path,
                remedy: "check that both belong to one task and split")
        }
        missing = known.subtracting(predicted).count
        unknown = predicted.subtracting(known).count
        let scoresAnswers = !predictions.answers.isEmpty
        unanswerable =
            scoresAnswers ? gold.records.count { !$0.outputs.contains { !trimmed($0.answer ?? "").isEmpty } } : 0

        let deep = cutoffs.filter { $0 > 1 }
        let answerMeasures = ["accuracy", "em", "f1", "rougel"]
        measures =
            ["Rprec"] + cutoffs.map { "precision@\($0)" } + deep.map { "recall@\($0)" }
            + deep.map { "success_rate@\($0)" }
            + (scoresAnswers ? answerMeasures + answerMeasures.map { "KILT-\($0)" } : [])
        queries = gold.records.map(\.id)
        let width = measures.count
        let rows = zip(gold.records, names).map { record, name -> [Double] in
            guard predicted.contains(name) else { return [Double](repeating: 0, count: width) }
            let guesses = predictions.provenance[name] ?? []
            let rPrecision = Self.rPrecision(guesses, record)
            let ranking = EvidenceRanking(guesses, record)
            var row =
                [rPrecision] + cutoffs.map { ranking.precision(at: $0) } + deep.map { ranking.recall(at: $0) }
                + deep.map { ranking.success(at: $0) }
            if scoresAnswers {
                let answer = AnswerScores(predictions.answers[name] ?? "", record.outputs.compactMap(\.answer))
                let scores = [answer.accuracy, answer.exactMatch, answer.f1, answer.rougeL]
                // An answer counts only beside all evidence.
                row += scores + (rPrecision == 1 ? scores : scores.map { _ in 0 })
            }
            return row
        }
        perQuery = rows
        means = (0..<width).map { column in rows.reduce(0) { $0 + $1[column] } / Double(rows.count) }
    }

    /// The best over the gold outputs: of an output with R pieces of evidence, the share of them among the first R guesses.
    private static func rPrecision(_ guesses: [String], _ record: KILTFile.Record) -> Double {
        record.outputs.reduce(0) { best, output in
            guard let evidence = output.provenance, !evidence.isEmpty else { return best }
            let found = Set(evidence).intersection(guesses.prefix(evidence.count)).count
            return max(best, Double(found) / Double(evidence.count))
        }
    }

    public subscript(measure: String) -> Double? { measures.firstIndex(of: measure).map { means[$0] } }
}

/// Guesses as a ranking of evidence sets. A set is found at the rank of the last of its pieces, and takes one rank however
/// many pieces it has; a guess that is in no set takes one rank too.
private struct EvidenceRanking {
    /// For each rank, whether a set is complete there.
    private var isComplete: [Bool] = []
    private var sets = 0

    init(_ guesses: [String], _ record: KILTFile.Record) {
        // Without guesses KILT counts no set, and all scores are 0.
        guard !guesses.isEmpty else { return }
        var known: Set<Set<String>> = []
        let distinct = record.outputs.filter { $0.provenance != nil }.map(\.looseProvenance).filter {
            known.insert($0).inserted
        }
        sets = distinct.count
        // By set, its pieces that are not found yet; by piece, the sets that have it.
        var left = distinct.map(\.count)
        var setsOfPiece: [String: [Int]] = [:]
        for (set, pieces) in distinct.enumerated() {
            for piece in pieces { setsOfPiece[piece, default: []].append(set) }
        }
        // A set that is found in part moves from the rank of one piece to that of the next.
        var places: [Bool?] = []
        var placeOfSet = [Int?](repeating: nil, count: sets)
        for guess in guesses {
            guard let found = setsOfPiece.removeValue(forKey: guess) else {
                places.append(false)
                continue
            }
            for set in found {
                if let earlier = placeOfSet[set] { places[earlier] = nil }
                left[set] -= 1
                placeOfSet[set] = places.count
                places.append(left[set] == 0)
            }
        }
        isComplete = places.compactMap(\.self)
    }

    private func complete(_ k: Int) -> Int { isComplete.prefix(k).count { $0 } }

    func precision(at k: Int) -> Double { Double(complete(k)) / Double(k) }
    func recall(at k: Int) -> Double { sets > 0 ? Double(complete(k)) / Double(sets) : 0 }
    func success(at k: Int) -> Double { complete(k) > 0 ? 1 : 0 }
}
