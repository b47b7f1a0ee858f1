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
        let searches = try (mode.map(SearchMode.list) ?? [nil]).map { mode in
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

extension SearchMode {
    /// The modes of a list such as `lexical,dense`.
    ///
    /// - Throws: `ValidationError` for a mode that does not exist.
    static func list(_ names: String) throws -> [SearchMode?] {
        try names.split(separator: ",").map { name in
            guard let mode = SearchMode(argument: String(name)) else {
                throw ValidationError("'\(name)' is not one of \(allValueStrings.joined(separator: ", "))")
            }
            return mode
        }
    }
}
