import ArgumentParser
import Foundation
import TrawlCore
import TrawlEngine
import TrawlSenses

struct ShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show an index, one of its documents, or a passage.",
        discussion: """
            A passage is named as in hits: the id of its document, # and its number, counted from 0. Without DOCUMENT, \
            prints the size and the parts of the index, and its recipe with every setting.

            EXAMPLES
              trawl show wikipedia
              trawl show wikipedia Photosynthesis
              trawl show wikipedia "Photosynthesis#2" --json
            """)

    @OptionGroup var index: IndexArgument

    @Argument(help: "The id of a document, or one of its passages such as ID#2. (default: the index itself)")
    var document: String?

    @Flag(help: "Print JSON.") var json = false

    func run() async throws {
        let index = try self.index.open()
        if let document { return try show(document, of: index.documents, at: index.path) }
        if json { return try Output.json(index.summary) }
        let summary = index.summary
        Output.line("path        \(summary.path.visibleLine)")
        Output.line("documents   \(grouped(summary.documents))" + deleted(summary.deletedDocuments))
        Output.line("passages    \(grouped(summary.passages))" + deleted(summary.deletedPassages))
        Output.line("segments    \(summary.segments)")
        Output.line("size        \(grouped(summary.bytesOnDisk / 1_000_000)) MB")
        if let shard = summary.shard { Output.line("shard       \(shard)") }
        Output.line("components  \(summary.components.joined(separator: ", "))")
        for part in try index.partSummaries() {
            Output.line(part.name.padding(toLength: 12, withPad: " ", startingAt: 0) + part.summary)
        }
        if let fusion = try index.fittedFusion() {
            Output.line("fusion      \(fusion.blockCount) blocks, fitted to \(fusion.queries) queries")
        }
        if let adapter = try index.queryAdapter() {
            let remembered = adapter.memory.map { "; remembers \(grouped($0.entries.count))" } ?? ""
            Output.line("adapter     rank \(adapter.rank), fitted to \(grouped(adapter.queries)) queries" + remembered)
        }
        if let senses = try index.senses() {
            Output.line(
                "senses      \(grouped(senses.model.words.count)) words, learnt from \(grouped(senses.documents)) documents"
            )
        }
        for part in try index.sizes() { Output.line("  \(part.name): \(grouped(part.bytes)) bytes") }
        Output.line("\nrecipe\n" + (try RecipeFile(index.recipe, settings: index.settings).yaml()).visible)
    }

    /// Shows the document called `name`; where there is none, the passage.
    private func show(_ name: String, of documents: StoredDocuments, at path: String) throws {
        if let found = try documents.document(DocumentID(name)) {
            if json { return try Output.json(found) }
            return DocumentPrinter.show(title: found.title, text: found.text)
        }
        guard let reference = PassageReference(name), try documents.document(reference.document) != nil else {
            throw TrawlError(.notFound, "no document \"\(name)\"", path: path, topic: .documents)
        }
        guard let found = try documents.details(of: reference) else {
            let count = try documents.document(reference.document)?.passages.count ?? 0
            throw TrawlError(
                .notFound, "no passage \(reference.passage) in document \"\(reference.document)\"", path: path,
                remedy: "it has \(counted(count, "passage")), counted from 0")
        }
        if json { return try Output.json(found) }
        DocumentPrinter.show(title: found.title, text: found.text)
    }

    private func deleted(_ count: Int) -> String {
        count > 0 ? "  (\(grouped(count)) deleted, not yet reclaimed)" : ""
    }
}

/// Prints a document or a passage.
enum DocumentPrinter {
    static func show(title: String, text: String) {
        if !title.isEmpty { Output.line(title.visible + "\n") }
        Output.line(text.visible)
    }
}
