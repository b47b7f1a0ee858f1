public import ArgumentParser
import Foundation
import TrawlCore
import TrawlEngine
import TrawlEvaluation
import TrawlTensors
public import TrawlTraining
import TrawlWorkbench

struct TrainEmbedderCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "embedder",
        abstract: "Train an embedding model on judged queries.",
        discussion: """
            A search of the index finds passages for each judged query. The model learns to embed queries nearer to \
            relevant passages than to all other passages of a step, and to weigh a query's passages as that search does \
            (--label-weight). Low-rank adapters are trained and merged into the weights; --rank 0 trains the layers \
            themselves. Passages that score nearly as high as a relevant one are not taken as irrelevant \
            (--negative-margin). --also adds indexes with judged queries of their own. Queries that 'trawl train \
            queries' wrote serve where nobody judged.

            --late trains a model for late interaction (ColBERT), which gives each token a vector of --late-dimension \
            values: for 'trawl index --late-model' and '--rerank late=MODEL'. It begins with any BERT encoder, and the \
            result is in the layout of PyLate.

            From a decoder, adapters alone are trained and stored, in the layout of peft; sentence-transformers loads them \
            where --complete was given. --instruction states the task before queries. --examples-shown puts examples \
            before queries in training, so that 'trawl query --examples' may help.

            Held-out queries (--hold-out) evaluate the model at intervals, and the best state is saved. The result is a \
            model folder in the layout of sentence-transformers (which needs --complete to load it), for indexes that \
            are built with it. Ctrl-C ends training early and keeps the best state; --resume continues.

            EXAMPLES
              trawl train embedder scifact --queries queries.jsonl --qrels qrels/train.tsv --minutes 30 --output mine
              trawl train embedder notes --queries notes-queries/queries.jsonl --qrels notes-queries/qrels.tsv --steps 200 \\
                  --output notes-embedder
              trawl index corpus.jsonl --embedder mine --output scifact-mine
              trawl train embedder scifact --queries queries.jsonl --qrels qrels/train.tsv --minutes 30 --late \\
                  --output mine-late
              trawl query scifact --rerank late=mine-late:50 "does vitamin D prevent falls"
            """)

    @OptionGroup var index: IndexArgument

    @OptionGroup var judged: JudgedIndexOptions

    @Option(
        help: ArgumentHelp(
            "The model to start from: a BERT encoder with mean or CLS pooling, or a decoder like Qwen3-Embedding. "
                + "(default: the index's embedding model)", valueName: "model"))
    var from: String?
    @OptionGroup var training: TrainingRunFlags
    @Option(
        help: ArgumentHelp(
            "The task to state before queries, for decoders and models made for instructions; the new model keeps it.",
            valueName: "text"))
    var instruction: String?
    @Option(
        help: ArgumentHelp(
            "The most examples (other queries of the step, each with a relevant passage) before a query in training, for "
                + "models that read examples. (default: 0)", valueName: "n"))
    var examplesShown: Int?
    @Flag(help: "Train one vector per token, for late interaction.") var late = false
    @Option(
        help: ArgumentHelp(
            "The length of a token's vector. (default: that of the starting model, or of its states)", valueName: "n"))
    var lateDimension: Int?
    @Option(
        help: ArgumentHelp(
            "The highest learning rate. (default: 3e-4 for adapters, 2e-5 for layers)", valueName: "rate"))
    var learningRate: Float?
    @Option(
        help: ArgumentHelp("The rank of the low-rank adapters; 0 trains the layers themselves.", valueName: "n"))
    var rank = 16
    @Option(
        help: ArgumentHelp("How many of the last layers are trained. (default: all)", valueName: "n"))
    var encoderLayers: Int?

    @Option(help: ArgumentHelp("How many queries a step has.", valueName: "n")) var queriesPerStep = 32
    @Option(help: ArgumentHelp("How many irrelevant passages of its own a query has.", valueName: "n"))
    var negatives = 2
    @Option(help: ArgumentHelp("The best irrelevant passages of a query, from which these are drawn.", valueName: "n"))
    var hardest = 30
    @Option(
        help: ArgumentHelp(
            "Drop passages without judgement whose score exceeds that of the best relevant one, less this share of it.",
            valueName: "share"))
    var negativeMargin = 0.05
    @Flag(
        help: "Also compare with passages of other queries that the starting model prefers to the relevant one.")
    var unguided = false
    @Option(
        help: ArgumentHelp(
            "What similarities are divided by in the loss. (default: 0.05, with --late 1)", valueName: "n"))
    var temperature: Float?
    @Option(
        help: ArgumentHelp(
            "The weight of learning the search's own scores of a query's passages; 0 for none.", valueName: "n"))
    var labelWeight: Float = 0.3
    @Option(help: ArgumentHelp("The most tokens of a query or a passage in training.", valueName: "n"))
    var maximumTokens = 128
    @Option(
        help: ArgumentHelp(
            "The most tokens computed at once: more take more memory, and steps that fit are a third faster. (default: "
                + "4096, for decoders 384)", valueName: "n"))
    var tokensAtOnce: Int?
    @Option(help: ArgumentHelp("A TREC run whose scores are learnt in place of the search's.", valueName: "file"))
    var teacher: String?
    @Option(
        help: ArgumentHelp(
            "Pairs of texts with similarities to learn first: JSON lines, TSV or CSV with score, sentence1, sentence2.",
            valueName: "file"))
    var sts: String?
    @OptionGroup var candidates: CandidateFlags

    @OptionGroup var weighting: ReweightingFlags
    @OptionGroup var pacing: PacingFlags
    @Option(
        help: ArgumentHelp(
            "Draw queries in an order: angle, from passages whose token states point the same way to others, as fast as "
                + "the model learns. (default: each query has its turn)", valueName: "name"))
    var order: EmbedderExamples.Order?

    @OptionGroup var progress: ProgressOptions

    func validate() throws {
        try StandardInput.requireOneReader([
            ("--queries", judged.queries), ("--qrels", judged.qrels), ("--teacher", teacher), ("--sts", sts),
        ])
        if let learningRate, !(learningRate > 0 && learningRate < 1) {
            throw ValidationError("--learning-rate must be between 0 and 1")
        }
        for (name, value, bounds) in [
            ("queries-per-step", queriesPerStep, 1...4096), ("negatives", negatives, 1...1000),
            ("hardest", hardest, 1...10_000), ("maximum-tokens", maximumTokens, 8...8192),
            ("rank", rank, 0...1024),
            ("tokens-at-once", tokensAtOnce ?? 1, 1...1_000_000), ("examples-shown", examplesShown ?? 0, 0...64),
            ("encoder-layers", encoderLayers ?? 1, 1...1000), ("late-dimension", lateDimension ?? 1, 1...65_536),
        ] where !bounds.contains(value) {
            throw ValidationError("--\(name) must be from \(bounds.lowerBound) to \(bounds.upperBound)")
        }
        if negatives > hardest {
            throw ValidationError("--negatives must be at most --hardest (\(hardest)), of which they are drawn")
        }
        if !(-10...1 ~= negativeMargin) { throw ValidationError("--negative-margin must be from -10 to 1") }
        if let temperature, !(temperature >= 1e-3 && temperature <= 1000) {
            throw ValidationError("--temperature must be from 0.001 to 1000")
        }
        if !(labelWeight >= 0 && labelWeight <= 1000) { throw ValidationError("--label-weight must be from 0 to 1000") }
    }

    private var objective: EmbedderObjective.Settings {
        var settings = EmbedderObjective.Settings()
        settings.adaptation.adapters = nil
        if rank > 0 {
            var adapters = LowRankSettings()
            (adapters.rank, adapters.alpha) = (rank, 2 * Float(rank))
            settings.adaptation.adapters = adapters
        }
        settings.adaptation.layers = encoderLayers
        // A sum over about twenty tokens spreads as much as a cosine over 0.05.
        (settings.temperature, settings.softWeight) = (temperature ?? (late ? 1 : 0.05), labelWeight)
        settings.examples.queriesPerStep = queriesPerStep
        settings.examples.negatives = negatives
        settings.examples.hardest = hardest
        settings.examples.margin = negativeMargin
        settings.examples.isGuided = !unguided
        settings.examples.order = order
        settings.examples.maximumTokens = maximumTokens
        settings.examples.shown = examplesShown
        return settings
    }

    func run() async throws {
        let engine = Engine()
        var settings = self.training.settings(learningRate: learningRate ?? (rank > 0 ? 3e-4 : 2e-5))
        settings.learningRate.warmUp = 0.1
        var training = EmbedderTraining(output: self.training.output, training: settings)
        (training.start, training.objective) = (from, objective)
        training.instruction = instruction
        if late { training.vectors = .ofTokens(dimension: lateDimension) }
        (training.reweighting, training.pacing) = (weighting.reweighting, pacing.value)
        (training.storage, training.isComplete) = (self.training.storage, self.training.complete)
        training.candidates = try candidates.search(teacher: teacher)
        (training.resumes, training.replaces) = (self.training.resume, self.training.force)
        training.tokensAtOnce = tokensAtOnce
        training.pairs = try sts.map { try ScoredPairs(path: $0) }
        let judged = try self.judged.read(index.open(engine), engine)
        Interruption.await()
        let outcome = try training.run(
            judged, engine, progress: progress.reporter, cancellation: Interruption.cancellation)
        Interruption.release()
        Diagnostics.show(outcome)
    }
}

extension EmbedderExamples.Order: ExpressibleByArgument {}
