import Foundation
import Synchronization
public import TrawlCore

/// The scores of a run, per query and for all queries.
public struct Report: Sendable, Equatable {
    public let measures: [Measure]
    /// The judged queries, in the order of the qrels.
    public let queries: [String]
    /// The scores by position in `queries`, then in `measures`.
    public let perQuery: [[Double]]
    /// The score for all judged queries, by position in `measures`: the mean, or what the measure's `aggregation` says.
    public let means: [Double]

    /// Scores `run`. Every judged query counts, with 0 when the run does not answer it; queries without judgements do
    /// not count.
    /// - Throws: `invalidInput` if the qrels judge no query, or a grade is too high for a measure.
    /// - Complexity: O(answers + judgements), sorted or O(n log n) per query otherwise; on all cores, with the same result.
    public init(of run: Run, against qrels: Qrels, _ measures: [Measure]) throws(TrawlError) {
        guard !qrels.queries.isEmpty else { throw TrawlError(.invalidInput, "the qrels judge no query") }
        try Self.checkGrades(qrels, measures)
        self.measures = measures
        queries = qrels.queries
        perQuery = Self.scores(run, qrels, measures)
        let count = perQuery.count
        means = measures.indices.map { [perQuery] column in
            let sum = perQuery.reduce(0) { $0 + $1[column] }
            // A sum stays the whole number that it is.
            return measures[column].aggregation == .sum
                ? sum : measures[column].aggregation.value(ofMean: sum / Double(count), queries: count)
        }
    }

    private static func scores(_ run: Run, _ qrels: Qrels, _ measures: [Measure]) -> [[Double]] {
        let orders = Set(measures.map(\.order))
        let needsNumbers = measures.contains { $0.kind == .compatibility }
        let silent = measures.map(JudgedRanking.valueWithoutAnswers)
        let judgements = qrels.byQuery
        let scores = Mutex([[Double]](repeating: silent, count: judgements.count))
        run.withAnswers(to: qrels.queries) { answers, places in
            nonisolated(unsafe) let answers = answers
            let threads = answers.rows.count < 10_000 ? 1 : Parallel.threads(nil)
            Parallel.forEach(judgements.count, threads: threads) { query in
                guard let place = places[query], !place.isEmpty else { return }
                let ranking = JudgedRanking(
                    answers, place, judgements[query], orders: orders, needsNumbers: needsNumbers)
                let row = measures.map { ranking.value(of: $0) }
                scores.withLock { $0[query] = row }
            }
        }
        return scores.withLock(\.self)
    }

    private static func checkGrades(_ qrels: Qrels, _ measures: [Measure]) throws(TrawlError) {
        for measure in measures where measure.kind == .expectedReciprocalRank || measure.parameters.exponentialGain {
            let gains = measure.parameters.gains
            let highest = qrels.byQuery.lazy.flatMap(\.grades).map { gains[$0] ?? $0 }.max() ?? 0
            let isERR = measure.kind == .expectedReciprocalRank
            let limit = isERR ? Measure.highestGradeOfERR : Measure.highestExponent
            guard highest > limit else { continue }
            let reason = isERR ? ", as gdeval does" : ", whose gains are 2^grade - 1"
            throw TrawlError(
                .invalidInput, "\(measure) takes grades up to \(limit)\(reason), and the qrels have \(highest)",
                remedy: "leave \(measure) out, or map the grades to 0...\(limit)")
        }
    }

    /// The score for all queries of `measure`, nil if the report does not hold it.
    public subscript(measure: Measure) -> Double? {
        measures.firstIndex(of: measure).map { means[$0] }
    }

    /// One JSON object with measure names as keys, in the order of `measures`; with `perQuery` also the key `queries`:
    /// an object of such objects by query.
    public func json(perQuery detailed: Bool = false) -> String {
        func members(_ values: [Double]) -> String {
            zip(measures, values).map { "\(quoted($0.description)): \($1)" }.joined(separator: ", ")
        }
        guard detailed else { return "{\(members(means))}" }
        let rows = zip(queries, perQuery).map { "    \(quoted($0)): {\(members($1))}" }.joined(separator: ",\n")
        return "{\n  \(members(means)),\n  \"queries\": {\n\(rows)\n  }\n}"
    }

    /// A Markdown table of the scores for all queries, preceded by a row for every query when `perQuery`.
    public func markdown(perQuery detailed: Bool = false) -> String {
        var rows = detailed ? zip(queries, perQuery).map { ($0, $1) } : []
        rows.append(("all", means))
        return Self.table(
            header: ["query"] + measures.map(\.description), rows.map { [$0] + zip($1, measures).map(Self.text) })
    }

    /// A Markdown table with one row for every system.
    public static func markdown(_ systems: [(name: String, report: Report)]) -> String {
        guard let measures = systems.first?.report.measures else { return "" }
        return table(
            header: ["system"] + measures.map(\.description),
            systems.map { system in
                [system.name] + measures.map { measure in system.report[measure].map { text($0, measure) } ?? "" }
            })
    }

    /// A table of numbers that are no measures of rankings, a line for each of `rows`.
    ///
    /// - Parameters:
    ///   - rows: Their values by position in `measures`; the cell of nil is empty.
    ///   - column: What the rows are named by.
    public static func markdown(
        _ rows: [(name: String, values: [Double?])], measures: [String], of column: String = "file"
    ) -> String {
        table(header: [column] + measures, rows.map { [$0.name] + $0.values.map { $0.map(fixed) ?? "" } })
    }

    /// Counts are whole numbers, everything else has four digits after the point.
    private static func text(_ value: Double, _ measure: Measure) -> String {
        measure.aggregation == .sum ? String(format: "%.0f", value) : fixed(value)
    }

    static func fixed(_ value: Double) -> String { String(format: "%.4f", value) }

    /// A Markdown table whose columns line up; all but the first are aligned to the right.
    static func table(header: [String], _ rows: [[String]]) -> String {
        let cells = [header] + rows.map { $0.map { $0.replacingOccurrences(of: "|", with: "\\|") } }
        let widths = header.indices.map { column in
            max(3, cells.map { column < $0.count ? $0[column].count : 0 }.max() ?? 3)
        }
        func line(_ row: [String]) -> String {
            let padded = widths.indices.map { column in
                let cell = column < row.count ? row[column] : ""
                let gap = String(repeating: " ", count: widths[column] - cell.count)
                return column == 0 ? cell + gap : gap + cell
            }
            return "| " + padded.joined(separator: " | ") + " |\n"
        }
        let rule = widths.indices.map { column in
            let dashes = String(repeating: "-", count: widths[column] - (column == 0 ? 0 : 1))
            return column == 0 ? dashes : dashes + ":"
        }
        return line(cells[0]) + "| " + rule.joined(separator: " | ") + " |\n"
            + cells.dropFirst().map(line).joined()
    }

    private func quoted(_ text: String) -> String {
        var json: [UInt8] = []
        json.appendJSONString(text)
        return String(decoding: json, as: UTF8.self)
    }
}
