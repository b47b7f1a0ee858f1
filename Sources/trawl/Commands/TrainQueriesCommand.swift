import ArgumentParser
import Foundation
import TrawlCore
import TrawlCorpus
import TrawlEngine
import TrawlGeneration
import TrawlModels
import TrawlTensors
import TrawlWorkbench

struct TrainQueriesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "queries",
        abstract: "Write queries for the passages of an index, to train on without relevance judgements.",
        discussion: """
            A language model reads passages, evenly spaced over the index, and writes queries that they answer. The \
            output folder gets queries.jsonl and qrels.tsv in BEIR's format, for 'trawl train generator', 'trawl train \
            weights' and 'trawl eval'. Ctrl-C keeps the queries written so far.

            A query must pass a round-trip check: a search with it finds its document (--found-within), by BM25 if the \
            index has a lexical part, otherwise by vectors. This favours that method in an evaluation with such \
            queries; to compare methods, use --found-within 0. Look at a few queries before you train on many; the \
            examples in --prompt show the model what to write.

            EXAMPLES
              trawl train queries notes --passages 1000 --output notes-queries
              trawl train queries papers --output claims \\
                  --prompt "Passage: Vitamin C was given to 80 patients ...\\nClaim: vitamin C shortens colds\\n\\nPassage: {passage}\\nClaim:"
              trawl train generator notes --queries notes-queries/queries.jsonl --qrels notes-queries/qrels.tsv --minutes 30 \\
                  --output notes-generator
            """)

    @OptionGroup var index: IndexArgument

    @Option(
        help: ArgumentHelp("The language model that writes queries: a decoder's name or path.", valueName: "model"))
    var writer = ModelCatalogue.defaultLanguageModel
    @Option(help: ArgumentHelp("The most passages that queries are written for.", valueName: "n")) var passages = 1000
    @Option(help: ArgumentHelp("The most queries per passage.", valueName: "n")) var perPassage = 1
    @Option(
        help: ArgumentHelp(
            "The prompt; {passage} stands for the passage, \\n for a new line. (default: two examples and the passage)",
            valueName: "text"))
    var prompt: String?
    @Option(
        help: ArgumentHelp(
            "Keep queries that find their document among this many hits; 0 keeps all.", valueName: "n"))
    var foundWithin = 20
    @Option(help: ArgumentHelp("The sampling temperature; 0 takes the most likely token.", valueName: "n"))
    var temperature = LineWriter.Sampling().temperature
    @Option(help: ArgumentHelp("The seed of the random numbers.", valueName: "n")) var seed: UInt64 = 1
    @Option(help: "Arithmetic of the model; int8 is faster and slightly less accurate.")
    var precision = Precision.f32
    @Option(help: ArgumentHelp("The folder for queries.jsonl and qrels.tsv.", valueName: "folder")) var output: String
    @Flag(help: "Replace queries in the output folder.") var force = false

    @OptionGroup var progress: ProgressOptions

    func validate() throws {
        for (name, value, most) in [("passages", passages, 10_000_000), ("per-passage", perPassage, 1000)]
        where !(1...most ~= value) {
            throw ValidationError("--\(name) must be from 1 to \(most)")
        }
        guard 0...10_000 ~= foundWithin else { throw ValidationError("--found-within must be from 0 to 10000") }
        guard (0...10).contains(temperature) else { throw ValidationError("--temperature must be from 0 to 10") }
        guard temperature > 0 || perPassage == 1 else {
            throw ValidationError("--temperature 0 writes one query for a passage, however many --per-passage wants")
        }
        if temperature == 0, GivenFlags.current.contains("--seed") {
            throw ValidationError("--seed has no effect with --temperature 0, which draws nothing")
        }
        guard prompt?.contains(PassagePrompt.place) ?? true else {
            throw ValidationError("--prompt has no place for the passage; write \(PassagePrompt.place) where it goes")
        }
    }

    func run() async throws {
        let folder = QueryFolder(output)
        try folder.check(replacing: force)
        var writing = QueryWriting()
        // Shells hand over a typed \n as it is.
        if let prompt { writing.parameters.prompt = prompt.replacing("\\n", with: "\n") }
        writing.parameters.sampling.temperature = temperature
        writing.parameters.sampling.seed = seed
        (writing.writer, writing.precision) = (writer, precision)
        (writing.passages, writing.perPassage, writing.foundWithin) = (passages, perPassage, foundWithin)
        let engine = Engine()
        let index = try index.open(engine)
        Interruption.await()
        let result = try writing.run(
            index, engine, progress: progress.reporter, cancellation: Interruption.cancellation)
        let count = try folder.write(result.kept)
        Interruption.release()
        let dropped = result.written - result.kept.count
        Diagnostics.line(
            "\(output): \(count) queries"
                + (result.methods.isEmpty ? "" : " (\(dropped) failed the round-trip check)")
                + (result.read < result.passages
                    ? "; stopped after \(result.read) of \(result.passages) passages" : ""))
    }
}
