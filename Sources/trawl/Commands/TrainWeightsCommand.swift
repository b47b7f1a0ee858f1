import ArgumentParser
import Foundation
import TrawlCore
import TrawlEngine
import TrawlEvaluation
import TrawlGeneration
import TrawlWorkbench

struct TrainWeightsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "weights",
        abstract: "Fit the weights of a generator's n-grams to judged queries.",
        discussion: """
            How much an n-gram counts is fitted from its probability, its rarity, whether it is of the query or only the \
            generator wrote it, and what words it has, so that passages which answer the queries come first. The fit is \
            averaged with weights that hold over corpora, which count as a fit to --prior-queries; for a generator that \
            was trained on the corpus, 0 finds more together with the other ways. The result is kept with the \
            generator, as key_weights.json; searches use it unless told \
            --seal-weights. Give queries that the generator was not trained on. With --also, other indexes with the \
            same tokenizer count as much as the first, so that the weights suit corpora that were not seen.

            EXAMPLES
              trawl train weights scifact --generator scifact-generator --queries queries.jsonl --qrels qrels/dev.tsv
            """)

    @OptionGroup var index: IndexArgument

    @Option(help: "The queries: JSON lines (BEIR) or TSV (id, text).") var queries: String

    @Option(help: "The judgements of these queries: BEIR TSV or TREC qrels.") var qrels: String

    @Option(help: "The generator; the index's own by default.") var generator: String?

    @Option(help: "Another judged index, as INDEX,QUERIES,QRELS; may be given several times.") var also: [String] = []

    @Option(help: "The most queries to fit to, for each index.") var limit = 300

    @Option(help: "The passages of a query that are compared.") var depth = 100

    @Option(help: "Rounds in which n-grams are matched again with the weights found so far.") var rounds = 2

    @Option(help: "How many queries the general weights are worth in the average; 0 leaves them out.")
    var priorQueries = 100

    @OptionGroup var progress: ProgressOptions

    func validate() throws {
        for (name, value) in [("limit", limit), ("depth", depth), ("rounds", rounds)] where value < 1 {
            throw ValidationError("--\(name) must be at least 1")
        }
        for text in also where text.split(separator: ",", omittingEmptySubsequences: false).count != 3 {
            throw ValidationError("--also \(text) is not of the form INDEX,QUERIES,QRELS")
        }
        if priorQueries < 0 { throw ValidationError("--prior-queries must be at least 0") }
    }

    func run() async throws {
        let engine = Engine()
        let index = try self.index.open(engine)
        var fit = KeyWeightFit(generator: generator ?? index.recipe.generative.model)
        (fit.depth, fit.rounds, fit.priorQueries) = (depth, rounds, priorQueries)
        var judged = [
            KeyWeightFit.Judged(index, try JudgedQueries(queries: queries, qrels: qrels).spread(limit).entries)
        ]
        for text in also {
            let parts = text.split(separator: ",").map(String.init)
            let other = try IndexCatalogue.path(of: parts[0])
            judged.append(
                .init(
                    try engine.open(other),
                    try JudgedQueries(queries: parts[1], qrels: parts[2]).spread(limit).entries))
        }
        let weights = try fit.run(judged, engine, progress: progress.reporter)
        for (name, value) in weights.named {
            Output.line(name.padding(toLength: 16, withPad: " ", startingAt: 0) + String(format: "%8.4f", value))
        }
    }
}
