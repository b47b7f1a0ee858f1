import ArgumentParser
import Core
import Corpus
import Foundation
import Generation
import Retrieval
import Tensors

struct TrainQueriesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "queries",
        abstract: "Write queries for the passages of an index, to train on where nobody has judged any.",
        discussion: """
            A language model reads passages, spread evenly over the index, and writes what they would answer. The output folder
            gets queries.jsonl and qrels.tsv in BEIR's layout, each query judged to be answered by the document that it was
            written for; 'trawl train generator', 'trawl train weights' and 'trawl eval' read them. Ctrl-C keeps what is written.

            Small models write much that asks for nothing in particular. A query is kept only if a search by it finds its document
            among the best (--found-within): by words where the index has a lexical part, by vectors otherwise. Look at a few before
            you train on many: --prompt says by examples what they shall be like.

            EXAMPLES
              trawl train queries notes --passages 1000 --output notes-queries
              trawl train queries papers --output claims \
                  --prompt "Passage: Vitamin C was given to 80 patients ...\\nClaim: vitamin C shortens colds\\n\\nPassage: {passage}\\nClaim:"
              trawl train generator notes --queries notes-queries/queries.jsonl --qrels notes-queries/qrels.tsv --minutes 30 \\
                  --output notes-generator
            """)

    @Argument(help: "The index: a path or a name.")
    var index: String

    @Option(help: "The language model that writes: a decoder's name or path.")
    var writer = "smollm2-135m-instruct"

    @Option(help: "The most passages that are written for.")
    var passages = 1000

    @Option(help: "The most queries for a passage.")
    var perPassage = 1

    @Option(
        help:
            "What the model reads before it writes a line; {passage} stands for the passage, \\n for a new line. By default two examples of questions."
    )
    var prompt: String?

    @Option(help: "Keep queries that find their document among this many; 0 keeps all.")
    var foundWithin = 20

    @Option(help: "How freely tokens are drawn; 0 takes the likeliest.")
    var temperature = QueryWriter.Parameters().temperature

    @Option(help: "The seed of all random draws.")
    var seed: UInt64 = 1

    @Option(help: "Arithmetic of the model: f32, or int8, which is faster and a little less exact.")
    var precision = Precision.f32

    @Option(help: "The folder for queries.jsonl and qrels.tsv, which must not be there yet.")
    var output: String

    @OptionGroup var progress: ProgressOptions

    func validate() throws {
        for (name, value) in [("passages", passages), ("per-passage", perPassage)] where value < 1 {
            throw ValidationError("--\(name) must be at least 1")
        }
        guard foundWithin >= 0 else { throw ValidationError("--found-within must not be negative") }
        guard (0...10).contains(temperature) else { throw ValidationError("--temperature must be from 0 to 10") }
    }

    func run() async throws {
        var parameters = QueryWriter.Parameters()
        // Shells hand over a typed \n as it is.
        if let prompt { parameters.prompt = prompt.replacing("\\n", with: "\n") }
        parameters.temperature = temperature
        parameters.seed = seed
        let files = try QueryFiles(folder: output)
        let index = try SearchIndex(path: IndexPath.resolve(self.index))
        let source = try PassageQueries(
            index: index, writer: writer, precision: precision, limit: passages, parameters: parameters)
        let reporter = progress.reporter
        reporter.begin("writing queries", total: source.passageCount, unit: "passages")
        Interruption.await()
        var written = try source.write(perPassage: perPassage) {
            reporter.advance($0)
            return !Interruption.hasCome
        }
        Interruption.release()
        reporter.end()
        guard !written.isEmpty else {
            throw TrawlError(
                .invalidInput, "the model ended no query", path: writer,
                remedy: "change --prompt or --temperature, or take another model")
        }
        let count = written.count
        written = try findable(written, in: index)
        guard !written.isEmpty else {
            throw TrawlError(
                .invalidInput, "none of the \(count) queries finds its document among the best \(foundWithin)",
                path: index.path,
                remedy: "raise --found-within, change --prompt, or take another model")
        }
        try files.write(written)
        Diagnostics.line(
            "\(output): \(written.count) queries; \(count - written.count) more did not find their document")
    }
}

extension TrainQueriesCommand {
    /// The queries that find their document (round-trip consistency: Alberti et al. 2019, arXiv 1906.05416).
    private func findable(_ written: [PassageQueries.Written], in index: SearchIndex) throws -> [PassageQueries.Written]
    {
        guard foundWithin > 0 else { return written }
        let build = index.recipe.build
        let mode: SearchMode? = build.contains(.lexical) ? .lexical : build.contains(.dense) ? .dense : nil
        guard let mode else {
            progress.reporter.warn(
                "the index has neither a lexical nor a dense part to try the queries by; all are kept")
            return written
        }
        var options = SearchOptions(mode: mode, recipe: index.recipe)
        options.limit = foundWithin
        let rankings = try SearchPipeline(index: index, options: options)
            .rankDocuments(written.map { Query(id: $0.id, text: $0.text) })
        return zip(written, rankings).filter { query, ranking in
            ranking.documents.contains { $0.document == query.document }
        }.map(\.0)
    }
}

/// Queries with their judgements in BEIR's layout.
private struct QueryFiles {
    let queries: String
    let qrels: String

    /// Makes the folder, unless it is there.
    ///
    /// - Throws: `TrawlError` when it holds queries already, or cannot be made.
    init(folder: String) throws {
        queries = folder + "/queries.jsonl"
        qrels = folder + "/qrels.tsv"
        for path in [queries, qrels] where FileManager.default.fileExists(atPath: path) {
            throw TrawlError(.invalidInput, "this file is there already", path: path, remedy: "name another folder")
        }
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        } catch {
            throw TrawlError(.io, "the folder cannot be made", path: folder, cause: error)
        }
    }

    func write(_ written: [PassageQueries.Written]) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        var lines = Data()
        var judgements = "query-id\tcorpus-id\tscore\n"
        for entry in written {
            lines += try encoder.encode(Line(_id: entry.id, text: entry.text)) + Data("\n".utf8)
            judgements += "\(entry.id)\t\(entry.document.rawValue)\t1\n"
        }
        for (path, data) in [(qrels, Data(judgements.utf8)), (queries, lines)] {
            do {
                try data.write(to: URL(filePath: path), options: .atomic)
            } catch {
                throw TrawlError(.io, "the queries cannot be written", path: path, cause: error)
            }
        }
    }

    private struct Line: Encodable {
        let _id: String
        let text: String
    }
}
