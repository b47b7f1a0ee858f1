import ArgumentParser
import TrawlCore
import TrawlEngine
import TrawlServer

/// What every command that shows progress takes.
struct ProgressOptions: ParsableArguments {
    // Without a short name: -q is eval's, as ir_measures has it.
    @Flag(help: "Show neither progress nor warnings.") var quiet = false

    var reporter: TerminalProgress { TerminalProgress(quiet: quiet) }
}

/// The index that a command is about.
struct IndexArgument: ParsableArguments {
    @Argument(help: "The index: a path or a name.") var index: String

    /// The folder.
    var path: String { get throws { try IndexCatalogue.path(of: index) } }

    /// The index as it is now, or the cluster that a manifest lists.
    func openToSearch(_ engine: Engine, _ access: ClusterAccess = ClusterFlags.access) throws -> any Searchable {
        try access.open(ClusterAccess.path(of: index), engine: engine)
    }

    /// The index as it is now.
    func open(_ engine: Engine = Engine()) throws -> SearchIndex { try engine.open(path) }
}
