import ArgumentParser
import Foundation
import TrawlCore
import TrawlEngine

struct RemoveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rm", abstract: "Remove documents from an index, or a whole index.",
        discussion: """
            The documents are gone from every answer at once. When their segment is next rewritten, which 'trawl \
            compact' does, their room is free for what is added next; until that overwrites them, their bytes stay in \
            the file (to erase something for good, build the index anew). If an id is not in the index, nothing is \
            removed and the exit code is 2. With --all, the index itself is removed.

            EXAMPLES
              trawl rm notes.trawl todo.txt old.txt
              trawl rm wikipedia --ids gone.txt
              cut -f1 gone.tsv | trawl rm wikipedia --ids - --ignore-missing
              trawl rm notes.trawl --all
            """)

    @Argument(help: "The index: a path or a name.")
    var index: String

    @Argument(help: "The ids of documents.")
    var documents: [String] = []

    @Option(help: "A file with an id a line, or - for standard input.")
    var ids: String?

    @Flag(help: "Remove the whole index.")
    var all = false

    @Flag(help: "Pass over ids that the index does not have.")
    var ignoreMissing = false

    @Flag(help: "Print what was done as JSON.")
    var json = false

    @OptionGroup var progress: ProgressOptions

    func validate() throws {
        let namesDocuments = ids != nil || !documents.isEmpty
        if !all, !namesDocuments { throw ValidationError("name documents, or --all to remove the whole index") }
        if all, namesDocuments || ignoreMissing || json {
            throw ValidationError("--all removes the whole index and goes with no ids")
        }
    }

    func run() async throws {
        let path = try IndexPath.resolve(index)
        if all { return try SearchIndex.remove(path: path) }
        let chosen = try documents + (ids.map { try DocumentIDFile.read($0) } ?? [])
        let report = try IndexUpdater(path: path, progress: progress.reporter)
            .delete(chosen.map { DocumentID($0) }, ignoringMissing: ignoreMissing)
        if json {
            try Output.json(report)
        } else if !progress.quiet {
            Diagnostics.line(
                "\(path): \(grouped(report.deleted)) documents removed, \(grouped(report.index.documents)) are left")
        }
    }
}

struct CompactCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compact",
        abstract: "Rewrite an index without its deleted documents, in as few segments as can be.",
        discussion: """
            The index answers as before while it is rewritten. Adding and removing documents merge small segments by \
            themselves, so that this is seldom needed. The room is used again by what is added next; the file does not \
            get smaller.

            EXAMPLES
              trawl compact notes.trawl
            """)

    @Argument(help: "The index: a path or a name.")
    var index: String

    @Flag(help: "Print what the index is now as JSON.")
    var json = false

    @OptionGroup var progress: ProgressOptions

    func run() async throws {
        let path = try IndexPath.resolve(index)
        let report = try IndexUpdater(path: path, progress: progress.reporter).compact()
        if json {
            try Output.json(report.index)
        } else if !progress.quiet {
            Diagnostics.line(
                "\(path): \(grouped(report.index.documents)) documents in \(report.index.segments) "
                    + (report.index.segments == 1 ? "segment" : "segments"))
        }
    }
}

/// A list of document ids, one a line. Blank lines are passed over; everything else on a line is the id.
enum DocumentIDFile {
    static func read(_ path: String) throws -> [String] {
        let data: Data
        if path == "-" {
            data = FileHandle.standardInput.readDataToEndOfFile()
        } else {
            guard let content = FileManager.default.contents(atPath: path) else {
                throw TrawlError(
                    .notFound, "the list of ids cannot be read", path: path,
                    remedy: "check the path and its permissions")
            }
            data = content
        }
        guard let text = String(validating: data, as: UTF8.self) else {
            throw TrawlError(
                .invalidInput, "the list of ids is not UTF-8", path: path == "-" ? "standard input" : path,
                remedy: "write it in UTF-8")
        }
        return text.split(whereSeparator: \.isNewline).map(String.init)
            .filter { !$0.allSatisfy(\.isWhitespace) }
    }
}
