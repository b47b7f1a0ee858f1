import ArgumentParser
import Foundation
import TrawlCore
import TrawlEngine

struct ListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ls", abstract: "List indexes, or the documents of an index.",
        discussion: """
            Without INDEX, lists the indexes in ./indexes, $TRAWL_HOME/indexes and the current folder. With INDEX, lists \
            the id, title, number of passages and size of each document, in the order of indexing.

            EXAMPLES
              trawl ls
              trawl ls wikipedia --limit 20
              trawl ls notes --where "modified>=2024-05 AND path ^= work/" --json | jq -r .document
            """)

    @Argument(help: "An index whose documents to list: a path or a name.") var index: String?

    @OptionGroup var filter: FilterOptions

    @Option(
        name: [.customShort("k"), .long],
        help: ArgumentHelp("The most documents to list. (default: all)", valueName: "n"))
    var limit: Int?

    @Flag(help: "Print one JSON object per index or document.") var json = false

    func validate() throws {
        if let limit, limit < 1 { throw ValidationError("--limit must be at least 1") }
    }

    func run() async throws {
        if let index { return try listDocuments(of: index) }
        for path in IndexCatalogue.all() {
            do {
                let summary = try Engine().open(path).summary
                if json {
                    try Output.json(summary)
                } else {
                    let size = grouped(summary.bytesOnDisk / 1_000_000)
                    Output.line(
                        "\(path.visibleLine)\t\(counted(summary.documents, "document"))\t"
                            + "\(counted(summary.segments, "segment"))\t\(size) MB\t"
                            + summary.components.joined(separator: ",")
                            + (summary.shard.map { "\tshard \($0)" } ?? ""))
                }
            } catch {
                Diagnostics.warning("\(error)")
            }
        }
    }

    private func listDocuments(of index: String) throws {
        var found = false
        try Engine().open(IndexCatalogue.path(of: index)).documents
            .forEachSummary(meeting: filter.conditions, limit: limit ?? .max) { document in
                found = true
                if json { return try Output.json(document) }
                Output.line(
                    "\(document.document.rawValue.visibleLine)\t\(document.title.visibleLine)\t"
                        + "\(counted(document.passages, "passage"))\t\(counted(document.bytes, "byte"))")
            }
        if !found { throw ExitCode(ExitStatus.noHits) }
    }
}

/// Which documents a command is about.
struct FilterOptions: ParsableArguments {
    @Option(
        name: .customLong("where"),
        help: ArgumentHelp(
            "Only documents that meet this filter, such as \"year>=1999 AND lang IN (en, de)\". "
                + "May be given several times: all must be met.", valueName: "filter"),
        transform: { text in
            do { return try DocumentCondition(text) } catch { throw ValidationError("\(error)") }
        })
    var conditions: [DocumentCondition] = []
}
