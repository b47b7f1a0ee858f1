import Foundation
import Testing
import TrawlCore
import TrawlEmbeddings
import TrawlTensors
import TrawlTestSupport

@testable import TrawlClassification

/// The heads against known answers, scikit-learn, and fits that really leave examples out.
@Suite struct HeadTests {
    /// Clusters on a sphere that overlap a little; the classes have 8, 6 and 6 examples.
    private static func examples(seed: UInt64 = 5, dimension: Int = 4, count: Int = 20) throws -> ClassifierExamples {
        var random = SplitMix64(seed: seed)
        func vector() -> [Float] { (0..<dimension).map { _ in Float.random(in: -1...1, using: &random) } }
        let centres = (0..<3).map { _ in vector() }
        let targets = (0..<count).map { $0 % 7 == 0 ? 0 : $0 % 3 }
        let rows = targets.map { target in zip(centres[target], vector()).map { $0 + 0.6 * $1 } }
        return try ClassifierExamples(inputs(rows), targets, classes: 3)
    }

    static func inputs(_ rows: [[Float]]) throws -> ClassifierInputs {
        try ClassifierInputs(
            EmbeddingMatrix(count: rows.count, dimension: rows.first?.count ?? 0, values: rows.flatMap { $0 }))
    }

    private static func difference(_ a: Matrix<Double>, _ b: Matrix<Double>) -> Double {
        zip(a.values, b.values).map { abs($0 - $1) }.max() ?? .infinity
    }

    private static let kinds = HeadKind.allCases.filter { $0 != .labels }

    private func head(_ kind: HeadKind, _ examples: ClassifierExamples) throws -> any ClassifierHead {
        let settings: [HeadKind: [String: Double]] = [
            .ridge: ["penalty": 0.3], .logistic: ["strength": 10], .kernel: ["width": 1, "penalty": 0.1],
        ]
        switch kind {
        case .nn: return NearestHead(k: 1)
        case .hilbert: return HilbertHead(exponent: 4)
        default: return try HeadSelection().refit(kind, settings: settings[kind] ?? [:], examples)
        }
    }

    // MARK: - Known answers

    @Test func sharesOfASingularKernelOnALine() {
        // Class 1 at 0, class 0 at 2 and 2.2, seen from 0.9.
        let squares = [0.9, 1.1, 1.3].map { $0 * $0 }
        let exponents = [0.01, 1, 2, 8]
        var shares = [Double](repeating: 0, count: 8)
        HilbertHead.shares(ofSquaredDistances: squares, [1, 0, 0], classes: 2, exponents, into: &shares)
        for (number, expected) in [0.334, 0.3983, 0.4654, 0.7977].enumerated() {
            #expect(abs(shares[2 * number + 1] - expected) < 5e-4, "\(shares)")
        }
        // An example at the same place decides alone, two share; without an exponent all count alike.
        for (targets, expected) in [
            ([1, 0, 0], [0.0, 1, 1.0 / 3, 2.0 / 3]), ([1, 0, 1], [0.5, 0.5, 2.0 / 3, 1.0 / 3]),
        ] {
            var shares = [Double](repeating: 0, count: 4)
            HilbertHead.shares(
                ofSquaredDistances: [0, targets[2] == 1 ? 0 : 1, 4], targets[2] == 1 ? [0, 1, 0] : targets, classes: 2,
                [8, 0], into: &shares)
            if targets[2] == 1 {
                #expect(zip(shares, expected).map { abs($0 - $1) }.max() ?? 1 < 1e-12, "\(shares)")
            } else {
                #expect(shares[1] == 1 && abs(shares[3] - 1.0 / 3) < 1e-12, "\(shares)")
            }
        }
    }

    @Test func resultsAreThoseOfScikitLearn() throws {
        struct Golden: Decodable {
            let train, test: [[Float]]
            let labels: [Int]
            let logistic, binary, ridge, kernel: [[Double]]
        }
        let golden = try JSONDecoder().decode(
            Golden.self,
            from: Data(contentsOf: URL(filePath: TestFiles.repository("Tests/ClassificationTests/Golden/heads.json"))))
        let test = try Self.inputs(golden.test)
        let examples = try ClassifierExamples(Self.inputs(golden.train), golden.labels, classes: 3)
        func expect(_ kind: HeadKind, _ examples: ClassifierExamples, _ expected: [[Double]], isShare: Bool) throws {
            let scores = try head(kind, examples).scores(of: test, examples)
            for (row, values) in expected.enumerated() {
                let found =
                    isShare ? Calibration.probabilities(scores.row(row), temperature: 1) : Array(scores.row(row))
                let gap = zip(found, values).map { abs($0 - $1) }.max() ?? 1
                #expect(gap < (isShare ? 2e-3 : 1e-5), "\(kind): \(found) \(values)")
            }
        }
        try expect(.logistic, examples, golden.logistic, isShare: true)
        try expect(.ridge, examples, golden.ridge, isShare: false)
        try expect(.kernel, examples, golden.kernel, isShare: false)
        let binary = ClassifierExamples(examples.inputs, golden.labels.map { $0 == 2 ? 1 : 0 }, classes: 2)
        try expect(.logistic, binary, golden.binary, isShare: true)
    }

    // MARK: - Leaving out

    @Test func scoresWithoutAnExampleAreThoseOfAFitWithoutIt() throws {
        for dimension in [4, 30] {
            let examples = try Self.examples(dimension: dimension)
            let validation = Validation(examples)
            #expect(validation.rows == Array(0..<20))
            let found: [(HeadKind, FittedHead)] = [
                (.centroid, try MeanHead.fit(.centroid, examples, validation)),
                (.step, try MeanHead.fit(.step, examples, validation)),
                (.nn, try NearestHead.fit(examples, validation)),
                (.hilbert, try HilbertHead.fit(examples, validation)),
                (.ridge, try LinearHead.fitRidge(examples, validation, penalty: 0.3)),
                (
                    .kernel, try KernelHead.fit(examples, validation, settings: ["width": 1, "penalty": 0.1])
                ),
            ]
            for (kind, fitted) in found {
                let leftOut = try #require(fitted.heldOut)
                for row in 0..<examples.count {
                    let others = try examples.chosen((0..<examples.count).filter { $0 != row })
                    let head = kind.isFitted ? try head(kind, others) : fitted.head
                    let scores = try head.scores(of: examples.inputs.chosen([row]), others)
                    let gap = Self.difference(scores, try leftOut.chosen([row]))
                    #expect(gap < (kind.isFitted ? 1e-5 : 1e-9), "\(kind) \(dimension) \(row): \(gap)")
                }
            }
        }
    }

    @Test func ridgeIsTheSameByDimensionsAndByExamples() throws {
        for dimension in [4, 30] {
            let examples = try Self.examples(dimension: dimension)
            let (primal, dual) = (
                try RidgePath(examples, isPrimal: true), try RidgePath(examples, isPrimal: false)
            )
            for penalty in [1e-3, 1, 100] {
                #expect(
                    Self.difference(try primal.leftOut(penalty: penalty), try dual.leftOut(penalty: penalty)) < 1e-7)
                let weights = (try primal.weights(penalty: penalty).double, try dual.weights(penalty: penalty).double)
                #expect(Self.difference(weights.0, weights.1) < 1e-4)
            }
        }
    }

    @Test func aGreatPenaltyRanksAsOneStepOfGradientDescent() throws {
        // Equal classes whose vectors sum to zero: then the step has no intercept to differ by.
        let rows: [[Float]] = [
            [1, 0.2, 0], [-1, -0.2, 0], [0.1, 1, 0.3], [-0.1, -1, -0.3], [0, 0.3, 1], [0, -0.3, -1],
        ]
        let examples = try ClassifierExamples(Self.inputs(rows), [0, 1, 2, 0, 1, 2], classes: 3)
        let penalty = 1e6
        let ridge = try LinearHead.fitRidge(examples, .none, penalty: penalty).head
        let step = MeanHead(kind: .step)
        let tests = try Self.inputs([[0.3, 0.5, -0.2], [1, 1, 0.1], [-0.4, 0.1, 0.9]])
        let (a, b) = (try ridge.scores(of: tests, examples), try step.scores(of: tests, examples))
        for row in 0..<3 {
            for column in 0..<3 {
                // W -> Xᵀ Y / penalty, of which the step is the mean over 2 examples.
                #expect(abs((a[row, column] - 1.0 / 3) * penalty - 2 * b[row, column]) < 0.1)
            }
        }
        // Equal counts: the centroid is the step up to the length of each mean.
        let centroid = try MeanHead(kind: .centroid).scores(of: tests, examples)
        for column in 0..<3 {
            let ratios = (0..<3).map { centroid[$0, column] / b[$0, column] }
            #expect(abs(ratios[0] - ratios[1]) < 1e-9 && abs(ratios[0] - ratios[2]) < 1e-9)
        }
    }

    // MARK: - Properties

    @Test func permutedLabelsPermuteTheScores() throws {
        let examples = try Self.examples()
        let permutation = [2, 0, 1]
        let other = ClassifierExamples(examples.inputs, examples.targets.map { permutation[$0] }, classes: 3)
        for kind in Self.kinds {
            let scores = try head(kind, examples).scores(of: examples.inputs, examples)
            let permuted = try head(kind, other).scores(of: examples.inputs, other)
            for row in 0..<scores.rows {
                for column in 0..<3 {
                    #expect(abs(scores[row, column] - permuted[row, permutation[column]]) < 1e-4, "\(kind)")
                }
            }
        }
    }

    @Test func examplesTwiceChangeNothingForHeadsOfNeighbours() throws {
        let examples = try Self.examples()
        let twice = try examples.chosen(Array(0..<20) + Array(0..<20))
        let tests = try Self.examples(seed: 9).inputs
        for kind in [HeadKind.centroid, .nn, .hilbert] {
            let (once, doubled) = (
                try head(kind, examples).scores(of: tests, examples), try head(kind, twice).scores(of: tests, twice)
            )
            #expect(Self.difference(once, doubled) < 1e-9, "\(kind)")
        }
    }

    @Test func anExampleHasItsOwnLabel() throws {
        let examples = try Self.examples()
        for kind in [HeadKind.nn, .hilbert] {
            let scores = try head(kind, examples).scores(of: examples.inputs, examples)
            #expect((0..<20).filter { scores.greatest($0) != examples.targets[$0] } == [])
        }
    }

    @Test func aTemperatureMakesProbabilitiesOfScores() throws {
        // Three of four are right whatever the scale. Each counts as right 5 times of 6, so that 4 of 4 were not certain, either.
        for scale in [1.0, 50] {
            let scores = try Matrix(rows: 4, columns: 2, values: [1, 0, 1, 0, 1, 0, 1, 0].map { scale * $0 })
            let calibration = Calibration(scores, [0, 0, 0, 1])
            let probability = Calibration.probabilities([scale, 0], temperature: calibration.temperature)[0]
            let expected = 0.75 * 5 / 6 + 0.25 / 6
            #expect(abs(probability - expected) < 1e-3 && calibration.accuracy == 0.75)
            #expect(abs(calibration.logLoss + 0.75 * log(expected) + 0.25 * log(1 - expected)) < 1e-3)
        }
    }

    @Test func foldsSpreadEachClassAndSinglesAreNotHeldOut() throws {
        let rows: [[Float]] = (0..<12).map { [Float($0), 1] }
        let targets = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2]
        let validation = Validation(try ClassifierExamples(Self.inputs(rows), targets, classes: 3))
        #expect(validation.rows == Array(0..<10))
        #expect((0..<5).filter { fold in (0..<10).count { validation.folds[$0] == fold } != 2 } == [])
        #expect(validation.folds[10...] == [-1, -1])
        // Classes of equal sizes lose as many examples to a fold: unequal ones would tell the class of a held-out example.
        let pairs = Validation(try ClassifierExamples(Self.inputs(rows), (0..<12).map { $0 / 2 }, classes: 6))
        for fold in 0..<2 {
            let held = (0..<12).filter { pairs.folds[$0] == fold }
            #expect(held.map { $0 / 2 } == Array(0..<6))
        }
        // The sample takes the first of each class in turn.
        let sample = Validation.sample(try ClassifierExamples(Self.inputs(rows), targets, classes: 3), most: 4)
        #expect(sample.count == 4 && sample.contains(10) && sample.contains(11))
    }

    @Test func shuffledLabelsAreNotLearnt() throws {
        var random = SplitMix64(seed: 3)
        let examples = try Self.examples(dimension: 16, count: 120)
        var targets = examples.targets
        targets.shuffle(using: &random)
        let shuffled = ClassifierExamples(examples.inputs, targets, classes: 3)
        let most = Double(shuffled.counts.max() ?? 0) / 120
        let outcome = try HeadSelection().run(shuffled, progress: .silent)
        for trial in outcome.trials {
            #expect(try #require(trial.accuracy) < most + 0.12, "\(trial)")
            #expect(try #require(trial.logLoss) > 0.95, "\(trial)")
        }
        let real = try HeadSelection().run(examples, progress: .silent)
        #expect(try #require(real.trials.compactMap(\.accuracy).max()) > 0.8)
    }
}
