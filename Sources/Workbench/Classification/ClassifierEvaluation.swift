import Foundation
import TrawlClassification
public import TrawlCore
import TrawlEmbeddings
import TrawlEvaluation
import TrawlTensors

/// How well a classifier labels texts whose labels are known.
public struct ClassifierReport: Encodable, Sendable {
    /// The scores of one label.
    public struct LabelRow: Encodable, Sendable {
        public let label: String
        public let examples: Int
        public let precision: Double
        public let recall: Double
        public let f1: Double
    }

    /// A pair of labels that were taken for each other.
    public struct Confusion: Encodable, Sendable {
        public let label: String
        public let predicted: String
        public let count: Int
    }

    public let head: String
    public let texts: Int
    public let accuracy: Double
    /// The 95% interval of the accuracy, by resampling texts.
    public let accuracyLow: Double?
    public let accuracyHigh: Double?
    /// The mean over labels, of those that occur among the texts or the predictions.
    public let macroF1: Double
    public let weightedF1: Double
    /// The mean of -ln of the probability of the right label; nil where a label is unknown to the classifier.
    public let logLoss: Double?
    /// With a threshold: the share of texts whose probability reaches it, and the accuracy of these.
    public var coverage: Double?
    public var coveredAccuracy: Double?
    public let labels: [LabelRow]
    /// The most frequent first.
    public let confusions: [Confusion]

    enum CodingKeys: String, CodingKey {
        case head, texts, accuracy, labels, confusions, coverage
        case accuracyLow = "accuracy_low"
        case accuracyHigh = "accuracy_high"
        case macroF1 = "macro_f1"
        case weightedF1 = "weighted_f1"
        case logLoss = "log_loss"
        case coveredAccuracy = "covered_accuracy"
    }
}

extension ClassifierUse {
    /// Labels texts whose labels are known, and compares.
    ///
    /// - Parameter threshold: The probability below which a text counts as rejected.
    /// - Throws: `TrawlError` for texts none of whose labels the classifier has, and what reading and embedding throw.
    public func evaluate(
        on source: LabelledSource, threshold: Double? = nil, progress: any ProgressReporter = .silent
    ) throws -> (report: ClassifierReport, confusions: ConfusionMatrix) {
        let data = try read(source, progress)
        let unknown = Classifier.sorted(Set(data.labels).subtracting(classifier.labels))
        guard unknown.count < Set(data.labels).count else {
            throw TrawlError(
                .invalidInput, "the classifier has none of the labels; the first is '\(unknown.first ?? "")'",
                path: source.path,
                remedy: "give texts with its labels, such as \(classifier.labels.prefix(3).joined(separator: ", "))")
        }
        if let first = unknown.first {
            let count = data.labels.count { unknown.contains($0) }
            progress.warn(
                "\(source.path): texts whose label the classifier does not have, which count as wrong: \(count) of "
                    + "\(data.labels.count); the first label is \(first)")
        }
        let tokens =
            classifier.readsTokens
            ? try ClassifierTraining.tokens(of: data.examples.map(\.text), classifier.source, engine) : nil
        let found = try classifier.classify(ClassifierInputs(data.vectors, tokens: tokens))
        let labels = classifier.labels + unknown
        let numbers = Dictionary(uniqueKeysWithValues: labels.enumerated().map { ($1, $0) })
        let targets = data.labels.compactMap { numbers[$0] }
        let predictions = found.map(\.best)
        let scores = ClassificationScores(predictions, targets)
        let right = zip(predictions, targets).map { $0 == $1 ? 1.0 : 0 }
        let interval = Bootstrap(of: [right], samples: 2_000, seed: 1).interval(0)
        let matrix = ConfusionMatrix(labels: labels, predictions: predictions, targets: targets)
        var report = ClassifierReport(
            head: classifier.headKind.rawValue, texts: targets.count, accuracy: scores.accuracy,
            accuracyLow: interval?.low, accuracyHigh: interval?.high, macroF1: scores.f1, weightedF1: scores.weightedF1,
            logLoss: unknown.isEmpty
                ? zip(found, targets).reduce(0) { $0 - log(max($1.0.values[$1.1], 1e-300)) } / Double(targets.count)
                : nil,
            labels: matrix.rows, confusions: matrix.confusions)
        if let threshold {
            let covered = found.indices.filter { found[$0].probability >= threshold }
            report.coverage = Double(covered.count) / Double(targets.count)
            if !covered.isEmpty {
                report.coveredAccuracy = covered.reduce(0) { $0 + right[$1] } / Double(covered.count)
            }
        }
        return (report, matrix)
    }
}
