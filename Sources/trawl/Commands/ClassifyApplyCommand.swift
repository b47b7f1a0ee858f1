import ArgumentParser
import Foundation
import TrawlClassification
import TrawlCore
import TrawlCorpus
import TrawlEngine
import TrawlWorkbench

struct ClassifyApplyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply",
        abstract: "Label texts.",
        discussion: """
            Reads lines of text, or JSON lines with a text field, and prints for each the label and its probability, \
            separated by a tab. A text whose probability is below --threshold, and an empty text, gets the label -.

            EXAMPLES
              echo "my card has not arrived" | trawl classify apply intents.classifier
              trawl classify apply intents.classifier messages.txt --threshold 0.5
              trawl classify apply intents.classifier messages.jsonl --text body --json -k 3
              trawl classify apply intents.classifier messages.txt --explain
            """)

    @Argument(help: "The classifier: a file that 'trawl classify train' wrote.") var classifier: String
    @Argument(help: "The texts; - for standard input. (default: standard input)") var file: String?

    @Option(help: ArgumentHelp("The field of JSON lines that holds the text. (default: text)", valueName: "field"))
    var text: String?
    @Option(
        help: ArgumentHelp("A NumPy .npy file with the vectors of the texts, in place of a model.", valueName: "file"))
    var vectors: String?
    @Option(
        name: [.customShort("k"), .long],
        help: ArgumentHelp("How many labels to print, the most probable first.", valueName: "n"))
    var limit = 1
    @Option(
        help: ArgumentHelp("The least probability of a label; below it a text gets none.", valueName: "probability"))
    var threshold = 0.0
    @Flag(name: [.short, .long], help: "Show the nearest examples as the reason.") var explain = false
    @Flag(help: "Print one JSON object per text.") var json = false

    @OptionGroup var progress: ProgressOptions

    /// How many examples are a reason.
    private static let reasons = 3
    /// Texts are labelled in lots, so that the first answers come early.
    private static let lot = 2_048

    func validate() throws {
        try StandardInput.requireOneReader([("texts", file ?? "-"), ("--vectors", vectors)])
        guard limit >= 1 else { throw ValidationError("--limit must be at least 1") }
        guard 0...1 ~= threshold else { throw ValidationError("--threshold must be from 0 to 1") }
    }

    private struct Labelled: Encodable {
        struct Label: Encodable {
            let label: String
            let probability: Double
        }

        struct Example: Encodable {
            let example: String
            let label: String
            let cosine: Double
            let text: String
        }

        let id: String
        let text: String
        /// nil for a text that was rejected.
        let label: String?
        let probability: Double?
        let labels: [Label]
        let nearest: [Example]?
    }

    func run() async throws {
        let use = try ClassifierUse(path: classifier, Engine())
        let reader =
            text.map { TextReader(fields: FieldMapping(text: [$0])) } ?? TextReader()
        let texts = try reader.read(file ?? "-")
        let lot = vectors == nil ? Self.lot : max(texts.count, 1)
        for start in stride(from: 0, to: texts.count, by: lot) {
            let part = texts[start..<min(start + lot, texts.count)]
            let answers = try use.classify(
                part.map(\.text), vectors: vectors, reasons: explain ? Self.reasons : 0, progress: progress.reporter)
            for (text, answer) in zip(part, answers) { try show(text, answer, use.classifier) }
        }
    }

    private func show(_ text: TextReader.Text, _ answer: ClassifierUse.Answer, _ classifier: Classifier) throws {
        let probabilities = answer.probabilities
        let ranked = (probabilities?.ranked ?? []).prefix(limit).map { number in
            Labelled.Label(label: classifier.labels[number], probability: probabilities?.values[number] ?? 0)
        }
        let isAccepted = ranked.first.map { $0.probability >= threshold } ?? false
        let nearest = answer.nearest.map { found in
            let example = classifier.examples[found.example]
            return Labelled.Example(
                example: example.name, label: classifier.labels[classifier.targets[found.example]],
                cosine: found.cosine, text: example.text)
        }
        if json {
            return try Output.json(
                Labelled(
                    id: text.id, text: text.text, label: isAccepted ? ranked.first?.label : nil,
                    probability: ranked.first?.probability, labels: ranked, nearest: explain ? nearest : nil))
        }
        var fields = ranked.flatMap { [$0.label, String(format: "%.4f", $0.probability)] }
        if !isAccepted {
            if fields.isEmpty { fields = ["-", "0.0000"] } else { fields[0] = "-" }
        }
        Output.line(fields.map(\.visibleLine).joined(separator: "\t"))
        for example in nearest {
            let cosine = String(format: "%.4f", example.cosine)
            let text = example.text.count > 100 ? example.text.prefix(99) + "\u{2026}" : example.text
            Output.line(
                "    \(cosine)  \(example.label.visibleLine)  \(text.visibleLine)  (\(example.example.visibleLine))")
        }
    }
}

struct ClassifyEvalCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "eval",
        abstract: "Evaluate a classifier on labelled texts.",
        discussion: """
            Prints the accuracy with its 95% interval, the mean F1 over labels, the log loss of the probabilities, and \
            the labels that are confused most often.

            EXAMPLES
              trawl classify eval intents.classifier test.tsv
              trawl classify eval intents.classifier test.tsv --plot confusions.svg --threshold 0.7
              trawl classify eval topics.classifier new-notes.trawl --label topic --json
            """)

    @Argument(help: "The classifier: a file that 'trawl classify train' wrote.") var classifier: String
    @Argument(help: "The labelled texts: a file, - for standard input, or an index.") var source: String

    @OptionGroup var labelled: LabelledOptions
    @Option(
        help: ArgumentHelp(
            "Also report the texts whose probability reaches this, and their accuracy.", valueName: "probability"))
    var threshold: Double?
    @Option(help: ArgumentHelp("Write the confusion matrix to this file, as SVG.", valueName: "file"))
    var plot: String?
    @Flag(help: "Print one JSON object, with the scores of each label.") var json = false

    @OptionGroup var progress: ProgressOptions

    func validate() throws {
        try StandardInput.requireOneReader([("SOURCE", source), ("--vectors", labelled.vectors)])
        if let threshold, !(0...1 ~= threshold) { throw ValidationError("--threshold must be from 0 to 1") }
        if plot == "-" { throw ValidationError("--plot - and the scores would both write to standard output") }
    }

    func run() async throws {
        let plot = try plot.map { try OutputFile($0) }
        try plot?.requireNone(of: [classifier, source])
        let engine = Engine()
        let use = try ClassifierUse(path: classifier, engine)
        let (report, matrix) = try use.evaluate(
            on: labelled.source(source, engine), threshold: threshold, progress: progress.reporter)
        try plot?.write(matrix.svg)
        if json { return try Output.json(report) }
        let interval =
            if let low = report.accuracyLow, let high = report.accuracyHigh {
                String(format: " (95%%: %.4f to %.4f)", low, high)
            } else {
                ""
            }
        Output.line("texts     \(report.texts)")
        Output.line(String(format: "accuracy  %.4f", report.accuracy) + interval)
        Output.line(String(format: "macro F1  %.4f", report.macroF1))
        if let loss = report.logLoss { Output.line(String(format: "log loss  %.4f", loss)) }
        if let threshold, let coverage = report.coverage {
            Output.line(
                String(format: "coverage  %.4f at %g", coverage, threshold)
                    + (report.coveredAccuracy.map { String(format: ", accuracy %.4f", $0) } ?? ""))
        }
        for confusion in report.confusions.prefix(5) {
            Output.line(
                "confused  \(confusion.count)  \(confusion.label.visibleLine) -> \(confusion.predicted.visibleLine)")
        }
    }
}
