import ArgumentParser
import Foundation
import TrawlCore
import TrawlCorpus
import TrawlEngine
import TrawlGeneration
import TrawlModels
import TrawlTensors

struct TrainQueriesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "queries",
        abstract: "Write queries for the passages of an index, to train on where nobody has judged any.",
        discussion: """
            A language model reads passages, spread evenly over the index, and writes what they would answer. The \
            output folder gets queries.jsonl and qrels.tsv in BEIR's layout, each query judged to be answered by the \
            document that it was written for; 'trawl train generator', 'trawl train weights' and 'trawl eval' read \
            them. Ctrl-C keeps what is written.

            Small models write much that asks for nothing in particular. A query is kept only if a search by it finds \
            its document among the best (--found-within): by words where the index has a lexical part, by vectors \
            otherwise. That favours this way of finding when such queries evaluate: compare it with others by \
            --found-within 0. Look at a few before you train on many: --prompt says by examples what they shall be \
            like.

            EXAMPLES
              trawl train queries notes --passages 1000 --output notes-queries
              trawl train queries papers --output claims \\
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
        guard temperature > 0 || perPassage == 1 else {
            throw ValidationError("--temperature 0 writes one query for a passage, however many --per-passage wants")
        }
        guard prompt?.contains(PassagePrompt.place) ?? true else {
            throw ValidationError("--prompt has no place for the passage; write \(PassagePrompt.place) where it goes")
        }
    }

    func run() async throws {
        var parameters = QueryWriter.Parameters()
        // Shells hand over a typed \n as it is.
        if let prompt { parameters.prompt = prompt.replacing("\\n", with: "\n") }
        parameters.temperature = temperature
        parameters.seed = seed
        let reporter = progress.reporter
        let files = try QueryFiles(folder: output)
        let index = try SearchIndex(path: IndexPath.resolve(self.index))
        let search = try search(index, reporter)
        let source = try PassageQueries(
            index: index, writer: writer, precision: precision, limit: passages, parameters: parameters)
        var (kept, read, written) = ([PassageQueries.Written](), 0, 0)
        reporter.begin("writing queries", total: source.passageCount, unit: "passages")
        Interruption.await()
        try source.write(perPassage: perPassage) { count, queries in
            read += count
            written += queries.count
            kept += try findable(queries, by: search)
            reporter.advance(count)
            return !Interruption.hasCome
        }
        reporter.end()
        guard !kept.isEmpty else {
            throw TrawlError(
                .invalidInput,
                "no query was kept: for \(read) passages the model wrote \(written)"
                    + (search == nil ? "" : ", and none found its document among the best \(foundWithin)"),
                path: index.path, remedy: "change --prompt, or take another model")
        }
        let count = try files.write(kept)
        Interruption.release()
        Diagnostics.line(
            "\(output): \(count) queries"
                + (search == nil ? "" : "; \(written - kept.count) more did not find their document")
                + (read < source.passageCount ? "; stopped after \(read) of \(source.passageCount) passages" : ""))
    }

    /// What tries the queries; nil when all are kept.
    private func search(_ index: SearchIndex, _ reporter: TerminalProgress) throws -> SearchPipeline? {
        guard foundWithin > 0 else { return nil }
        let build = index.recipe.build
        let mode: SearchMode? = build.contains(.lexical) ? .lexical : build.contains(.dense) ? .dense : nil
        guard let mode else {
            reporter.warn("the index has neither a lexical nor a dense part to try the queries by; all are kept")
            return nil
        }
        var options = SearchOptions(mode: mode, recipe: index.recipe)
        options.limit = foundWithin
        return try SearchPipeline(index: index, options: options)
    }

    /// The queries that find their document (consistency filtering: Dai et al. 2022, arXiv 2209.11755).
    private func findable(_ written: [PassageQueries.Written], by search: SearchPipeline?) throws
        -> [PassageQueries.Written]
    {
        guard let search else { return written }
        let rankings = try search.rankDocuments(written.map { Query(id: $0.id, text: $0.text) })
        return zip(written, rankings).filter { query, ranking in
            ranking.documents.contains { $0.document == query.document }
        }.map(\.0)
    }
}

/// Queries with their judgements in BEIR's layout.
private struct QueryFiles {
    let queries: String
    let qrels: String

    private let folder: String

    /// - Throws: `TrawlError` when the folder holds queries already.
    init(folder: String) throws {
        self.folder = folder
        queries = folder + "/queries.jsonl"
        qrels = folder + "/qrels.tsv"
        for path in [queries, qrels] where FileManager.default.fileExists(atPath: path) {
            throw TrawlError(.invalidInput, "this file is there already", path: path, remedy: "name another folder")
        }
    }

    /// Writes the queries, equal texts as one that several documents answer, and answers how many there are.
    func write(_ written: [PassageQueries.Written]) throws -> Int {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        var lines = Data()
        var judgements = "query-id\tcorpus-id\tscore\n"
        var ids: [String: String] = [:]
        var judged: Set<[String]> = []
        for entry in written {
            if ids[entry.text] == nil {
                lines += try encoder.encode(Line(_id: entry.id, text: entry.text)) + Data("\n".utf8)
            }
            let id = ids[entry.text, default: entry.id]
            ids[entry.text] = id
            if judged.insert([id, entry.document.rawValue]).inserted {
                judgements += "\(id)\t\(entry.document.rawValue)\t1\n"
            }
        }
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            try Data(judgements.utf8).write(to: URL(filePath: qrels), options: .atomic)
            try lines.write(to: URL(filePath: queries), options: .atomic)
        } catch {
            throw TrawlError(.io, "the queries cannot be written", path: folder, cause: error)
        }
        return ids.count
    }

    private struct Line: Encodable {
        let _id: String
        let text: String
    }
}
