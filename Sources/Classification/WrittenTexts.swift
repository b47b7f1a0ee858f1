import TrawlCore
public import TrawlEmbeddings
import TrawlTensors

/// Texts that a language model wrote for the labels of a classifier.
public struct WrittenTexts: Sendable {
    public let texts: [StoredExample]
    public let vectors: EmbeddingMatrix
    /// The states of their tokens, for the head `labels`.
    public let tokens: TokenStates?
    /// Numbers of labels.
    public let targets: [Int]
    /// The examples of the classifier that the model was shown for each text.
    public let shown: [[Int]]

    public init(
        _ texts: [StoredExample], vectors: EmbeddingMatrix, tokens: TokenStates? = nil, targets: [Int], shown: [[Int]]
    ) {
        precondition([vectors.count, targets.count, shown.count].allSatisfy { $0 == texts.count })
        (self.texts, self.vectors, self.tokens) = (texts, vectors, tokens)
        (self.targets, self.shown) = (targets, shown)
    }
}

/// What written texts are worth on examples that are held out.
public struct WrittenTrial: Codable, Sendable, Equatable {
    /// How many texts were written, and how many of them the examples agree with.
    public let written, trusted: Int
    /// The accuracy of the head without and with them.
    public let accuracy, accuracyWithTexts: Double
    /// Whether the head learned from them.
    public let isKept: Bool

    enum CodingKeys: String, CodingKey {
        case written, trusted, accuracy
        case accuracyWithTexts = "accuracy_with_texts"
        case isKept = "kept"
    }
}

extension Classifier {
    /// The classifier with the texts that can be trusted as further examples, if held-out examples are labelled better with them
    /// by more than two standard errors; else as it is (the switch of CrossTune, arXiv 2403.12468).
    ///
    /// A text is trusted if the mean of its own label's examples is nearest to it, by a margin that is at least the median of such
    /// texts. An example that is held out has no part in this, and texts that were written after it are left out with it.
    /// Head and settings stay.
    ///
    /// - Throws: As `requireHeldOut`; what fitting throws.
    /// - Complexity: eleven fits of the head.
    public func learning(from written: WrittenTexts) throws -> Classifier {
        try requireHeldOut()
        let validation = Validation(fitted)
        let candidates = ClassifierExamples(
            try ClassifierInputs(written.vectors, tokens: written.tokens), written.targets, classes: labels.count)
        var selection = HeadSelection()
        selection.descriptions = (head as? LabelsHead)?.descriptions
        let fit = { (examples: ClassifierExamples) in
            try selection.refit(head.kind, settings: head.settings, examples)
        }
        let before = validation.isRight(try validation.crossValidated(fitted, fit))
        let scores = try validation.crossValidated(
            fitted,
            extending: { rows, examples in
                let seen = Set(rows)
                let own = written.shown.indices.filter { seen.isSuperset(of: written.shown[$0]) }
                return try examples.appending(candidates.chosen(own).trusted(by: examples))
            }, fit)
        let after = validation.isRight(scores)
        let rows = try candidates.trustedRows(by: fitted)
        let trial = WrittenTrial(
            written: written.texts.count, trusted: rows.count, accuracy: before.mean, accuracyWithTexts: after.mean,
            isKept: !rows.isEmpty && Self.isGain(zip(after, before).map { $0 - $1 }))
        guard trial.isKept else {
            return Classifier(
                labels: labels, descriptions: descriptions, source: source, examples: examples, vectors: vectors,
                fitted: fitted, trials: trials, heldOut: heldOut, temperature: temperature,
                isCalibrated: isCalibrated, writing: trial, head: head)
        }
        let all = try fitted.appending(candidates.chosen(rows))
        let dimension = source.dimension
        let added = rows.flatMap { written.vectors.values[$0 * dimension..<($0 + 1) * dimension] }
        return Classifier(
            labels: labels, descriptions: descriptions, source: source,
            examples: examples + rows.map { written.texts[$0] },
            vectors: EmbeddingMatrix(
                count: vectors.count + rows.count, dimension: dimension, values: vectors.values + added),
            fitted: all, trials: trials, heldOut: heldOut,
            temperature: Calibration(scores, validation.targets).temperature, isCalibrated: true, writing: trial,
            head: try fit(all))
    }

    /// - Throws: `TrawlError.invalidInput` where no label has two examples, so that none can be held out.
    public func requireHeldOut() throws {
        guard counts.contains(where: { $0 > 1 }) else {
            throw TrawlError(
                .invalidInput, "no label has two examples, so that nothing can tell what written texts are worth",
                remedy: "give more examples, or let none be written")
        }
    }

    /// Whether the mean of differences exceeds two standard errors, which chance does once in forty times.
    private static func isGain(_ differences: [Double]) -> Bool {
        let (count, mean) = (Double(differences.count), differences.mean)
        let variance = differences.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / max(1, count - 1)
        return mean > 2 * (variance / count).squareRoot()
    }
}

extension ClassifierExamples {
    /// Those that `examples` agree with.
    func trusted(by examples: ClassifierExamples) throws -> ClassifierExamples {
        try chosen(trustedRows(by: examples))
    }

    /// The rows to which the mean of their own class among `examples` is nearest, by a margin of at least the median.
    func trustedRows(by examples: ClassifierExamples) throws -> [Int] {
        let cosines = try MeanHead(kind: .centroid).scores(of: inputs, examples)
        let margins = targets.enumerated().map { row, target -> Double in
            guard examples.counts[target] > 0 else { return 0 }
            let others = (0..<classes).filter { $0 != target }.map { cosines[row, $0] }
            return cosines[row, target] - (others.max() ?? 0)
        }
        let positive = margins.filter { $0 > 0 }.sorted()
        guard !positive.isEmpty else { return [] }
        let median = positive[positive.count / 2]
        return margins.indices.filter { margins[$0] >= median }
    }
}

extension Validation {
    /// 1 for each row whose class has the greatest score, else 0.
    fileprivate func isRight(_ scores: Matrix<Double>) -> [Double] {
        targets.enumerated().map { scores.greatest($0) == $1 ? 1 : 0 }
    }
}

extension [Double] {
    fileprivate var mean: Double { reduce(0, +) / Double(Swift.max(1, count)) }
}
