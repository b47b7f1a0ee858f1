import Testing
import TrawlCore
import TrawlEmbeddings
import TrawlTensors
import TrawlTestSupport

@testable import TrawlClassification

/// The switch on texts that a language model wrote.
@Suite struct WrittenTextsTests {
    private static let (width, classes) = (60, 8)
    private static let labels = ["a", "b", "c", "d", "e", "f", "g", "h"]

    /// Vectors around a direction of their class, whose noise few examples do not average out.
    private static func vectors(_ targets: [Int], noise: Float, seed: UInt64) -> EmbeddingMatrix {
        var random = SplitMix64(seed: seed)
        let values = targets.flatMap { target in
            (0..<width).map { ($0 == target ? 1 : 0) + noise * Float.random(in: -1...1, using: &random) }
        }
        return EmbeddingMatrix(count: targets.count, dimension: width, values: values).normalised()
    }

    private static func classifier(_ perClass: Int, noise: Float = 0.7, seed: UInt64 = 1) throws -> Classifier {
        let targets = (0..<perClass * classes).map { $0 % classes }
        return try Classifier(
            labels: labels, examples: targets.map { StoredExample(name: "\($0)", text: "example") },
            vectors: vectors(targets, noise: noise, seed: seed), targets: targets,
            source: VectorSource(dimension: width), head: .centroid)
    }

    /// Texts that are shown nothing.
    private static func written(_ targets: [Int], _ vectors: EmbeddingMatrix) -> WrittenTexts {
        WrittenTexts(
            targets.map { StoredExample(name: "written", text: "text of \($0)") }, vectors: vectors, targets: targets,
            shown: targets.map { _ in [] })
    }

    private static func accuracy(_ classifier: Classifier) throws -> Double {
        let targets = (0..<400).map { $0 % classes }
        let found = try classifier.classify(ClassifierInputs(vectors(targets, noise: 0.7, seed: 99)))
        return Double(zip(found, targets).count { $0.best == $1 }) / 400
    }

    @Test func textsLikeTheExamplesAreLearnedFrom() throws {
        let classifier = try Self.classifier(6)
        let targets = (0..<320).map { $0 % Self.classes }
        let better = try classifier.learning(from: Self.written(targets, Self.vectors(targets, noise: 0.2, seed: 5)))
        let trial = try #require(better.writing)
        #expect(trial.isKept && trial.written == 320 && (80...160).contains(trial.trusted), "\(trial)")
        #expect(trial.accuracyWithTexts > trial.accuracy)
        #expect(better.examples.count == 48 + trial.trusted && better.vectors.count == better.examples.count)
        #expect(better.targets.count == better.examples.count && better.isCalibrated)
        #expect(try Self.accuracy(better) > Self.accuracy(classifier) + 0.1)
        // What is read back is the same, and takes new examples.
        let folder = try TemporaryFolder()
        try better.write(to: folder.path("a.classifier"))
        let read = try Classifier(path: folder.path("a.classifier"))
        #expect(read.writing == trial && read.examples == better.examples)
        let more = try read.adding(
            [StoredExample(name: "new", text: "i")], labels: ["i"], vectors: Self.vectors([20], noise: 0, seed: 1))
        #expect(more.writing == trial && more.labels.count == 9)
    }

    @Test func textsOfOtherLabelsAreDropped() throws {
        let classifier = try Self.classifier(6, noise: 0.3)
        let targets = (0..<40).map { $0 % Self.classes }
        // Each was written for one label and is like the next one.
        let others = Self.vectors(targets.map { ($0 + 1) % Self.classes }, noise: 0.1, seed: 7)
        let same = try classifier.learning(from: Self.written(targets, others))
        let trial = try #require(same.writing)
        #expect(trial.trusted == 0 && !trial.isKept && trial.accuracyWithTexts == trial.accuracy)
        #expect(same.examples == classifier.examples && same.temperature == classifier.temperature)
        let inputs = try ClassifierInputs(Self.vectors([0, 1, 2], noise: 0.2, seed: 3))
        #expect(try same.classify(inputs) == classifier.classify(inputs))
    }

    /// A model that repeats what it was shown would label each held-out example by its own copy.
    @Test func noHeldOutExampleMeetsWhatWasWrittenAfterIt() throws {
        // Labels by chance: nothing can be learned.
        let targets = (0..<120).map { $0 % 2 }
        let vectors = Self.vectors(targets.map { _ in 20 }, noise: 1, seed: 2)
        let classifier = try Classifier(
            labels: ["a", "b"], examples: targets.map { StoredExample(name: "\($0)", text: "example") },
            vectors: vectors, targets: targets, source: VectorSource(dimension: Self.width), head: .nn)
        func trial(shown: [[Int]]) throws -> WrittenTrial {
            let texts = targets.map { StoredExample(name: "written", text: "text of \($0)") }
            return try #require(
                classifier.learning(
                    from: WrittenTexts(texts, vectors: vectors, targets: targets, shown: shown)
                ).writing)
        }
        #expect(try trial(shown: targets.indices.map { [$0] }).accuracyWithTexts < 0.6)
        // So the rule is what keeps them out: copies that claim to be shown nothing are found.
        #expect(
            try trial(shown: targets.map { _ in [] }).accuracyWithTexts
                > trial(shown: targets.indices.map { [$0] }).accuracyWithTexts)
    }

    @Test func withoutAnExampleToHoldOutNothingIsLearned() throws {
        let single = try Self.classifier(1)
        let text = errorText { try single.learning(from: Self.written([0], Self.vectors([0], noise: 0, seed: 1))) }
        #expect(text.contains("no label has two examples"))
    }
}
