import ArgumentParser
import Core
import Corpus
import Evaluation
import Foundation
import Generation
import Retrieval
import Training

struct TrainWeightsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "weights",
        abstract: "Fit the weights of a generator's n-grams to judged queries.",
        discussion: """
            How much an n-gram counts is fitted from its probability, its rarity, its length and what it shares with the
            query, so that passages which answer the queries come first. The weights are kept with the generator, as
            key_weights.json; searches use them unless told --seal-weights. Give queries that the generator was not trained on.

            EXAMPLES
              trawl train weights scifact --generator scifact-generator --queries queries.jsonl --qrels qrels/dev.tsv
            """)

    @Argument(help: "The index: a path or a name.")
    var index: String

    @Option(help: "The queries: JSON lines (BEIR) or TSV (id, text).")
    var queries: String

    @Option(help: "The judgements of these queries: BEIR TSV or TREC qrels.")
    var qrels: String

    @Option(help: "The generator; the index's own by default.")
    var generator: String?

    @Option(help: "The most queries to fit to.")
    var limit = 300

    @Option(help: "The passages of a query that are compared.")
    var depth = 100

    @Option(help: "How often n-grams are matched anew with the weights found so far.")
    var rounds = 2

    @OptionGroup var progress: ProgressOptions

    func validate() throws {
        for (name, value) in [("limit", limit), ("depth", depth), ("rounds", rounds)] where value < 1 {
            throw ValidationError("--\(name) must be at least 1")
        }
    }

    func run() async throws {
        let index = try SearchIndex(path: IndexPath.resolve(self.index))
        let judgements = try Qrels(path: qrels)
        let judged = try QueryReader().read(queries).compactMap { query in
            judgements[query.id].map { grades in
                (text: query.text, relevant: Set(grades.filter { $0.value > 0 }.keys))
            }
        }
        // Spread over the file, for neighbours may be alike.
        let step = max(1, judged.count / limit)
        let chosen = Array(stride(from: 0, to: judged.count, by: step).map { judged[$0] }.prefix(limit))
        let reporter = progress.reporter
        var recipe = index.recipe
        if let generator { recipe.setGenerator(generator) }
        var weights = LearnedKeyWeights(alpha: recipe.generative.parameters.alpha)
        for round in 1...rounds {
            recipe.generative.parameters.keyWeights = weights
            let writer = try NGramWriter(index: index, recipe: recipe)
            reporter.begin("writing n-grams, round \(round)", total: chosen.count, unit: "queries")
            let examples = try writer.weightExamples(chosen, depth: depth)
            reporter.advance(chosen.count)
            reporter.end()
            guard !examples.isEmpty else {
                throw TrawlError(
                    .invalidInput, "no query finds a relevant document among its best \(depth)", path: qrels,
                    remedy: "check that queries, judgements and index belong together, or train the generator first")
            }
            let fit = KeyWeightFitter().fit(examples, from: weights)
            weights = fit.weights
            Diagnostics.line(
                String(
                    format: "round %d: %d queries, loss %.4f, then %.4f", round, examples.count, fit.before, fit.after))
        }
        let path = try ModelCatalogue.path(of: recipe.generative.model)
        try LearnedWeightsFile.write(weights, generator: path)
        for (name, value) in zip(LearnedKeyWeights.names, weights.coefficients) {
            Output.line(name.padding(toLength: 16, withPad: " ", startingAt: 0) + String(format: "%8.4f", value))
        }
    }
}
