import ArgumentParser
import Foundation
import TrawlCore
import TrawlEngine
import TrawlEvaluation
import TrawlTensors
import TrawlTraining
import TrawlWorkbench

struct TrainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train",
        abstract: "Train models, fit searches to judged queries, or write queries to train on.",
        subcommands: [
            TrainGeneratorCommand.self, TrainRerankerCommand.self, TrainEmbedderCommand.self, TrainWeightsCommand.self,
            TrainFusionCommand.self, TrainQueryAdapterCommand.self, TrainSensesCommand.self, TrainQueriesCommand.self,
            TrainInspectCommand.self,
        ])
}

struct TrainGeneratorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "generator",
        abstract: "Train a generator on an index.",
        discussion: """
            The model learns to generate spans of relevant passages for a query. Queries are judged queries, if given, \
            and titles and sentences of the corpus. A BERT encoder (--from all-MiniLM-L6-v2) becomes an \
            encoder-decoder. A decoder of the Llama family (--from smollm2-135m-instruct, for an index built with its \
            tokenizer) gets low-rank adapters (LoRA), and only these are trained.

            Later in the training it also learns from its own n-grams: n-grams of relevant passages become targets \
            (--sample-share), and a ranking loss scores relevant passages above others (--ranking-weight).

            Held-out queries (--hold-out) evaluate the generator at intervals, and the best state is saved. At the end \
            the weights of n-grams are fitted to them. They must not be pseudo-queries of the index.

            The result is a model folder for 'trawl query --generator' and recipes. Ctrl-C ends training early and \
            keeps the best state; --resume continues.

            EXAMPLES
              trawl train generator notes --minutes 30 --output notes-generator
              trawl train generator scifact --queries queries.jsonl --qrels qrels/train.tsv --minutes 60 --output mine
              trawl train generator smol --from smollm2-135m-instruct --spans-per-source 8 --minutes 60 --output smol-mine
              trawl query scifact --mode generative --generator mine "does vitamin D prevent falls"
            """)

    @OptionGroup var index: IndexArgument

    @Option(help: ArgumentHelp("The queries: JSON lines (BEIR) or TSV (id, text).", valueName: "file"))
    var queries: String?
    @Option(
        help: ArgumentHelp(
            "The relevance judgements of these queries: BEIR TSV or TREC qrels.", valueName: "file"))
    var qrels: String?

    @Option(
        help: ArgumentHelp(
            "The model to start from: encoder-decoder, BERT encoder or decoder. (default: the index's generator)",
            valueName: "model"))
    var from: String?
    @OptionGroup var training: TrainingRunFlags

    @Option(
        help: ArgumentHelp(
            "The highest learning rate, of the cross-attention or of a decoder's adapters.", valueName: "rate"))
    var learningRate: Float = 6e-4
    @Option(
        help: ArgumentHelp(
            "A trained generator whose gradients give the learning-rate schedule. (default: linear decay)",
            valueName: "model"))
    var scheduleFrom: String?

    @Option(
        help: ArgumentHelp(
            "How many of the encoder's last layers are trained too; 0 freezes the encoder.", valueName: "n"))
    var encoderLayers = 0
    @Option(
        help: ArgumentHelp(
            "The rank of a decoder's adapters. (default: that of existing adapters, or 16)", valueName: "n"))
    var rank: Int?

    @Option(
        help: ArgumentHelp(
            "The last document that the generator was trained on before; documents after it are new.",
            valueName: "document"))
    var newAfter: String?
    @Option(
        help: ArgumentHelp(
            "With --new-after, the share of sources from earlier documents, against forgetting. (default: 0.25)",
            valueName: "share"))
    var replayShare: Double?
    @Option(
        help: ArgumentHelp(
            "Update the decoder's other parts than the cross-attention only every n steps, by the sum of their gradients.",
            valueName: "n"))
    var decoderInterval = 1
    @Option(
        help: ArgumentHelp("Update the encoder's trained layers only every n steps, likewise.", valueName: "n"))
    var encoderInterval = 1
    @Option(
        help: ArgumentHelp(
            "The strength of a pull towards the weights before the training; 0 for none.", valueName: "n"))
    var anchor: Float = 0

    @Option(help: ArgumentHelp("How many sources (queries, sentences or titles) a step has.", valueName: "n"))
    var sourcesPerStep = 24
    @Option(help: ArgumentHelp("How many target spans a source has.", valueName: "n")) var spansPerSource = 4
    @Option(help: ArgumentHelp("The share of sources that are sentences of the corpus.", valueName: "share"))
    var sentenceShare = 0.4
    @Option(help: ArgumentHelp("The share of sources that are titles.", valueName: "share")) var titleShare = 0.2
    @Option(help: ArgumentHelp("The share of sources that are judged queries.", valueName: "share"))
    var queryShare = 0.4
    @Option(
        help: ArgumentHelp(
            "The share of judged queries that is held out, to evaluate the generator and to fit weights.",
            valueName: "share"))
    var holdOut = 0.12

    @Option(
        help: ArgumentHelp(
            "How many rounds of its own n-grams the generator learns from. (default: 3 with queries, 0 without)",
            valueName: "n"))
    var selfSamples: Int?
    @Option(
        help: ArgumentHelp(
            "The share of the training before the first round; the other rounds divide the rest evenly.",
            valueName: "share"))
    var samplingStart = 0.4
    @Option(help: ArgumentHelp("The share of sources that then learn from such n-grams.", valueName: "share"))
    var sampleShare = 0.2
    @Option(help: ArgumentHelp("The weight of the ranking loss of such n-grams; 0 for none.", valueName: "n"))
    var rankingWeight: Float = 1

    @Option(
        help: ArgumentHelp(
            "Weigh the spans of a source by their probability to the power of N (beta-MML), above 0 and at most 1, so that "
                + "likely ones are learnt most. (default: all spans count alike)", valueName: "n"))
    var betaMml: Double?
    @OptionGroup var weighting: ReweightingFlags
    @OptionGroup var pacing: PacingFlags
    @Option(
        help: ArgumentHelp(
            "Let spans grow from 4 tokens to 10 by a function of the time: \(PacingFlags.shapes). (default: 10 tokens)",
            valueName: "name"))
    var spanPacing: Pacing.Shape?

    @OptionGroup var progress: ProgressOptions

    func validate() throws {
        try StandardInput.requireOneReader([("--queries", queries), ("--qrels", qrels)])
        if scheduleFrom == training.output {
            throw ValidationError("--schedule-from must be another generator than --output")
        }
        if !(learningRate > 0 && learningRate < 1) { throw ValidationError("--learning-rate must be between 0 and 1") }
        if !(0...1000).contains(encoderLayers) { throw ValidationError("--encoder-layers must be from 0 to 1000") }
        if let rank, !(1...1024).contains(rank) { throw ValidationError("--rank must be between 1 and 1024") }
        for (name, value) in [
            ("sources-per-step", sourcesPerStep), ("spans-per-source", spansPerSource),
            ("decoder-interval", decoderInterval), ("encoder-interval", encoderInterval),
        ] where !(1...4096).contains(value) {
            throw ValidationError("--\(name) must be from 1 to 4096")
        }
        for (name, value) in [("hold-out", holdOut), ("sampling-start", samplingStart)] where !(0..<1).contains(value) {
            throw ValidationError("--\(name) must be at least 0 and below 1")
        }
        if let replayShare, !(0...1).contains(replayShare) {
            throw ValidationError("--replay-share must be from 0 to 1")
        }
        if !(anchor >= 0 && anchor.isFinite) { throw ValidationError("--anchor must be at least 0") }
        if let selfSamples, !(0...1000).contains(selfSamples) {
            throw ValidationError("--self-samples must be from 0 to 1000")
        }
        if !(0...1).contains(sampleShare) { throw ValidationError("--sample-share must be from 0 to 1") }
        if !(rankingWeight >= 0 && rankingWeight.isFinite) {
            throw ValidationError("--ranking-weight must be at least 0")
        }
        if let betaMml, !(betaMml > 0 && betaMml <= 1) {
            throw ValidationError("--beta-mml must be above 0 and at most 1")
        }
        for share in [sentenceShare, titleShare, queryShare] where !(share >= 0 && share.isFinite) {
            throw ValidationError("shares must be at least 0")
        }
    }

    private func settings() throws -> TrainingSettings {
        var settings = training.settings(learningRate: learningRate)
        settings.optimiser.anchor = anchor
        settings.learningRate.schedule = try scheduleFrom.map {
            try RefinedSchedule.schedule(ofTrainingIn: ModelCatalogue.path(of: $0))
        }
        return settings
    }

    private var objective: GeneratorObjective.Settings {
        var settings = GeneratorObjective.Settings()
        settings.rates.encoder = encoderLayers > 0 ? 1.0 / 6 : 0
        settings.rates.encoderLayers = encoderLayers
        (settings.rates.decoderInterval, settings.rates.encoderInterval) = (decoderInterval, encoderInterval)
        if let replayShare { settings.examples.replayShare = replayShare }
        settings.examples.sourcesPerStep = sourcesPerStep
        settings.examples.spansPerSource = spansPerSource
        settings.examples.queryShare = queryShare
        settings.examples.sentenceShare = sentenceShare
        settings.examples.titleShare = titleShare
        settings.examples.spanPacing = spanPacing.map { Pacing($0) }
        settings.spanExponent = betaMml
        let isUsed = sampleShare > 0 || rankingWeight > 0
        // What titles teach is not known well enough to learn from them unasked.
        let rounds = isUsed ? selfSamples ?? (queries == nil ? 0 : 3) : 0
        settings.examples.samples.rounds = (0..<rounds).map {
            samplingStart + (1 - samplingStart) * Double($0) / Double(rounds)
        }
        settings.examples.samples.share = sampleShare
        settings.examples.samples.rankingWeight = rankingWeight
        return settings
    }

    func run() async throws {
        let engine = Engine()
        var training = GeneratorTraining(output: self.training.output, training: try settings())
        (training.start, training.objective, training.rank) = (from, objective, rank)
        training.newAfter = newAfter.map { DocumentID($0) }
        (training.reweighting, training.pacing) = (weighting.reweighting, pacing.value)
        (training.storage, training.isComplete) = (self.training.storage, self.training.complete)
        (training.heldOut, training.resumes, training.replaces) = (holdOut, self.training.resume, self.training.force)
        if let queries, let qrels {
            let judged = try JudgedQueries(queries: queries, qrels: qrels)
            (training.queries, training.qrels) = (judged.queries, judged.qrels)
        }
        Interruption.await()
        let outcome: TrainingOutcome
        do {
            outcome = try training.run(
                index.open(engine), engine, progress: progress.reporter, cancellation: Interruption.cancellation)
        } catch let error as TrawlError where error.code == .invalidInput && qrels != nil {
            throw error.at(path: qrels ?? "")
        }
        Interruption.release()
        Diagnostics.show(outcome)
    }
}
