import ArgumentParser
import Foundation
import TrawlClassification
import TrawlCore
import TrawlEngine
import TrawlEvaluation
import TrawlTensors
import TrawlWorkbench

struct ClassifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "classify",
        abstract: "Train a text classifier on labelled texts or a metadata field, and use it.",
        discussion: """
            EXAMPLES
              trawl classify train intents.tsv --output intents.classifier
              echo "my card has not arrived" | trawl classify apply intents.classifier --explain
              trawl classify eval intents.classifier test.tsv --plot confusions.svg
              trawl classify add intents.classifier corrections.tsv
            """,
        subcommands: [
            ClassifyTrainCommand.self, ClassifyApplyCommand.self, ClassifyEvalCommand.self, ClassifyAddCommand.self,
            ClassifyShowCommand.self,
        ])
}

/// Labelled texts, as the commands of `classify` take them.
struct LabelledOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The field of a file, or of the documents' metadata, that holds the label. (default: label)",
            valueName: "field"))
    var label: String?
    @Option(help: ArgumentHelp("The field of a file that holds the text. (default: text)", valueName: "field"))
    var text: String?
    @Option(
        help: ArgumentHelp(
            "A NumPy .npy file with the vectors of a file's texts, in place of a model.", valueName: "file"))
    var vectors: String?

    /// What `path` names: an index, or else a file.
    func source(_ path: String, _ engine: Engine) throws -> LabelledSource {
        if path != "-", let folder = try indexFolder(path) {
            if text != nil || vectors != nil {
                throw ValidationError(
                    "\(text != nil ? "--text" : "--vectors") has no effect with an index, which has texts and vectors")
            }
            return .index(try engine.open(folder), field: label ?? "label")
        }
        return .file(try LabelledTexts(path: path, text: text, label: label), vectors: vectors)
    }

    /// nil for a file, a pipe or a device.
    private func indexFolder(_ path: String) throws -> String? {
        var isFolder: ObjCBool = false
        let exists = FileManager.default.fileExists(
            atPath: (path as NSString).expandingTildeInPath, isDirectory: &isFolder)
        if exists, !isFolder.boolValue { return nil }
        if let folder = try? IndexCatalogue.path(of: path) { return folder }
        if exists { return try IndexCatalogue.path(of: path) }
        // A name with an ending, or of a path, was meant to be a file.
        if path.contains("/") || path.contains(".") { return nil }
        return try IndexCatalogue.path(of: path)
    }
}

struct ClassifyTrainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train",
        abstract: "Train a classifier.",
        discussion: """
            Texts are embedded, and a head learns the labels of their vectors. SOURCE is a file with a text and a label \
            each (JSON lines, or TSV or CSV that begins with the names of its columns), or an index: its documents are \
            labelled by the metadata field --label, and its vectors are read, not made again.

            Heads:
              centroid  cosine with the mean of each label
              nn        votes of the k nearest examples
              hilbert   votes of all examples, by a power of their distance
              step      mean dot product with the examples of each label
              ridge     least squares with a penalty
              kernel    the same with a Gaussian or arc-cosine kernel; up to 5,000 examples
              logistic  softmax regression
              labels    attention of the labels' descriptions to a text's tokens; works without examples, too
            auto tries them all on examples that are held out, a fifth at a time. Of those whose accuracy is within a \
            standard error of the highest, it takes the one with the lowest log loss. 'labels' is tried where \
            --descriptions is given. The settings of a head, and the temperature that makes \
            probabilities of its scores, are chosen by leaving out one example at a time (logistic, labels: a fifth).

            With --write-examples a language model writes further texts of each label, after its description and some of \
            its examples. Those that the examples agree with are added if held-out examples are labelled clearly better \
            with them (by two standard errors), and are dropped otherwise.

            The file keeps the examples. Training gives the same file each time.

            EXAMPLES
              trawl classify train intents.tsv --output intents.classifier
              trawl classify train tickets.jsonl --text body --label queue --head logistic --output tickets.classifier
              trawl classify train notes.trawl --label topic --output topics.classifier
              trawl classify train --descriptions topics.tsv --output zero-shot.classifier
              trawl classify train few.tsv --write-examples 10 --output intents.classifier
            """)

    @Argument(help: "The labelled texts: a file, - for standard input, or an index.") var source: String?

    @OptionGroup var labelled: LabelledOptions
    @Option(
        name: [.short, .long], help: ArgumentHelp("The classifier: the file to write.", valueName: "file"))
    var output: String
    @Option(
        help: ArgumentHelp(
            "The head: auto, \(HeadKind.allCases.map(\.rawValue).joined(separator: ", ")).", valueName: "name"))
    var head = HeadChoice.auto
    @Option(
        help: ArgumentHelp(
            "Descriptions of the labels: JSON lines, TSV or CSV with label and description. (default: the labels' names)",
            valueName: "file"))
    var descriptions: String?
    @Option(
        help: ArgumentHelp(
            "The embedding model: a name or a path. (default: that of the index, or "
                + "\(ModelCatalogue.defaultEmbedder))", valueName: "model"))
    var model: String?
    @Option(
        help: ArgumentHelp(
            "Text before each text. (default: the model's default prompt, if it has one)", valueName: "text"))
    var prompt: String?
    @Option(
        help: ArgumentHelp(
            "The task, for models that were trained with instructions.", valueName: "text"))
    var instruction: String?
    @Option(
        help: ArgumentHelp(
            "How many texts of each label a language model writes, to be used if they help.", valueName: "n"))
    var writeExamples: Int?
    @Option(help: ArgumentHelp("The language model that writes them: a decoder's name or path.", valueName: "model"))
    var writer = ModelCatalogue.defaultLanguageModel
    @Option(help: "Arithmetic of that model; int8 is faster and slightly less accurate.")
    var precision = Precision.f32
    @Flag(help: "Replace the file.") var force = false
    @Flag(help: "Print the heads as JSON.") var json = false

    @OptionGroup var progress: ProgressOptions

    func validate() throws {
        if source == nil, descriptions == nil { throw ValidationError("give SOURCE or --descriptions") }
        if descriptions != nil, head.kind != nil, head.kind != .labels {
            throw ValidationError("--descriptions has no effect with --head \(head.name)")
        }
        if let writeExamples, !(1...1000 ~= writeExamples) {
            throw ValidationError("--write-examples must be from 1 to 1000")
        }
        try StandardInput.requireOneReader([
            ("SOURCE", source), ("--descriptions", descriptions), ("--vectors", labelled.vectors),
        ])
    }

    func run() async throws {
        try OutputFile(output).requireNone(of: [source, descriptions, labelled.vectors])
        let engine = Engine()
        var training = ClassifierTraining(
            try source.map { try labelled.source($0, engine) }, output: output)
        training.descriptions = try descriptions.map { try LabelDescriptions(path: $0) }
        training.head = head.kind
        training.writing = writeExamples.map { count in
            var writing = ExampleWriting()
            (writing.perLabel, writing.writer, writing.precision) = (count, writer, precision)
            return writing
        }
        (training.model, training.prompt, training.instruction) = (model, prompt, instruction)
        training.replaces = force
        try ClassifierSummary(training.run(engine, progress: progress.reporter)).show(json: json)
    }
}

/// A head, or the best one.
enum HeadChoice: ExpressibleByArgument {
    case auto
    case named(HeadKind)

    init?(argument: String) {
        if argument == "auto" {
            self = .auto
        } else if let kind = HeadKind(rawValue: argument) {
            self = .named(kind)
        } else {
            return nil
        }
    }

    var kind: HeadKind? { if case .named(let kind) = self { kind } else { nil } }
    var name: String { kind?.rawValue ?? "auto" }
    var defaultValueDescription: String { name }
    static var allValueStrings: [String] { ["auto"] + HeadKind.allCases.map(\.rawValue) }
}

struct ClassifyAddCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Add examples to a classifier.",
        discussion: """
            The examples, whose labels may be new, count at once for the heads centroid, nn, hilbert and step. Other \
            heads are fitted again to all examples. Head, settings and temperature stay as 'trawl classify train' chose \
            them. The file is replaced in one step.

            EXAMPLES
              trawl classify add intents.classifier corrections.tsv
              trawl classify add topics.classifier new-notes.trawl --label topic
            """)

    @Argument(help: "The classifier: a file that 'trawl classify train' wrote.") var classifier: String
    @Argument(help: "The labelled texts: a file, - for standard input, or an index.") var source: String

    @OptionGroup var labelled: LabelledOptions
    @OptionGroup var progress: ProgressOptions

    func validate() throws {
        try StandardInput.requireOneReader([("SOURCE", source), ("--vectors", labelled.vectors)])
    }

    func run() async throws {
        let engine = Engine()
        let use = try ClassifierUse(path: classifier, engine)
        let addition = try use.adding(labelled.source(source, engine), progress: progress.reporter)
        try addition.classifier.write(to: classifier)
        guard !progress.quiet else { return }
        let (classifier, labels) = (addition.classifier, addition.newLabels)
        let more = labels.count > 5 ? " and \(labels.count - 5) more" : ""
        let named =
            labels.isEmpty
            ? "" : "; new \(labels.count == 1 ? "label" : "labels"): \(labels.prefix(5).joined(separator: ", "))\(more)"
        let head = classifier.headKind
        let effect =
            if !classifier.learnsFromExamples {
                "has not learned from examples and does not from these; 'trawl classify train' makes one that does"
            } else if head.isFitted {
                "was fitted again to all \(grouped(classifier.examples.count))"
            } else {
                "uses them without training"
            }
        Diagnostics.line(
            "\(self.classifier): added \(counted(addition.examples, "example"))\(named); the head \(head.rawValue) "
                + effect)
    }
}

struct ClassifyShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show what a classifier is.",
        discussion: """
            EXAMPLES
              trawl classify show intents.classifier
            """)

    @Argument(help: "The classifier: a file that 'trawl classify train' wrote.") var classifier: String
    @Flag(help: "Print one JSON object.") var json = false

    func run() async throws { try ClassifierSummary(Classifier(path: classifier)).show(json: json) }
}

/// What is worth showing of a classifier.
struct ClassifierSummary: Encodable {
    let head: String
    let settings: [String: Double]
    let labels: Int
    let examples: Int
    let heldOut: Int
    let calibrated: Bool
    let temperature: Double
    let model: String?
    let dimensions: Int
    let heads: [HeadTrial]
    let writing: WrittenTrial?

    enum CodingKeys: String, CodingKey {
        case head, settings, labels, examples, calibrated, temperature, model, dimensions, heads, writing
        case heldOut = "held_out"
    }

    init(_ classifier: Classifier) {
        head = classifier.headKind.rawValue
        settings = classifier.settings
        (labels, examples) = (classifier.labels.count, classifier.examples.count)
        (heldOut, calibrated) = (classifier.heldOut, classifier.isCalibrated)
        temperature = classifier.temperature
        (model, dimensions) = (classifier.source.model, classifier.source.dimension)
        heads = classifier.trials
        writing = classifier.writing
    }

    func show(json: Bool) throws {
        if json { return try Output.json(self) }
        Output.line(
            ("\(grouped(examples)) examples of \(grouped(labels)) labels; vectors of \(model ?? "a file"), "
                + "\(dimensions) dimensions").visibleLine)
        if heldOut > 0 {
            Output.line("accuracy and log loss of \(grouped(heldOut)) examples, held out in turn:")
        }
        for trial in heads {
            let settings = trial.settings.sorted { $0.key < $1.key }.map { "\($0.key) \(shortest($0.value))" }
            let scores =
                if let accuracy = trial.accuracy, let loss = trial.logLoss {
                    String(format: "%.4f  %7.4f", accuracy, loss)
                } else {
                    "-       -      "
                }
            let mark = trial.head.rawValue == head ? "*" : " "
            let name = trial.head.rawValue.padding(toLength: 9, withPad: " ", startingAt: 0)
            let line = "\(mark) \(name) \(scores)  \(settings.joined(separator: ", "))"
            Output.line(line.trimmingTrailingBlanks.visibleLine)
        }
        if let writing {
            let counts =
                "written examples: \(grouped(writing.trusted)) of \(grouped(writing.written)) agree with the others"
            let accuracies = String(format: "%.4f with them, %.4f without", writing.accuracyWithTexts, writing.accuracy)
            Output.line("\(counts); accuracy \(accuracies): \(writing.isKept ? "" : "not ")used")
        }
    }

    private func shortest(_ value: Double) -> String { String(format: "%g", value) }
}

extension String {
    fileprivate var trimmingTrailingBlanks: String {
        var text = self
        while text.hasSuffix(" ") { text.removeLast() }
        return text
    }
}
