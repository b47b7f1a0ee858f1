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
        abstract: "Train a reranker on judged queries.",
        discussion: """
            A reranker reads a query and a passage together and scores how well the passage answers the query. A \
            search of the index finds passages for each judged query; the model learns to score the relevant ones \
            above the others. --also adds indexes with judged queries of their own.

            --architecture conv-knrm trains a small model that compares the n-grams of both texts by their vectors. \
            It learns in minutes, and scores a passage in a millisecond or two.

            Held-out queries (--hold-out) evaluate the model at intervals, and the best state is saved with \
            the weight that searches give its scores. The result is a model folder for 'trawl query --reranker'; that of a \
            cross-encoder is in the layout of transformers and sentence-transformers (with --complete). Ctrl-C ends training early and keeps the best state; --resume continues.

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
        help: ArgumentHelp(
            "What is trained: \(RerankerTraining.Architecture.allCases.map(\.rawValue).joined(separator: " or ")).",
            valueName: "name"))
    var architecture = RerankerTraining.Architecture.crossEncoder
    @Option(
        help: ArgumentHelp(
            "The model to start from: a BERT encoder, or a model of the architecture.", valueName: "model"))
    var from = ModelCatalogue.defaultEmbedder
    @OptionGroup var training: TrainingRunFlags
    @Option(
        help: ArgumentHelp(
            "The highest learning rate; that of a cross-encoder's head is 10 times as high. "
                + "(default: 5e-5 for cross-encoder, 1e-3 for conv-knrm)", valueName: "rate"))
    var learningRate: Float?
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
    @OptionGroup var candidates: CandidateFlags

    @Option(
        help: ArgumentHelp(
            "Easy queries count more at first, by the first stage's ranking: reciprocal, normalised or kde. "
                + "(default: all count alike)", valueName: "name"))
    var curriculum: RerankCurriculum.Heuristic?
    @Option(help: ArgumentHelp("The examples after which all queries count alike.", valueName: "n"))
    var curriculumSamples = 10_240
    @Flag(help: "Hard queries count more at first: a control.") var antiCurriculum = false
    @OptionGroup var weighting: ReweightingFlags
    @OptionGroup var pacing: PacingFlags

    @OptionGroup var progress: ProgressOptions

    func validate() throws {
        try StandardInput.requireOneReader([
            ("--queries", judged.queries), ("--qrels", judged.qrels), ("--teacher", teacher),
        ])
        if let learningRate, !(learningRate > 0 && learningRate < 1) {
            throw ValidationError("--learning-rate must be between 0 and 1")
        }
        for (name, value, bounds) in [
            ("queries-per-step", queriesPerStep, 1...4096), ("negatives", negatives, 1...1000),
            ("hardest", hardest, 1...10_000), ("maximum-tokens", maximumTokens, 8...8192),

            ("curriculum-samples", curriculumSamples, 1...1_000_000_000),
            ("encoder-layers", encoderLayers ?? 0, 0...1000),
        ] where !bounds.contains(value) {
            throw ValidationError("--\(name) must be from \(bounds.lowerBound) to \(bounds.upperBound)")
        }
        if negatives > hardest {
            throw ValidationError("--negatives must be at most --hardest (\(hardest)), of which they are drawn")
        }
        if let negativeMargin, !(-10...1 ~= negativeMargin) {
            throw ValidationError("--negative-margin must be from -10 to 1")
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
        var training = RerankerTraining(
            output: self.training.output,
            training: self.training.settings(
                learningRate: learningRate ?? (architecture == .crossEncoder ? 5e-5 : 1e-3)))
        (training.architecture, training.start, training.objective) = (architecture, from, objective)
        (training.reweighting, training.pacing) = (weighting.reweighting, pacing.value)
        (training.storage, training.isComplete) = (self.training.storage, self.training.complete)
        training.candidates = try candidates.search(teacher: teacher)
        (training.resumes, training.replaces) = (self.training.resume, self.training.force)
        let judged = try self.judged.read(index.open(engine), engine)
        Interruption.await()
        let outcome = try training.run(
            judged, engine, progress: progress.reporter, cancellation: Interruption.cancellation)
        Interruption.release()
        Diagnostics.show(outcome)
    }
}

extension RerankerTraining.Architecture: ExpressibleByArgument {}
extension RerankLoss: ExpressibleByArgument {}
extension RerankCurriculum.Heuristic: ExpressibleByArgument {}
