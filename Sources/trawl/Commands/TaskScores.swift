import ArgumentParser
import TrawlEvaluation

/// The scores of a system on a task other than retrieval, as they are shown.
struct TaskScores: Encodable {
    let system: String
    /// How many records or questions were scored.
    let count: Int
    let scores: [String: Double]
    /// The scores of each query, where they are asked for.
    var queries: [String: [String: Double]]?

    init(_ system: String, _ measures: [String], _ means: [Double], _ queries: [String], _ rows: [[Double]]?) {
        self.system = system
        count = queries.count
        scores = Dictionary(uniqueKeysWithValues: zip(measures, means))
        self.queries = rows.map { rows in
            Dictionary(
                uniqueKeysWithValues: zip(
                    queries, rows.map { Dictionary(uniqueKeysWithValues: zip(measures, $0)) }))
        }
    }

    /// Prints each system: a JSON object a line, or a table, with the queries before their mean if they are asked for.
    static func show(_ all: [TaskScores], _ measures: [String], order: [String], json: Bool) throws {
        if json {
            for scores in all { try Output.json(scores) }
            return
        }
        for scores in all {
            guard let queries = scores.queries else { break }
            let rows = order.compactMap { id in queries[id].map { row in (id, measures.map { row[$0] }) } }
            let table = Report.markdown(
                rows + [("all", measures.map { scores.scores[$0] })], measures: measures, of: "query")
            Output.line("## \(scores.system)\n\n" + table.visible)
        }
        if all.contains(where: { $0.queries != nil }) { return }
        let table = Report.markdown(
            all.map { scores in (scores.system, measures.map { scores.scores[$0] }) }, measures: measures,
            of: "system")
        Output.write(Array(table.visible.utf8))
    }

    /// The ranks of measures with a cutoff, from a list such as `1,5,20`.
    static func cutoffs(_ text: String) throws -> [Int] {
        let ranks = try text.split(separator: ",").map { part in
            guard let rank = Int(part), rank > 0 else {
                throw ValidationError("--cutoffs \(text): '\(part)' is not a positive number")
            }
            return rank
        }
        guard !ranks.isEmpty else { throw ValidationError("--cutoffs names no rank") }
        return Set(ranks).sorted()
    }
}
