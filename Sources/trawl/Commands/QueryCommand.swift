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
            Without TEXT and --queries, queries are read from standard input, one per line. On a terminal there is a \
            prompt; it always searches the newest commit of the index, and :help lists its commands. --queries reads a \
            file (plain, .gz or .zst), a pipe, or - for standard input; --run writes a file, a pipe, or - for standard \
            output.

            A run lists documents. White space in their ids is percent-encoded (a b becomes a%20b), so that a line has \
            six columns; 'trawl eval' reads both as the same document.

            A filter compares fields of the documents' metadata, id or title with = != < <= > >= ^= (begins with) or IN; \
            EXISTS FIELD asks for a value. AND, OR and NOT join comparisons, parentheses group them. Numbers and ISO 8601 \
            dates are compared as such, values in quotes as text; date=2024-05 is any day of May.

            --sense WORD#N finds passages in which a word has one of the senses that 'trawl senses' lists, whatever \
            the query and the method.

            EXAMPLES
              trawl query wikipedia "who painted the ceiling of the Sistine Chapel"
              trawl query wikipedia "tidal forces" --mode generative --explain
              trawl query wikipedia '"tidal forces" title:moon -mars'
              trawl query wikipedia "tidal forces" --mode dense --rerank -k 5 --json | jq .document
              trawl query wikipedia "tidal forces" --rerank cross:100,likelihood:20
              trawl query notes "tides" --where "date>=2024-05 AND (tags=sea OR path ^= coast/) AND NOT draft=true"
              trawl query notes "flood" --sense bank#2
              trawl query scifact --queries queries.jsonl --mode hybrid --run scifact.trec
              trawl query arguana --queries queries.jsonl --exclude-self --run - | gzip > arguana.trec.gz
            """)

    @OptionGroup var index: IndexArgument

    @Argument(help: "The query.") var text: String?

    @OptionGroup(title: "Input") var input: QueryInput

    @OptionGroup(title: "Retrieval") var retrieval: RetrievalFlags

    @Option(
        name: .customLong("sense"),
        help: ArgumentHelp(
            "Find only passages with a word in one of its senses, such as bank#2; repeat it for several words. "
                + "'trawl senses' lists them.", valueName: "word#n"))
    var senses: [String] = []

    @OptionGroup var tuning: TuningFlags

    @OptionGroup(title: "Shards") var cluster: ClusterFlags

    @OptionGroup(title: "Output") var hits: HitFlags

    @OptionGroup var progress: ProgressOptions

    func validate() throws {
        if hits.limit < 1 { throw ValidationError("-k must be at least 1") }
        try cluster.check([index.index])
        for sense in senses where SenseReference(sense) == nil {
            throw ValidationError("--sense \(sense) is not of the form WORD#N")
        }
        if hits.depth < 1 { throw ValidationError("--depth must be at least 1") }
        if hits.json, hits.runFile == "-" {
            throw ValidationError("--json and --run - would both write to standard output")
        }
        try StandardInput.requireOneReader([
            ("queries", text == nil ? input.queries ?? "-" : nil), ("--examples", tuning.examples),
        ])
    }

    /// Whether the query is an argument or comes from a prompt.
    private var isTyped: Bool { text != nil || input.queries == nil && isatty(STDIN_FILENO) == 1 }

    func run() async throws {
        let output = try hits.runFile.map { try OutputFile($0) }
        let engine = Engine()
        let index = try index.openToSearch(engine, cluster.access)
        try output?.requireNone(of: [input.queries, index.path])
        var settings = try tuning.settings(of: index, mode: retrieval.mode, isTyped: isTyped)
        settings.limit = output == nil ? hits.limit : hits.json ? max(hits.limit, hits.depth) : hits.depth
        settings.collapsesDocuments = !hits.passages
        settings.excludesQueryDocument = settings.excludesQueryDocument || retrieval.excludeSelf
        // What people read shows where a passage matches.
        settings.explains = hits.explain || !hits.json && output == nil
        settings.senses = senses.compactMap { SenseReference($0) }
        try SearchFlags.check(.current, [settings], index)
        let session = try index.session(by: engine, settings)
        let printer = HitPrinter(style: Style(hits.color), json: hits.json, explain: hits.explain)
        var found = false
        func answer(_ queries: [Query]) throws {
            for result in try session.search(queries) {
                found = found || !result.hits.isEmpty
                try printer.show(result, heading: queries.count > 1 || input.queries != nil)
            }
        }
        if let output {
            let queries = try text.map { [Query(id: "1", text: $0)] } ?? input.read()
            let rankings = try rankings(queries, session, printer)
            try output.write(Run(rankings).trecText())
            found = rankings.contains { !$0.documents.isEmpty }
        } else if let text {
            try answer([Query(id: "1", text: text)])
        } else if isTyped {
            let search = InteractiveSearch(engine, index, session, explains: hits.explain, showsSnippets: !hits.json) {
                explains in
                HitPrinter(style: Style(hits.color), json: hits.json, explain: explains)
            }
            search.run()
            found = search.found
        } else {
            try batches(of: input.read()).forEach(answer)
        }
        if !found { throw ExitCode(ExitStatus.noHits) }
    }

    /// What a run lists for each query; with --json the hits are printed on the way.
    private func rankings(
        _ queries: [Query], _ session: SearchSession, _ printer: HitPrinter
    ) throws -> [DocumentRanking] {
        guard hits.json else { return try session.rankDocuments(queries, progress: progress.reporter) }
        var rankings: [DocumentRanking] = []
        for batch in batches(of: queries) {
            for (result, ranking) in try session.searchAndRank(batch, limit: hits.limit) {
                try printer.show(result, heading: false)
                rankings.append(
                    DocumentRanking(query: ranking.query, documents: Array(ranking.documents.prefix(hits.depth))))
            }
        }
        return rankings
    }

    /// Batches decode and embed together; their size bounds the memory.
    private func batches(of queries: [Query]) -> [[Query]] {
        stride(from: 0, to: queries.count, by: SearchSession.batchSize).map { start in
            Array(queries[start..<min(queries.count, start + SearchSession.batchSize)])
        }
    }
}

/// Where queries come from.
struct QueryInput: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A file of queries: JSON lines (BEIR), TSV (id, text), CSV, TREC topics, or one per line. "
                + "(default: standard input)", valueName: "file"))
    var queries: String?

    @OptionGroup var topics: TopicFlags

    /// The queries of the file, or of standard input.
    func read() throws -> [Query] { try topics.reader.read(queries ?? "-") }
}

/// The method of a search, and what it leaves out.
struct RetrievalFlags: ParsableArguments {
    @Option(
        name: [.short, .long], help: "The retrieval method; hybrid fuses the others. (default: the index's)")
    var mode: SearchMode?

    @Flag(help: "Leave out the document that has the id of the query.") var excludeSelf = false
}

/// How hits are printed.
struct HitFlags: ParsableArguments {
    @Option(name: [.customShort("k"), .long], help: ArgumentHelp("How many hits to show.", valueName: "n"))
    var limit = 10

    @Flag(help: "Show every passage, not only the best of each document.") var passages = false

    @Flag(name: [.short, .long], help: "Show the words and n-grams that matched.") var explain = false

    @Flag(help: "Print one JSON object per hit (JSON Lines); with --explain, also what matched.") var json = false

    @Option(
        name: .customLong("run"),
        help: ArgumentHelp(
            "Write a TREC run to this file, instead of hits or in addition to --json.", valueName: "file"))
    var runFile: String?

    @Option(help: ArgumentHelp("How many documents a run lists per query.", valueName: "n")) var depth = 1000

    @Option(help: ArgumentHelp("When to print colours.", valueName: "when")) var color = ColorChoice.auto
}
