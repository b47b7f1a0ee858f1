import Foundation
import Testing
import TrawlCore
import TrawlEmbeddings
import TrawlEngine
import TrawlEvaluation
import TrawlTensors
import TrawlTestSupport
import TrawlTraining
import TrawlWorkbench

/// The golden file is written by eval/parity/tasks.py with scikit-learn and mteb.
@Suite struct TaskScoreTests {
    private struct Golden: Decodable {
        struct Classification: Decodable {
            let vectors, test: [[Double]]
            let labels, testLabels, predicted: [Int]
            let weights, intercepts: [Double]
            let scores: [String: Double]
        }
        struct Pairs: Decodable {
            let similarities: [Double]
            let labels: [Int]
            let scores: [String: Double]
        }
        struct Agreement: Decodable {
            let classes, clusters: [Int]
            let v: Double
        }
        struct Clustering: Decodable {
            let vectors: [[Double]]
            let batch, count: Int
            let clusters: [Int]
        }
        let twoClasses, fiveClasses: Classification
        let pairs: [Pairs]
        let agreements: [Agreement]
        let kMeans: [Clustering]
    }

    private let golden: Golden

    init() throws {
        let path = TestFiles.repository("Tests/WorkbenchTests/Golden/tasks.json")
        golden = try JSONDecoder().decode(Golden.self, from: Data(contentsOf: URL(fileURLWithPath: path)))
    }

    private func matrix(_ rows: [[Double]]) throws -> Matrix<Double> {
        try Matrix(rows: rows.count, columns: rows[0].count, values: rows.flatMap { $0 })
    }

    @Test func classifiersAreThoseOfScikitLearn() throws {
        for (golden, classes) in [(golden.twoClasses, 2), (golden.fiveClasses, 5)] {
            let model = try LogisticRegression(fitting: matrix(golden.vectors), golden.labels, classes: classes)
            // Both end where the gradient is small, after the same steps: nearer to each other than to the minimum.
            for (a, b) in zip(model.weights.values, golden.weights) { #expect(abs(a - b) < 1e-9) }
            for (a, b) in zip(model.intercepts, golden.intercepts) { #expect(abs(a - b) < 1e-9) }
            let predicted = try model.predict(matrix(golden.test))
            #expect(predicted == golden.predicted)
            let scores = ClassificationScores(predicted, golden.testLabels)
            let named = [
                "accuracy": scores.accuracy, "f1": scores.f1, "f1_weighted": scores.weightedF1,
                "precision": scores.precision, "recall": scores.recall, "ap": scores.averagePrecision,
            ]
            for (name, value) in named where golden.scores[name] != nil || value != nil {
                let (own, expected) = (try #require(value), try #require(golden.scores[name]))
                #expect(abs(own - expected) < 1e-12, "\(name)")
            }
        }
    }

    @Test func scoresOfPairsAreThoseOfMTEB() throws {
        for test in golden.pairs {
            let found = PairScores(test.similarities, test.labels.map { $0 == 1 })
            let named = [
                "accuracy": found.accuracy, "f1": found.f1, "precision": found.precision, "recall": found.recall,
                "ap": found.averagePrecision,
            ]
            for (name, value) in named {
                let expected = try #require(test.scores[name])
                #expect(abs(value - expected) < 1e-12, "\(name)")
            }
        }
    }

    @Test func pairScoresAreWorkedOutByHand() {
        // By similarity: yes, no | yes, no. Average precision: 1/2 · 1 + 1/2 · 2/3 = 5/6. Thresholds after rank 1: right are 1
        // yes and 2 no, 3/4; F1 2 · 1 · 1/2 / (3/2) = 2/3. After rank 3: 2 yes, 1 no, 3/4; F1 2 · 2/3 / (5/3) = 4/5.
        let found = PairScores([0.9, 0.8, 0.7, 0.1], [true, false, true, false])
        #expect(abs(found.averagePrecision - 5.0 / 6) < 1e-12)
        #expect(found.accuracy == 0.75 && abs(found.f1 - 0.8) < 1e-12 && found.recall == 1)
        // No threshold stands between equal similarities: only one stands after all three, which is none at all.
        let tied = PairScores([1, 1, 1], [true, false, false])
        #expect(abs(tied.averagePrecision - 1.0 / 3) < 1e-12 && tied.f1 == 0 && tied.accuracy == 0)
    }

    @Test func agreementOfClustersIsThatOfScikitLearn() {
        for test in golden.agreements {
            #expect(abs(ClusterAgreement(classes: test.classes, clusters: test.clusters).vMeasure - test.v) < 1e-12)
        }
        // Two classes of two; one cluster holds all but one: worked out in scikit-learn's documentation as 0.8.
        #expect(abs(ClusterAgreement(classes: [0, 0, 1, 2], clusters: [0, 0, 1, 1]).vMeasure - 0.8) < 1e-12)
    }

    @Test func clustersAreThoseOfScikitLearn() throws {
        for test in golden.kMeans {
            let found = try MiniBatchKMeans(clusters: test.count, batchSize: test.batch).cluster(matrix(test.vectors))
            #expect(found == test.clusters)
        }
    }
}

/// Tasks on vectors that are given, so that no model is needed.
@Suite struct EmbeddingTaskTests {
    private let folder: TemporaryFolder
    init() throws { folder = try TemporaryFolder() }

    private func write(_ name: String, _ vectors: [[Float]]) throws -> String {
        let matrix = EmbeddingMatrix(
            count: vectors.count, dimension: vectors[0].count, values: vectors.flatMap { $0 })
        return try folder.write(
            name, EmbeddingFormat.npy.bytes(of: QuantisedEmbeddings(matrix, as: .float32), ids: vectors.map { _ in "" })
        )
    }

    private func run(
        _ task: EmbeddingTask, _ texts: [String], _ vectors: [[[Float]]], sample: Int? = nil,
        progress: any ProgressReporter = .silent
    ) throws -> EmbeddingTaskEvaluation.Row {
        let files = try texts.enumerated().map { try folder.write("\($0).jsonl", $1) }
        var evaluation = EmbeddingTaskEvaluation(task, files: files, model: "none")
        evaluation.vectors = try vectors.enumerated().map { try write("\($0).npy", $1) }
        evaluation.experiments = 2
        evaluation.sample = sample
        return try #require(try evaluation.run(Engine(), progress: progress).first)
    }

    private final class Warnings: ProgressReporter {
        nonisolated(unsafe) private(set) var texts: [String] = []
        func begin(_ step: String, total: Int?, unit: String) {}
        func advance(_ count: Int) {}
        func end() {}
        func note(_ message: String) {}
        func warn(_ message: String) { texts.append(message) }
    }

    @Test func similaritiesAreCorrelatedByEachWayToCompare() throws {
        // First sentences (1, 0) thrice; second ones (1, 0), (1, 1), (0, 3). Cosines 1, 0.71, 0 and both distances 0, 1, more
        // fall as the scores 5, 3, 1 do: each rank correlation is 1.
        let text = "5\ta\tb\n3\ta\tc\n1\ta\td\n"
        let row = try run(.sts, [text], [[[1, 0], [1, 0], [1, 0], [1, 0], [1, 1], [0, 3]]])
        for name in ["cosine_spearman", "manhattan_spearman", "euclidean_spearman", "spearman"] {
            let score = try #require(row.scores[name])
            #expect(abs(score - 1) < 1e-12, "\(name)")
        }
        #expect(row.main == "cosine_spearman" && row.texts == 6 && row.model == nil && row.vectors != nil)
    }

    @Test func candidatesAreRankedByTheirSimilarity() throws {
        let text = """
            {"query": "q", "positive": ["a", "b"], "negative": ["c"]}
            {"query": "r", "positive": ["d"], "negative": ["e"]}
            """
        // q: a is equal, c near, b far: ranks 1 and 3 are right, AP (1 + 2/3) / 2 = 5/6, RR 1.
        // r: d and e are equally near, and the one that does not answer comes first: AP 1/2, RR 1/2.
        let row = try run(
            .reranking, [text], [[[1, 0], [1, 0], [0, 1], [1, 0.1], [1, 0], [1, 1], [1, 1]]])
        let (map, mrr) = (try #require(row.scores["map"]), try #require(row.scores["mrr"]))
        let expected: Double = (5.0 / 6 + 0.5) / 2
        #expect(abs(map - expected) < 1e-12)
        #expect(mrr == 0.75)
    }

    private func labelled(_ labels: [String]) -> String {
        labels.enumerated().map { #"{"text": "t\#($0)", "label": "\#($1)"}"# }.joined(separator: "\n")
    }

    @Test func classesThatLieApartAreToldApart() throws {
        let warnings = Warnings()
        let row = try run(
            .classification, [labelled(["x", "x", "y"]), labelled(["y", "x", "z"])],
            [[[3, 0], [4, 0], [0, 3]], [[0, 4], [5, 0], [9, 9]]], progress: warnings)
        // Two of three: no example has the label z.
        let accuracy = try #require(row.scores["accuracy"])
        #expect(abs(accuracy - 2.0 / 3) < 1e-12)
        #expect(row.experiments.count == 2 && row.training?.hasSuffix("0.jsonl") == true)
        let texts = warnings.texts.joined(separator: "\n")
        #expect(texts.contains("labels with fewer than 8 examples: 2 of 2; y has 1"), "\(texts)")
        #expect(texts.contains("texts whose label has no training example, which cannot be classified right: 1 of 3"))
    }

    @Test func clustersThatLieApartAreFound() throws {
        let labels = ["x", "y", "x", "y", "x", "y"]
        let vectors: [[Float]] = [[3, 0], [0, 3], [3.1, 0], [0, 3.1], [2.9, 0], [0, 2.9]]
        let row = try run(.clustering, [labelled(labels)], [vectors])
        #expect(row.experiments.count == 2 && row.experiments.filter { abs($0 - 1) > 1e-12 }.isEmpty)
        let (mean, deviation) = (try #require(row.scores["v_measure"]), try #require(row.scores["v_measure_std"]))
        #expect(abs(mean - 1) < 1e-12 && deviation < 1e-12)
        #expect(try run(.clustering, [labelled(labels)], [vectors], sample: 4).texts == 4)
        let sets = #"{"sentences": ["a", "b", "c", "d"], "labels": [0, 0, 1, 1]}"#
        let found = try run(.clustering, [sets], [[[1, 0], [1.1, 0], [0, 1], [0, 1.1]]]).experiments
        #expect(found.count == 1 && found.filter { abs($0 - 1) > 1e-12 }.isEmpty)
    }

    /// An experiment draws 16,384 texts, which cannot be more clusters than that.
    @Test func moreLabelsThanAnExperimentDrawsAreRefused() {
        let count = 16_385
        let message = errorText {
            try run(.clustering, [labelled((0..<count).map { "l\($0)" })], [(0..<count).map { [Float($0)] }])
        }
        #expect(message.contains("16385 labels are more clusters than the 16384 texts"), "\(message)")
    }

    @Test func whatHasNoScoreIsRefused() {
        func refused(_ task: EmbeddingTask, _ texts: [String], _ vectors: [[[Float]]]) -> String {
            errorText { try run(task, texts, vectors) }
        }
        #expect(refused(.clustering, [labelled(["x", "x"])], [[[1], [2]]]).contains("all texts have the label x"))
        #expect(
            refused(.classification, [labelled(["x", "x"]), labelled(["x"])], [[[1], [2]], [[1]]])
                .contains("all training examples have the label x"))
        #expect(
            refused(.classification, [labelled(["x", "y"]), labelled(["z"])], [[[1], [2]], [[1]]])
                .contains("no label of the test occurs in"))
        #expect(
            refused(.classification, [labelled(["x", "y"]), labelled(["x"])], [[[1], [2]], [[1, 2]]])
                .contains("have 1 dimensions"))
        #expect(refused(.clustering, [labelled(["x", "y"])], [[[1], [2], [3]]]).contains("holds 3 vectors"))
        #expect(refused(.sts, ["1\ta\tb\n1\ta\tc\n"], [[[1], [2], [3], [4]]]).contains("no correlation"))
    }

    @Test func arraysOfNumPyAreRead() throws {
        let path = try write("v.npy", [[1, 2], [3, 4.5]])
        #expect(try NumPyFile.matrix(path: path).values == [1, 2, 3, 4.5])
        var bytes = try folder.bytes("v.npy")
        let type = try #require(bytes.indices.first { bytes[$0...].starts(with: "<f4".utf8) })
        bytes[type + 2] = UInt8(ascii: "8")
        #expect(
            errorText { try NumPyFile.matrix(path: folder.write("w.npy", bytes)) }.contains("does not fit the 16 bytes")
        )
        let numbers = [1.5, -2, 0.25, 1e-3].flatMap { number in withUnsafeBytes(of: Double(number)) { Array($0) } }
        let eight = try folder.write("w.npy", bytes.prefix(bytes.count - 16) + numbers)
        #expect(try NumPyFile.matrix(path: eight).values == [1.5, -2, 0.25, 1e-3])
        bytes[type + 1] = UInt8(ascii: "i")
        #expect(errorText { try NumPyFile.matrix(path: folder.write("w.npy", bytes)) }.contains("numbers of type <i8"))
        #expect(errorText { try NumPyFile.matrix(path: folder.write("w.npy", "text")) }.contains("not a .npy file"))
        let infinite = try write("w.npy", [[1], [.infinity]])
        #expect(errorText { try NumPyFile.matrix(path: infinite) }.contains("row 1 holds inf"))
    }
}
