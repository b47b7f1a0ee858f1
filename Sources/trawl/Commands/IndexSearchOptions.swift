import ArgumentParser
import TrawlCore
import TrawlEngine
import TrawlEvaluation
import TrawlWorkbench

/// An index that is searched for evaluation, in one or several modes.
struct IndexSearchOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The index: a path or a name.", valueName: "index")) var index: String?
    @Option(
        help: ArgumentHelp(
            "Modes to compare, separated by commas: \(SearchMode.allValueStrings.joined(separator: ", ")). "
                + "(default: the index's)", valueName: "modes"))
    var mode: String?
    @OptionGroup var tuning: TuningFlags

    /// The settings of each mode.
    ///
    /// - Throws: `ValidationError` for a mode that does not exist and for flags without effect.
    func searches(of index: SearchIndex, depth: Int) throws -> [SearchSettings] {
        let searches = try (mode?.split(separator: ",").map(String.init) ?? [""]).map { name in
            let mode = name.isEmpty ? nil : SearchMode(argument: name)
            guard name.isEmpty || mode != nil else {
                throw ValidationError("'\(name)' is not one of \(SearchMode.allValueStrings.joined(separator: ", "))")
            }
            var settings = try tuning.settings(of: index, mode: mode)
            settings.limit = depth
            return settings
        }
        try SearchFlags.check(.current, searches, index)
        return searches
    }

    /// What the reranking flags were given, as rules of flags have it.
    var given: Set<String> { Set(tuning.reranking.given) }
}

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
