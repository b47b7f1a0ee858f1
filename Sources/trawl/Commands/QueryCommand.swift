import ArgumentParser
import Foundation
import TrawlCore
import TrawlCorpus
import TrawlEngine
import TrawlEvaluation

struct QueryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "query",
        abstract: "Search an index.",
        discussion: """
            Without TEXT and --queries, queries are read from standard input, one per line; on a terminal, at a prompt, \
            which searches the newest commit of the index each time and has commands (:help lists them).

            A filter compares fields of the documents' metadata, id or title with = != < <= > >= ^= (begins with) or IN; \
            EXISTS FIELD asks for a value. AND, OR and NOT join comparisons, parentheses group them. Numbers and ISO 8601 \
            dates are compared as such, values in quotes as text; date=2024-05 is any day of May.

            EXAMPLES
              trawl query wikipedia "who painted the ceiling of the Sistine Chapel"
              trawl query wikipedia "tidal forces" --mode generative --explain
              trawl query wikipedia "tidal forces" --mode dense --rerank -k 5 --json | jq .document
              trawl query notes "tides" --where "date>=2024-05 AND (tags=sea OR path ^= coast/) AND NOT draft=true"
              trawl query scifact --queries queries.jsonl --mode hybrid --run scifact.trec
            """)

    @OptionGroup var index: IndexArgument

    @Argument(help: "The query.") var text: String?

    @Option(help: "A file of queries: JSON lines (BEIR), TSV (id, text), or one per line; - is standard input.")
    var queries: String?

    @Option(name: [.short, .long], help: "generative, dense, lexical or hybrid (several fused).") var mode: SearchMode?

    @OptionGroup var tuning: TuningFlags

    @Option(name: [.customShort("k"), .long], help: "How many hits to show.") var limit = 10

    @Flag(help: "Show every passage, not only the best of each document.") var passages = false

    @Flag(name: [.short, .long], help: "Show the words and n-grams that matched.") var explain = false

    @Flag(help: "Print one JSON object per hit (JSON Lines); with --explain, also what matched.") var json = false

    @Option(name: .customLong("run"), help: "Write a TREC run to this file instead of hits.") var runFile: String?

    @Option(help: "When to colour: auto, always, never.") var color = ColorChoice.auto

    @OptionGroup var progress: ProgressOptions

    func validate() throws {
        if limit < 1 { throw ValidationError("-k must be at least 1") }
        if text != nil, queries != nil { throw ValidationError("give either a query or --queries") }
    }

    func run() async throws {
        let engine = Engine()
        let index = try index.open(engine)
        var settings = try tuning.settings(of: index, mode: mode)
        settings.limit = limit
        settings.collapsesDocuments = !passages
        settings.explains = explain
        let session = try engine.session(index, settings)
        if let runFile {
            let queries = try text.map { [Query(id: "1", text: $0)] } ?? QueryReader().read(queries ?? "-")
            try Run(session.rankDocuments(queries, progress: progress.reporter)).write(path: runFile)
            return
        }
        let printer = HitPrinter(style: Style(color), json: json, explain: explain)
        var found = false
        func answer(_ queries: [Query]) throws {
            for result in try session.search(queries) {
                found = found || !result.hits.isEmpty
                try printer.show(result, heading: queries.count > 1 || self.queries != nil)
            }
        }
        if let text {
            try answer([Query(id: "1", text: text)])
        } else if queries == nil, isatty(STDIN_FILENO) == 1 {
            let search = InteractiveSearch(engine, index, session) { explains in
                HitPrinter(style: Style(color), json: json, explain: explains)
            }
            search.run()
            found = search.found
        } else {
            let all = try QueryReader().read(queries ?? "-")
            // Batches decode and embed together; their size bounds the memory.
            for start in stride(from: 0, to: all.count, by: SearchSession.batchSize) {
                try answer(Array(all[start..<min(all.count, start + SearchSession.batchSize)]))
            }
        }
        if !found { throw ExitCode(ExitStatus.noHits) }
    }
}
