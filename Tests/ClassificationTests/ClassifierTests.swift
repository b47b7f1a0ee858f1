import Foundation
import Testing
import TrawlCore
import TrawlEmbeddings
import TrawlTensors
import TrawlTestSupport

@testable import TrawlClassification

/// Classifiers as files, and their use.
@Suite struct ClassifierTests {
    private static let labels = ["tea", "coffee", "water"].sorted()

    /// 24 vectors of 5 dimensions around the axes.
    private static func data(_ count: Int = 24, seed: UInt64 = 1) -> (vectors: EmbeddingMatrix, targets: [Int]) {
        var random = SplitMix64(seed: seed)
        let targets = (0..<count).map { $0 % 3 }
        let values = targets.flatMap { target in
            (0..<5).map { Float.random(in: -0.5...0.5, using: &random) + ($0 == target ? 1 : 0) }
        }
        return (EmbeddingMatrix(count: count, dimension: 5, values: values), targets)
    }

    private static func classifier(_ head: HeadKind? = nil, count: Int = 24) throws -> Classifier {
        let (vectors, targets) = data(count)
        if head == .labels {
            var random = SplitMix64(seed: 2)
            let counts = targets.map { _ in 2 }
            let states = (0..<count * 2 * 4).map { _ in Float.random(in: -1...1, using: &random) }
            return try Classifier(
                labels: labels, examples: examples(count), vectors: vectors, targets: targets,
                source: VectorSource(dimension: 5), tokens: TokenStates(width: 4, counts: counts, values: states),
                descriptions: (labels, data(3, seed: 3).vectors), head: .labels)
        }
        return try Classifier(
            labels: labels, examples: examples(count), vectors: vectors, targets: targets,
            source: VectorSource(dimension: 5), head: head)
    }

    private static func examples(_ count: Int) -> [StoredExample] {
        (0..<count).map { StoredExample(name: "drinks.tsv:\($0 + 2)", text: "text \"\($0)\"") }
    }

    @Test func everyHeadIsTheSameAfterWritingAndReading() throws {
        let folder = try TemporaryFolder()
        let path = folder.path("a.classifier")
        for head in HeadKind.allCases {
            let classifier = try Self.classifier(head)
            try classifier.write(to: path)
            let bytes = try folder.bytes("a.classifier")
            let read = try Classifier(path: path)
            #expect(read.headKind == head && read.settings == classifier.settings && read.trials == classifier.trials)
            #expect(read.labels == Self.labels && read.examples == classifier.examples)
            let tokens = TokenStates(
                width: 4, counts: Array(repeating: 1, count: 9), values: Array(repeating: 0.5, count: 36))
            let inputs = try ClassifierInputs(Self.data(9, seed: 7).vectors, tokens: tokens)
            #expect(try read.classify(inputs) == classifier.classify(inputs), "\(head)")
            // The same training gives the same bytes.
            try Self.classifier(head).write(to: path)
            #expect(try folder.bytes("a.classifier") == bytes, "\(head)")
        }
    }

    @Test func oneThreadAndTwoGiveTheSameClassifier() throws {
        let folder = try TemporaryFolder()
        func trained() throws -> [UInt8] {
            try Self.classifier(count: 300).write(to: folder.path("a.classifier"))
            return try folder.bytes("a.classifier")
        }
        var files = [try trained()]
        // A loop within an iteration of the pool runs on one thread.
        nonisolated(unsafe) var alone: Result<[UInt8], any Error>?
        ThreadPool.shared.parallelFor(2) { index in if index == 0 { alone = Result { try trained() } } }
        files.append(try #require(alone).get())
        #expect(files[0] == files[1])
    }

    @Test func theBestHeadIsChosenAndProbabilitiesAreCalibrated() throws {
        let classifier = try Self.classifier(count: 90)
        #expect(classifier.trials.map(\.head) == HeadKind.allCases.filter { $0 != .labels })
        let best = try #require(classifier.trials.compactMap(\.accuracy).max())
        let close = classifier.trials.filter {
            ($0.accuracy ?? 0) >= best - (best * (1 - best) / 90).squareRoot()
        }
        let least = close.min { ($0.logLoss ?? 9) < ($1.logLoss ?? 9) }
        #expect(classifier.headKind == least?.head)
        #expect(classifier.isCalibrated && classifier.heldOut == 90)
        let test = Self.data(300, seed: 11)
        let found = try classifier.classify(ClassifierInputs(test.vectors))
        let right = found.indices.count { found[$0].best == test.targets[$0] }
        let mean = found.reduce(0) { $0 + $1.probability } / 300
        #expect(right > 240 && abs(Double(right) / 300 - mean) < 0.08, "\(right) \(mean)")
        #expect(found.filter { abs($0.values.reduce(0, +) - 1) > 1e-12 }.isEmpty)
    }

    @Test func classesWithOneExampleCannotBeHeldOut() throws {
        let (vectors, targets) = Self.data(3)
        let single = try Classifier(
            labels: Self.labels, examples: Self.examples(3), vectors: vectors, targets: targets,
            source: VectorSource(dimension: 5))
        #expect(!single.isCalibrated && single.heldOut == 0 && single.trials.map(\.accuracy) == [nil])
        let found = try single.classify(ClassifierInputs(vectors))
        #expect(found.map(\.best) == targets)
        // One of the classes has one example: the others decide.
        let (more, labels) = Self.data(22)
        let some = try Classifier(
            labels: Self.labels + ["wine"], examples: Self.examples(22), vectors: more,
            targets: labels.dropLast() + [3], source: VectorSource(dimension: 5))
        #expect(some.heldOut == 21 && some.isCalibrated)
        #expect(
            errorText {
                try Classifier(
                    labels: ["tea"], examples: Self.examples(3), vectors: vectors, targets: [0, 0, 0],
                    source: VectorSource(dimension: 5))
            }.contains("all examples have the label 'tea'"))
    }

    @Test func newExamplesAndLabelsCountAtOnce() throws {
        for head in HeadKind.allCases where head != .labels {
            let classifier = try Self.classifier(head)
            let new = EmbeddingMatrix(
                count: 2, dimension: 5, values: [0, 0, 0, 0.1, 3, 0, 0, 0, -0.1, 3])
            let added = try classifier.adding(
                [StoredExample(name: "a", text: "Merlot"), StoredExample(name: "b", text: "Riesling")],
                labels: ["wine", "wine"], vectors: new)
            #expect(added.labels == ["coffee", "tea", "water", "wine"] && added.counts == [8, 8, 8, 2])
            #expect(added.settings == classifier.settings && added.temperature == classifier.temperature)
            let inputs = try ClassifierInputs(EmbeddingMatrix(count: 1, dimension: 5, values: [0, 0, 0, 0, 1]))
            #expect(try added.classify(inputs)[0].best == 3, "\(head)")
            let nearest = try added.nearest(inputs, count: 2)[0]
            #expect(nearest.map(\.example) == [24, 25] && nearest[0].cosine > 0.99)
        }
    }

    @Test func vectorsOfAnotherModelAreRefused() throws {
        let classifier = try Self.classifier(.centroid)
        let wide = EmbeddingMatrix(count: 1, dimension: 6, values: [1, 0, 0, 0, 0, 0])
        #expect(errorText { try classifier.classify(ClassifierInputs(wide)) }.contains("6 dimensions"))
        let text = #"{"model":"m","digest":"aaaa","dimension":5,"prefix":"","suffix":""}"#
        func source(_ text: String) throws -> VectorSource {
            try JSONDecoder().decode(VectorSource.self, from: Data(text.utf8))
        }
        let known = try source(text)
        try known.require(known, "the index")
        try known.require(VectorSource(dimension: 5), "the file")
        for (other, message) in [
            (text.replacing("aaaa", with: "bbbb"), "another embedding model (m, bbbb)"),
            (text.replacing(#""prefix":"""#, with: #""prefix":"query: ""#), "with the prompt \"query: \""),
            (text.replacing(":5", with: ":7"), "vectors of 7 dimensions"),
        ] {
            let found = errorText { try known.require(source(other), "the index", path: "x.trawl") }
            #expect(found.contains(message) && found.contains("x.trawl"), "\(found)")
        }
    }

    @Test func damagedFilesAreRefused() throws {
        let folder = try TemporaryFolder()
        let path = folder.path("a.classifier")
        try Self.classifier(.kernel).write(to: path)
        let whole = try folder.bytes("a.classifier")
        func refused(_ bytes: [UInt8]) throws -> String {
            try folder.write("b.classifier", bytes)
            return errorText { try Classifier(path: folder.path("b.classifier")) }
        }
        #expect(try refused(Array("label\ttext\n".utf8)).contains("not a classifier"))
        #expect(try refused(whole.dropLast(8)).contains("not a classifier, or a damaged one"))
        var nan = whole
        nan.replaceSubrange(nan.count - 4..<nan.count, with: [0, 0, 0xC0, 0x7F])
        #expect(try refused(nan).contains("not finite"))
        // The header is JSON of a known length: edits keep it.
        func edited(_ old: String, _ new: String) throws -> String {
            let (old, new) = (Array(old.utf8), Array(new.utf8))
            var bytes = whole
            let place = try #require(bytes.indices.first { bytes[$0...].starts(with: old) })
            bytes.replaceSubrange(place..<place + old.count, with: new)
            return try refused(bytes)
        }
        #expect(try edited(#"\"version\":1"#, #"\"version\":7"#).contains("version 7"))
        #expect(try edited(#"\"targets\":[0,1"#, #"\"targets\":[0,9"#).contains("do not fit"))
        #expect(try edited(#"\"head\":\"kernel\""#, #"\"head\":\"ribbon\""#).contains("cannot be read"))
        #expect(try edited(#"\"water\""#, #"\"tea\"  "#).contains("do not fit"))
        #expect(try edited("coefficients", "coefficientz").contains("the tensor 'coefficients'"))
        #expect(errorText { try Classifier(path: folder.path("missing")) }.contains("missing"))
    }
}
