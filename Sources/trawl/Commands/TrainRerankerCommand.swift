public import ArgumentParser
import Foundation
import TrawlCore
import TrawlEngine
import TrawlEvaluation
import TrawlTensors
public import TrawlTraining
import TrawlWorkbench

struct TrainRerankerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reranker",
        abstract: "Train a cross-encoder on judged queries.",
        discussion: """
            A cross-encoder reads a query and a passage together and scores how well the passage answers the query. A \
            search of the index finds passages for each judged query; the model learns to score the relevant ones \
            above the others. --also adds indexes with judged queries of their own.

            Held-out queries (--hold-out) evaluate the model at intervals, and the best state is saved. The result is a \
            model folder for 'trawl query --reranker', in the layout of transformers and sentence-transformers \
            (with --complete). Ctrl-C ends training early and keeps the best state; --resume continues.

            The losses margin-mse and kl learn the scores of another reranker or system from a run file, such as \
            'trawl eval --reranker MODEL --write-run FILE' writes.

            EXAMPLES
              trawl train reranker scifact --queries queries.jsonl --qrels qrels/train.tsv --minutes 30 --output mine
              trawl train reranker a --queries a.jsonl --qrels a.tsv --also b,b.jsonl,b.tsv --steps 2000 --output ab
              trawl query scifact --reranker mine "does vitamin D prevent falls"
            """)

    @OptionGroup var index: IndexArgument

    @OptionGroup var judged: JudgedIndexOptions

    @Option(
        help: ArgumentHelp("The model to start from: a BERT encoder or a cross-encoder.", valueName: "model"))
    var from = ModelCatalogue.defaultEmbedder
    @Option(help: ArgumentHelp("The new model: a name in Trawl's models folder, or a path.", valueName: "model"))
    var output: String

    @Option(help: ArgumentHelp("How long to train, in minutes.", valueName: "n")) var minutes: Double?
    @Option(
        help: ArgumentHelp(
            "How many steps to train; unlike --minutes, this gives the same model each time.", valueName: "n"))
    var steps: Int?
    @Option(help: ArgumentHelp("The seed of the random numbers.", valueName: "n")) var seed: UInt64 = 1
    @Option(
        help: ArgumentHelp(
            "The highest learning rate of the encoder; that of the head is 10 times as high.", valueName: "rate"))
    var learningRate: Float = 5e-5
    @Option(
        help: ArgumentHelp("How many of the encoder's last layers are trained. (default: all)", valueName: "n"))
    var encoderLayers: Int?

    @Option(
        help: ArgumentHelp(
            "The loss: \(RerankLoss.allCases.map(\.rawValue).joined(separator: ", ")).", valueName: "name"))
    var loss = RerankLoss.listwise
    @Option(help: ArgumentHelp("A TREC run whose scores the losses margin-mse and kl learn.", valueName: "file"))
    var teacher: String?
    @Option(help: ArgumentHelp("How many queries a step has.", valueName: "n")) var queriesPerStep = 8
    @Option(help: ArgumentHelp("How many irrelevant passages are compared with a relevant one.", valueName: "n"))
    var negatives = 7
    @Option(help: ArgumentHelp("The best irrelevant passages of a query, from which these are drawn.", valueName: "n"))
    var hardest = 30
    @Option(
        help: ArgumentHelp(
            "Drop passages without judgement whose score exceeds that of the best relevant one, less this share of it. "
                + "(default: none is dropped)", valueName: "share"))
    var negativeMargin: Double?
    @Option(help: ArgumentHelp("The most tokens of a query and a passage together.", valueName: "n"))
    var maximumTokens = 192
    @Option(
        help: ArgumentHelp(
            "The search that finds passages. (default: hybrid by words and vectors, if the index has both)",
            valueName: "mode"))
    var mode: SearchMode?
    @Option(help: ArgumentHelp("How many passages it finds for a query.", valueName: "n")) var depth = 100
    @Option(help: ArgumentHelp("The most queries of an index to train on.", valueName: "n")) var limit = 3000
    @Option(help: ArgumentHelp("The share of the judged queries that is held out.", valueName: "share"))
    var holdOut = 0.1

    @Option(
        help: ArgumentHelp(
            "Easy queries count more at first, by the first stage's ranking: reciprocal, normalised or kde. "
                + "(default: all count alike)", valueName: "name"))
    var curriculum: RerankCurriculum.Heuristic?
    @Option(help: ArgumentHelp("The examples after which all queries count alike.", valueName: "n"))
    var curriculumSamples = 10_240
    @Flag(help: "Hard queries count more at first: a control.") var antiCurriculum = false
    @Option(
        help: ArgumentHelp(
            "Weigh queries by their loss: \(LossReweighting.Strategy.allCases.map(\.rawValue).joined(separator: ", ")). "
                + "(default: all count alike)", valueName: "name"))
    var reweight: LossReweighting.Strategy?
    @Option(help: ArgumentHelp("How closely these weights stay equal.", valueName: "n")) var reweightStrength = 0.4

    @Flag(help: "Store all weights, also those shared with the base model, so that transformers can load the model.")
    var complete = false
    @Option(help: ArgumentHelp("How weights are stored: f16 or f32.", valueName: "format"))
    var storage: SafetensorsWriter.Storage = .f16
    @Flag(help: "Continue an interrupted training in the output folder.") var resume = false
    @Flag(help: "Replace the model in the output folder.") var force = false

    @OptionGroup var progress: ProgressOptions

    func validate() throws {
        try StandardInput.requireOneReader([
            ("--queries", judged.queries), ("--qrels", judged.qrels), ("--teacher", teacher),
        ])
        try TrainingEnd.validate(minutes: minutes, steps: steps)
        if !(learningRate > 0 && learningRate < 1) { throw ValidationError("--learning-rate must be between 0 and 1") }
        for (name, value, bounds) in [
            ("queries-per-step", queriesPerStep, 1...4096), ("negatives", negatives, 1...1000),
            ("hardest", hardest, 1...10_000), ("maximum-tokens", maximumTokens, 8...8192),
            ("depth", depth, 2...10_000), ("limit", limit, 1...10_000_000),
            ("curriculum-samples", curriculumSamples, 1...1_000_000_000),
            ("encoder-layers", encoderLayers ?? 0, 0...1000),
        ] where !bounds.contains(value) {
            throw ValidationError("--\(name) must be from \(bounds.lowerBound) to \(bounds.upperBound)")
        }
        if let negativeMargin, !(-10...1 ~= negativeMargin) {
            throw ValidationError("--negative-margin must be from -10 to 1")
        }
        if !(0..<1 ~= holdOut) { throw ValidationError("--hold-out must be at least 0 and below 1") }
        if !(reweightStrength > 0 && reweightStrength.isFinite) {
            throw ValidationError("--reweight-strength must be above 0")
        }
    }

    private var objective: RerankerObjective.Settings {
        var settings = RerankerObjective.Settings()
        settings.loss = loss
        settings.rates.layers = encoderLayers
        settings.examples.queriesPerStep = queriesPerStep
        settings.examples.negatives = negatives
        settings.examples.hardest = hardest
        settings.examples.margin = negativeMargin
        settings.examples.maximumTokens = maximumTokens
        settings.curriculum = curriculum.map { heuristic in
            var curriculum = RerankCurriculum(heuristic)
            (curriculum.samples, curriculum.isReversed) = (curriculumSamples, antiCurriculum)
            return curriculum
        }
        return settings
    }

    func run() async throws {
        if loss.needsTeacher != (teacher != nil) {
            throw ValidationError(
                loss.needsTeacher
                    ? "--loss \(loss.rawValue) needs --teacher" : "--teacher has no effect with --loss \(loss.rawValue)"
            )
        }
        let engine = Engine()
        var settings = TrainingSettings()
        (settings.seed, settings.steps, settings.seconds) = (seed, steps, minutes.map { $0 * 60 })
        settings.learningRate.peak = learningRate
        var training = RerankerTraining(output: output, training: settings)
        (training.start, training.objective) = (from, objective)
        training.reweighting = reweight.map { LossReweighting($0, strength: reweightStrength) }
        (training.storage, training.isComplete) = (storage, complete)
        (training.mode, training.depth, training.limit, training.heldOut) = (mode, depth, limit, holdOut)
        (training.resumes, training.replaces) = (resume, force)
        training.teacher = try teacher.map { try Run(path: $0) }
        let judged = try self.judged.read(index.open(engine), engine)
        Interruption.await()
        let outcome = try training.run(
            judged, engine, progress: progress.reporter, cancellation: Interruption.cancellation)
        Interruption.release()
        let gain =
            if let before = outcome.before, let after = outcome.after {
                String(format: "; nDCG@10 of held-out queries %.4f before, %.4f after", before, after)
            } else {
                ""
            }
        Diagnostics.line(
            outcome.done >= 1
                ? "\(outcome.path): trained in \(outcome.steps) steps\(gain)"
                : "\(outcome.path): stopped at \(Int(outcome.done * 100))% after \(outcome.steps) steps\(gain); "
                    + "continue with --resume")
    }
}

extension RerankLoss: ExpressibleByArgument {}
extension RerankCurriculum.Heuristic: ExpressibleByArgument {}
extension LossReweighting.Strategy: ExpressibleByArgument {}
