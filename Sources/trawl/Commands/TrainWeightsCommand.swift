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
            The weight of an n-gram is a learned function of its probability, its rarity, its origin (the query or the \
            generator) and its words, fitted so that relevant passages rank first. The fit is averaged with general \
            weights, which count as much as --prior-queries queries; for a generator trained on the corpus, 0 is better \
            in hybrid search. Use queries that the generator was not trained on. Searches use the weights unless \
            --seal-weights is given.

            Without --generator the weights become a default of the index. With it they are stored in that model's \
            folder, as key_weights.json, for all indexes that are searched with it. --also adds indexes with the same \
            tokenizer, each with equal weight, so that the weights generalise to other corpora. Existing weights are \
            replaced only with --force.

            EXAMPLES
              trawl train weights scifact --queries queries.jsonl --qrels qrels/dev.tsv
              trawl train weights scifact --generator scifact-generator --queries queries.jsonl --qrels qrels/dev.tsv
            """)

    @OptionGroup var index: IndexArgument

    @OptionGroup var judged: JudgedIndexOptions

    @Option(
        help: ArgumentHelp(
            "The generator, in whose folder the weights are stored. (default: the index's; stored in the index)",
            valueName: "model"))
    var generator: String?

    @Option(help: ArgumentHelp("The most queries to fit to per index.", valueName: "n")) var limit = 300

    @Option(help: ArgumentHelp("How many passages per query are compared.", valueName: "n")) var depth = 100

    @Option(
        help: ArgumentHelp("How often n-grams are matched again with the weights found so far.", valueName: "n"))
    var rounds = 2

    @Option(
        help: ArgumentHelp(
            "How many queries the general weights count as in the average; 0 leaves them out.", valueName: "n"))
    var priorQueries = 100

    @Flag(help: "Replace existing weights.") var force = false

    @OptionGroup var progress: ProgressOptions

    func validate() throws {
        for (name, value, most) in [("limit", limit, 1_000_000), ("depth", depth, 10_000), ("rounds", rounds, 100)]
        where !(1...most ~= value) {
            throw ValidationError("--\(name) must be from 1 to \(most)")
        }
        if !(0...1_000_000_000 ~= priorQueries) {
            throw ValidationError("--prior-queries must be from 0 to 1000000000")
        }
    }

    func run() async throws {
        let engine = Engine()
        let index = try self.index.open(engine)
        try requireNoWeights(in: index)
        var settings = index.settings
        let ownGenerator = settings.generative.generator ?? index.recipe.generative.model
        var fit = KeyWeightFit(generator: generator ?? ownGenerator)
        (fit.depth, fit.rounds, fit.priorQueries) = (depth, rounds, priorQueries)
        let judged = try self.judged.read(index, engine).map {
            KeyWeightFit.Judged($0.index, $0.queries.spread(limit).entries)
        }
        let weights = try fit.weights(judged, engine, progress: progress.reporter)
        if let generator {
            try LearnedWeightsFile.write(weights, generator: ModelCatalogue.path(of: generator))
        } else {
            settings.generative.parameters.keyWeights = weights
            try engine.setDefaults(settings, of: index.path)
        }
        for (name, value) in weights.named {
            Output.line(name.padding(toLength: 16, withPad: " ", startingAt: 0) + String(format: "%8.4f", value))
        }
    }

    /// - Throws: `TrawlError` for weights that would be lost, and where none can be written.
    private func requireNoWeights(in index: SearchIndex) throws {
        var path = index.path
        var isThere = index.settings.generative.parameters.keyWeights != nil
        if let generator {
            path = try LearnedWeightsFile.path(generator: ModelCatalogue.path(of: generator))
            _ = try OutputFile(path)
            isThere = FileManager.default.fileExists(atPath: path)
        } else {
            try OutputFolder.check(path)
        }
        guard isThere, !force else { return }
        throw TrawlError(
            .invalidInput, "weights of n-grams were fitted before", path: path,
            remedy: "keep them, or fit weights for another index or generator", topic: .replacement)
    }
}
