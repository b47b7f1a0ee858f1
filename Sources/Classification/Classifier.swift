public import TrawlCore
public import TrawlEmbeddings
import TrawlTensors

/// The model and the prompt that a classifier's vectors were made with.
public struct VectorSource: Codable, Equatable, Sendable {
    /// The name or path of the embedding model; nil for vectors that were given.
    public let model: String?
    /// What identifies its vectors: see `TextEmbedder.digest`.
    public let digest: String?
    public let dimension: Int
    /// What stands around each text.
    public let prefix, suffix: String

    public init(model: String, _ embedder: TextEmbedder, _ prompt: EmbeddingPrompt) {
        self.model = model
        digest = embedder.digest
        dimension = embedder.dimension
        (prefix, suffix) = (prompt.prefix, prompt.suffix)
    }

    /// Vectors that were given.
    public init(dimension: Int) {
        (model, digest, prefix, suffix) = (nil, nil, "", "")
        self.dimension = dimension
    }

    public var prompt: EmbeddingPrompt { EmbeddingPrompt(prefix: prefix, suffix: suffix) }

    /// - Throws: `TrawlError.incompatible` for vectors that were made otherwise.
    public func require(_ other: VectorSource, _ what: String, path: String? = nil) throws(TrawlError) {
        guard digest == nil || other.digest == nil || digest == other.digest else {
            throw TrawlError(
                .incompatible,
                "\(what) has vectors of another embedding model (\(other.model ?? "?"), \(other.digest?.prefix(12) ?? "")); "
                    + "the classifier reads those of \(model ?? "?") (\(digest?.prefix(12) ?? ""))",
                path: path, remedy: "use the same model, or train the classifier again")
        }
        guard dimension == other.dimension else {
            throw TrawlError(
                .incompatible,
                "\(what) has vectors of \(other.dimension) dimensions; the classifier reads \(dimension)",
                path: path, remedy: "use vectors of the model that the classifier was trained with")
        }
        guard digest == nil || other.digest == nil || (prefix, suffix) == (other.prefix, other.suffix) else {
            throw TrawlError(
                .incompatible,
                "\(what) was embedded with the prompt \"\(other.prefix)\"; the classifier reads \"\(prefix)\"",
                path: path, remedy: "use the same prompt, or train the classifier again")
        }
    }
}

/// An example as a classifier keeps it, to name it as a reason.
public struct StoredExample: Codable, Equatable, Sendable {
    /// The file and line, the id of the document, or the model that wrote it.
    public let name: String
    public let text: String

    public init(name: String, text: String) { (self.name, self.text) = (name, text) }
}

/// A classifier of texts by their vectors. It keeps its examples: some heads compute with nothing else, and the nearest ones
/// are the reason for a label.
///
/// ```
/// let classifier = try Classifier(path: "intents.classifier")
/// let vectors = try embedder.embed(texts, in: classifier.source.prompt)
/// let found = try classifier.classify(ClassifierInputs(vectors))
/// print(classifier.labels[found[0].best], found[0].probability)
/// ```
public struct Classifier: Sendable {
    /// In order: numbers by their values, texts by their letters.
    public let labels: [String]
    /// What the head `labels` reads of each label; nil for other heads.
    public let descriptions: [String]?
    public let source: VectorSource
    public let examples: [StoredExample]
    /// The vectors of the examples, and the numbers of their labels.
    public let vectors: EmbeddingMatrix
    public let targets: [Int]
    /// What was tried; the chosen head is among them.
    public let trials: [HeadTrial]
    /// How many examples the trials were judged by.
    public let heldOut: Int
    public let temperature: Double
    /// Whether the temperature was fitted: without examples to hold out, probabilities are a guess.
    public let isCalibrated: Bool
    /// What texts that a language model wrote were worth; nil where none were.
    public let writing: WrittenTrial?
    let head: any ClassifierHead
    /// The examples in double precision.
    let fitted: ClassifierExamples

    public var headKind: HeadKind { head.kind }
    public var settings: [String: Double] { head.settings }

    /// How many examples each label has.
    public var counts: [Int] { fitted.counts }

    /// Fits a classifier.
    ///
    /// - Parameters:
    ///   - labels: Those of the examples; in the order of `sorted(_:)` to be independent of the examples' order.
    ///   - targets: Numbers of labels from 0.
    ///   - tokens: The states of the examples' tokens, for the head `labels`.
    ///   - descriptions: The text and the vector of each label's description, for the head `labels`.
    /// - Throws: `TrawlError.invalidInput` for fewer than two labels, and what fitting throws.
    public init(
        labels: [String], examples: [StoredExample], vectors: EmbeddingMatrix, targets: [Int], source: VectorSource,
        tokens: TokenStates? = nil, descriptions: (texts: [String], vectors: EmbeddingMatrix)? = nil,
        head: HeadKind? = nil, progress: any ProgressReporter = .silent
    ) throws {
        guard labels.count > 1 else {
            throw TrawlError(
                .invalidInput, "all examples have the label '\(labels.first ?? "")'",
                remedy: "give examples of at least two labels")
        }
        let fitted = ClassifierExamples(
            try ClassifierInputs(vectors, tokens: tokens), targets, classes: labels.count)
        var selection = HeadSelection()
        selection.head = head
        selection.descriptions = try descriptions.map { try ClassifierInputs($0.vectors).vectors.single }
        let outcome = try selection.run(fitted, progress: progress)
        self.init(
            labels: labels, descriptions: outcome.head.kind == .labels ? descriptions?.texts : nil, source: source,
            examples: examples, vectors: vectors, fitted: fitted, trials: outcome.trials, heldOut: outcome.heldOut,
            temperature: outcome.temperature ?? assumedTemperature(of: outcome.head.kind),
            isCalibrated: outcome.temperature != nil, head: outcome.head)
    }

    init(
        labels: [String], descriptions: [String]?, source: VectorSource, examples: [StoredExample],
        vectors: EmbeddingMatrix, fitted: ClassifierExamples, trials: [HeadTrial], heldOut: Int, temperature: Double,
        isCalibrated: Bool, writing: WrittenTrial? = nil, head: any ClassifierHead
    ) {
        (self.labels, self.descriptions, self.source) = (labels, descriptions, source)
        (self.examples, self.vectors, self.fitted) = (examples, vectors, fitted)
        targets = fitted.targets
        (self.trials, self.heldOut) = (trials, heldOut)
        (self.temperature, self.isCalibrated) = (temperature, isCalibrated)
        (self.writing, self.head) = (writing, head)
    }

    /// Labels in the order of a classifier: by their values where both are numbers, else by their letters.
    public static func sorted(_ labels: some Sequence<String>) -> [String] {
        labels.sorted { a, b in
            if let a = Int(a), let b = Int(b), a != b { return a < b }
            return a < b
        }
    }

    /// With more examples than this, descriptions of labels are not read.
    public static let mostDescribedExamples = LabelsHead.mostExamples

    /// Whether examples change what the classifier says: not where descriptions alone tell the labels apart.
    public var learnsFromExamples: Bool { !readsTokens || settings["epochs", default: 0] > 0 }

    /// Whether the head reads the states of tokens, which `TextEmbedder.tokenStates` gives.
    public var readsTokens: Bool { head.kind == .labels }

    /// The probabilities of the labels for each text.
    ///
    /// - Throws: `TrawlError.incompatible` for vectors of another length.
    public func classify(_ inputs: ClassifierInputs) throws -> [LabelProbabilities] {
        guard inputs.vectors.columns == source.dimension else {
            throw TrawlError(
                .incompatible,
                "the vectors have \(inputs.vectors.columns) dimensions; the classifier reads \(source.dimension)",
                remedy: "use vectors of the model that the classifier was trained with")
        }
        guard inputs.count > 0 else { return [] }
        let scores = try head.scores(of: inputs, fitted)
        return (0..<inputs.count).map {
            LabelProbabilities(Calibration.probabilities(scores.row($0), temperature: temperature))
        }
    }

    /// The examples nearest to each text with their cosines, the nearest first.
    public func nearest(_ inputs: ClassifierInputs, count: Int) throws -> [[(example: Int, cosine: Double)]] {
        guard !examples.isEmpty, count > 0 else { return Array(repeating: [], count: inputs.count) }
        return try (0..<inputs.count).map { row in
            let cosines = try Matrix.product(
                inputs.vectors.chosen([row]), fitted.vectors, transposingSecond: true
            ).values
            return nearestPlaces(cosines, count).map { ($0, cosines[$0]) }
        }
    }

    /// The classifier with further examples, whose labels may be new. Head, settings and temperature stay; a head that is
    /// fitted is fitted again.
    ///
    /// - Parameters:
    ///   - labels: Of each new example.
    ///   - tokens: The states of the tokens of all examples, old ones first, for the head `labels`.
    ///   - descriptions: Of all labels, for the head `labels`.
    public func adding(
        _ new: [StoredExample], labels newLabels: [String], vectors newVectors: EmbeddingMatrix,
        tokens: TokenStates? = nil, descriptions: (texts: [String], vectors: EmbeddingMatrix)? = nil
    ) throws -> Classifier {
        precondition(new.count == newLabels.count && new.count == newVectors.count)
        guard newVectors.dimension == source.dimension else {
            throw TrawlError(
                .incompatible,
                "the vectors have \(newVectors.dimension) dimensions; the classifier reads \(source.dimension)")
        }
        let all = Classifier.sorted(Set(labels + newLabels))
        let numbers = Dictionary(uniqueKeysWithValues: all.enumerated().map { ($1, $0) })
        let targets = (targets.map { labels[$0] } + newLabels).compactMap { numbers[$0] }
        let vectors = EmbeddingMatrix(
            count: vectors.count + newVectors.count, dimension: source.dimension,
            values: vectors.values + newVectors.values)
        let fitted = ClassifierExamples(
            try ClassifierInputs(vectors, tokens: tokens), targets, classes: all.count)
        var selection = HeadSelection()
        selection.descriptions = try descriptions.map { try ClassifierInputs($0.vectors).vectors.single }
        return Classifier(
            labels: all, descriptions: descriptions?.texts, source: source, examples: examples + new, vectors: vectors,
            fitted: fitted, trials: trials, heldOut: heldOut, temperature: temperature, isCalibrated: isCalibrated,
            writing: writing, head: try selection.refit(head.kind, settings: head.settings, fitted))
    }
}

/// What a classifier says of a text.
public struct LabelProbabilities: Sendable, Equatable {
    /// By the numbers of the labels; they sum to 1.
    public let values: [Double]
    /// The number of the most probable label, the first of equal ones.
    public let best: Int

    init(_ values: [Double]) {
        self.values = values
        best = values.indices.reduce(0) { values[$1] > values[$0] ? $1 : $0 }
    }

    public var probability: Double { values[best] }

    /// The numbers of the labels, the most probable first.
    public var ranked: [Int] {
        values.indices.sorted { values[$0] != values[$1] ? values[$0] > values[$1] : $0 < $1 }
    }
}
