import Foundation
import Testing
import TrawlCore
import TrawlTensors

@testable import TrawlClassification

/// Attention of descriptions to tokens.
@Suite struct LabelsHeadTests {
    private static let (width, classes) = (6, 3)

    private static func vectors(_ count: Int, _ random: inout SplitMix64) throws -> Matrix<Float> {
        var values = (0..<count * width).map { _ in Double.random(in: -1...1, using: &random) }
        for row in 0..<count {
            let length = values[row * width..<(row + 1) * width].reduce(0) { $0 + $1 * $1 }.squareRoot()
            for place in row * width..<(row + 1) * width { values[place] /= length }
        }
        return try Matrix(rows: count, columns: width, values: values.map(Float.init))
    }

    /// Texts of two or three tokens, one of which is near a direction that belongs to the class.
    private static func examples(_ count: Int, seed: UInt64 = 1) throws -> ClassifierExamples {
        var random = SplitMix64(seed: seed)
        var tokens: [Float] = []
        let counts = (0..<count).map { 2 + $0 % 2 }
        let targets = (0..<count).map { $0 % classes }
        for (text, length) in counts.enumerated() {
            for token in 0..<length {
                var state = (0..<width).map { _ in Float.random(in: -1...1, using: &random) }
                if token == 1 { state[targets[text]] += 3 }
                tokens += state
            }
        }
        return ClassifierExamples(
            ClassifierInputs(
                vectors: try vectors(count, &random).double,
                tokens: TokenStates(width: width, counts: counts, values: tokens)),
            targets, classes: classes)
    }

    private static func descriptions() throws -> Matrix<Float> {
        var random = SplitMix64(seed: 8)
        return try vectors(classes, &random)
    }

    @Test func trainingBeginsAtTheNearestDescription() throws {
        let (examples, descriptions) = (try Self.examples(9), try Self.descriptions())
        let start = try LabelsTrainer(examples, descriptions, stateWidth: Self.width).head(epochs: 0)
        let scores = try start.scores(of: examples.inputs, examples)
        let cosines = try Matrix.product(examples.inputs.vectors, descriptions.double, transposingSecond: true)
        let gap = zip(scores.values, cosines.values).map { abs($0 * LabelsHead.temperature - $1) }.max() ?? 1
        #expect(gap < 1e-7)
    }

    @Test func gradientsAreTheSlopesOfTheLoss() throws {
        let (examples, descriptions) = (try Self.examples(4), try Self.descriptions().double)
        let tokens = try #require(examples.inputs.tokens)
        var random = SplitMix64(seed: 4)
        var weights = AttentionWeights(dimension: Self.width, stateWidth: Self.width)
        for row in 0..<LabelsHead.rank {
            for column in 0..<Self.width { weights.output[row, column] = Double.random(in: -0.5...0.5, using: &random) }
        }
        var bias = Matrix<Double>(rows: 1, columns: Self.classes)
        bias[0, 1] = 0.3

        func loss(_ weights: AttentionWeights, _ bias: Matrix<Double>) throws -> Double {
            let pass = try AttentionPass(weights, descriptions, bias)
            return try (0..<examples.count).reduce(0) { sum, row in
                let found = try pass.scores(Array(examples.vectors.row(row)), tokens, row)
                return sum - log(Calibration.probabilities(found.scores, temperature: 1)[examples.targets[row]])
            }
        }

        let pass = try AttentionPass(weights, descriptions, bias)
        var sums = pass.zeroGradients
        for row in 0..<examples.count {
            let vector = Array(examples.vectors.row(row))
            let found = try pass.scores(vector, tokens, row)
            var slopes = Calibration.probabilities(found.scores, temperature: 1)
            slopes[examples.targets[row]] -= 1
            try pass.addGradients(found, vector, slopes, to: &sums)
        }
        let byQuery = try Matrix.product(sums.queries, descriptions, transposingFirst: true)

        let step = 1e-5
        func check(
            _ name: String, _ gradient: Matrix<Double>, _ path: WritableKeyPath<AttentionWeights, Matrix<Double>>
        ) throws {
            var (up, down, expected) = (weights, weights, 0.0)
            for row in 0..<gradient.rows {
                for column in 0..<gradient.columns {
                    let sign: Double = Bool.random(using: &random) ? 1 : -1
                    up[keyPath: path][row, column] += step * sign
                    down[keyPath: path][row, column] -= step * sign
                    expected += sign * gradient[row, column]
                }
            }
            let slope = (try loss(up, bias) - loss(down, bias)) / (2 * step)
            #expect(abs(slope - expected) < 1e-4 * max(1, abs(expected)), "\(name): \(slope) \(expected)")
        }
        try check("query", byQuery, \.query)
        try check("key", sums.key, \.key)
        try check("value", sums.value, \.value)
        try check("output", sums.output, \.output)
        for label in 0..<Self.classes {
            var (up, down) = (bias, bias)
            up[0, label] += step
            down[0, label] -= step
            let slope = (try loss(weights, up) - loss(weights, down)) / (2 * step)
            #expect(abs(slope - sums.bias[label]) < 1e-5)
        }
    }

    @Test func fewExamplesAreLearntByHeart() throws {
        let examples = try Self.examples(8)
        var trainer = try LabelsTrainer(examples, Self.descriptions(), stateWidth: Self.width)
        for _ in 0..<300 { try trainer.runEpoch() }
        let head = try trainer.head(epochs: 300)
        let scores = try head.scores(of: examples.inputs, examples)
        #expect((0..<8).filter { scores.greatest($0) != examples.targets[$0] } == [])
    }

    @Test func labelsArePermutedAddedAndEqual() throws {
        let (examples, descriptions) = (try Self.examples(9), try Self.descriptions())
        var trainer = try LabelsTrainer(examples, descriptions, stateWidth: Self.width)
        for _ in 0..<3 { try trainer.runEpoch() }
        let head = try trainer.head(epochs: 3)
        let scores = try head.scores(of: examples.inputs, examples)

        let permutation = [1, 2, 0]
        let other = LabelsHead(
            stored: head.weights.merging([
                "descriptions": try Matrix(
                    rows: 3, columns: Self.width, values: permutation.flatMap { descriptions.row($0) }),
                "bias": try Matrix(rows: 1, columns: 3, values: permutation.map { head.bias[0, $0] }),
            ]) { $1 }, epochs: 3)
        let permuted = try other.scores(of: examples.inputs, examples)
        // A new label with the description of another one and its bias scores as that one does, and changes no other score.
        let added = LabelsHead(
            stored: head.weights.merging([
                "descriptions": try Matrix(
                    rows: 4, columns: Self.width, values: descriptions.values + descriptions.row(1)),
                "bias": try Matrix(rows: 1, columns: 4, values: head.bias.values + [0]),
            ]) { $1 }, epochs: 3)
        let more = try added.scores(of: examples.inputs, examples)
        for row in 0..<9 {
            for (place, label) in permutation.enumerated() { #expect(permuted[row, place] == scores[row, label]) }
            for label in 0..<3 { #expect(more[row, label] == scores[row, label]) }
            #expect(abs(more[row, 3] - (scores[row, 1] - Double(head.bias[0, 1]))) < 1e-12)
        }
    }

    @Test func theNumberOfEpochsMayBeNone() throws {
        // Vectors that are their descriptions: nothing is to be gained.
        let descriptions = try Self.descriptions()
        let base = try Self.examples(12)
        let vectors = try Matrix(
            rows: 12, columns: Self.width, values: base.targets.flatMap { descriptions.row($0) }.map(Double.init))
        let examples = ClassifierExamples(
            ClassifierInputs(vectors: vectors, tokens: base.inputs.tokens), base.targets, classes: 3)
        let fitted = try LabelsHead.fit(examples, descriptions, Validation(examples))
        #expect(fitted.heldOut.map { Calibration($0, examples.targets).accuracy } == 1)
    }
}
