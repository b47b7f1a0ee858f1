import ArgumentParser
import Foundation
import TrawlCore
import TrawlCorpus
import TrawlEngine

struct RemoveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rm", abstract: "Remove documents from an index, or a whole index.",
        discussion: """
            Removed documents are not found from then on. Their space is reused once their segment is rewritten, as \
            'trawl compact' does; until then their bytes stay in the file (to erase data for good, build the index \
            anew). If an id is not in the index, nothing is removed and the exit code is 2. --all removes the index \
            itself.

            EXAMPLES
              trawl rm notes.trawl todo.txt old.txt
              trawl rm wikipedia --ids gone.txt
              cut -f1 gone.tsv | trawl rm wikipedia --ids - --ignore-missing
              trawl rm notes.trawl --all
            """)

    @OptionGroup var index: IndexArgument

    @Argument(help: "The ids of documents.") var documents: [String] = []

    @Option(
        help: ArgumentHelp(
            "A file with one id per line (plain, .gz or .zst), a pipe, or - for standard input.", valueName: "file"))
    var ids: String?

    @Flag(help: "Remove the whole index.") var all = false

    @Flag(help: "Ignore ids that the index does not have.") var ignoreMissing = false

    @Flag(help: "Print a summary as JSON.") var json = false

    @OptionGroup var progress: ProgressOptions

    func validate() throws {
        let namesDocuments = ids != nil || !documents.isEmpty
        if !all, !namesDocuments { throw ValidationError("name documents, or --all to remove the whole index") }
    }

    func run() async throws {
        let path = try index.path
        if all { return try removeIndex(path) }
        let chosen = try (documents + (ids.map { try LineFile.read($0) } ?? [])).map { DocumentID($0) }
        let report = try Engine().delete(
            chosen, from: path, ignoringMissing: ignoreMissing, progress: progress.reporter)
        if json {
            try Output.json(report)
        } else if !progress.quiet {
            Diagnostics.line(
                "\(path): \(counted(report.deleted, "document")) removed, \(grouped(report.index.documents)) left")
        }
    }
}

extension RemoveCommand {
    private func removeIndex(_ path: String) throws {
        let documents = try? SearchIndex(path: path).documents.documentCount
        try SearchIndex.remove(path: path)
        if json {
            try Output.json(Removal(path: path, deleted: documents ?? 0))
        } else if !progress.quiet {
            Diagnostics.line("\(path): index removed" + (documents.map { ", " + counted($0, "document") } ?? ""))
        }
    }

    /// What was removed; `deleted` counts documents.
    private struct Removal: Encodable {
        let path: String
        let deleted: Int
    }
}

struct CompactCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compact",
        abstract: "Rewrite an index without its deleted documents, in as few segments as possible.",
        discussion: """
            The index answers as before while it is rewritten. This is rarely needed, because small segments are merged \
            whenever documents are added or removed. The space is reused for new documents; the file does not shrink.

            EXAMPLES
              trawl compact notes.trawl
            """)

    @OptionGroup var index: IndexArgument

    @Flag(help: "Print a summary of the index as JSON.") var json = false

    @OptionGroup var progress: ProgressOptions

    func run() async throws {
        let path = try index.path
        let report = try Engine().compact(path, progress: progress.reporter)
        if json {
            try Output.json(report.index)
        } else if !progress.quiet {
            Diagnostics.line(
                "\(path): \(counted(report.index.documents, "document")) in "
                    + counted(report.index.segments, "segment"))
        }
    }
}
