import Foundation
import TrawlTensors

/// `kernel`: ridge regression of the indicators, less 1 / classes, in the space of a kernel.
struct KernelHead: ClassifierHead {
    /// The kernel of two vectors of length 1.
    enum Kernel: Equatable, Sendable {
        /// exp(-width · |x - y|²)
        case gaussian(width: Double)
        /// That of an infinitely wide layer of rectified units (Cho and Saul 2009).
        case arcCosine

        /// The kernel by the dot product.
        func value(_ product: Double) -> Double {
            switch self {
            case .gaussian(let width): return exp(-width * max(2 - 2 * product, 0))
            case .arcCosine:
                let angle = acos(min(max(product, -1), 1))
                return (sin(angle) + (.pi - angle) * cos(angle)) / .pi
            }
        }
    }

    let kernel: Kernel
    let penalty: Double
    /// `[examples, classes]`
    let coefficients: Matrix<Float>

    var kind: HeadKind { .kernel }
    /// A width of 0 stands for the arc-cosine kernel.
    var settings: [String: Double] {
        if case .gaussian(let width) = kernel { return ["width": width, "penalty": penalty] }
        return ["width": 0, "penalty": penalty]
    }
    var weights: [String: Matrix<Float>] { ["coefficients": coefficients] }

    /// The most examples: time is cubic and memory quadratic in them.
    static let mostExamples = 5_000
    /// Settings are compared on this many examples at most.
    private static let mostCompared = 1_000
    static let kernels: [Kernel] =
        [0.25, 0.5, 1, 2, 4].map { .gaussian(width: $0) } + [.arcCosine]
    static let penalties = [0.01, 0.1, 1]
    /// The settings where no example can be held out.
    private static let unknown = (kernel: Kernel.gaussian(width: 1), penalty: 1.0)

    static func kernel(width: Double) -> Kernel { width > 0 ? .gaussian(width: width) : .arcCosine }

    func scores(of inputs: ClassifierInputs, _ examples: ClassifierExamples) throws -> Matrix<Double> {
        let coefficients = coefficients.double
        let share = 1 / Double(max(examples.classes, 1))
        var scores = Matrix<Double>(rows: inputs.count, columns: examples.classes)
        // Few rows at a time: their kernels with all examples are in memory.
        let block = 1_024
        for start in stride(from: 0, to: inputs.count, by: block) {
            let rows = Array(start..<min(start + block, inputs.count))
            let kernels = try Self.matrix(kernel, inputs.vectors.chosen(rows), examples.vectors)
            let found = try Matrix.product(kernels, coefficients)
            for (row, place) in rows.enumerated() {
                for column in 0..<scores.columns { scores[place, column] = found[row, column] + share }
            }
        }
        return scores
    }

    static func fit(
        _ examples: ClassifierExamples, _ validation: Validation, settings known: [String: Double]? = nil
    ) throws -> FittedHead {
        var chosen = unknown
        if let width = known?["width"], let penalty = known?["penalty"] {
            chosen = (kernel(width: width), penalty)
        } else if !validation.rows.isEmpty {
            let sample = try examples.chosen(Validation.sample(examples, most: mostCompared))
            let inner = Validation(sample)
            let grid = kernels.flatMap { kernel in penalties.map { (kernel: kernel, penalty: $0) } }
            let candidates = try grid.map { try fit(sample, $0.kernel, $0.penalty).leftOut.chosen(inner.rows) }
            chosen = grid[inner.best(candidates)]
        }
        let fitted = try fit(examples, chosen.kernel, chosen.penalty)
        return FittedHead(
            head: KernelHead(
                kernel: chosen.kernel, penalty: chosen.penalty, coefficients: fitted.coefficients.single),
            heldOut: validation.rows.isEmpty ? nil : try fitted.leftOut.chosen(validation.rows))
    }

    /// The coefficients, and the predictions for each example by a fit without it: its coefficient divided by the diagonal
    /// of the inverse.
    ///
    /// - Complexity: O(examples³)
    static func fit(
        _ examples: ClassifierExamples, _ kernel: Kernel, _ penalty: Double
    ) throws -> (coefficients: Matrix<Double>, leftOut: Matrix<Double>) {
        var regularised = try matrix(kernel, examples.vectors, examples.vectors)
        for row in 0..<examples.count { regularised[row, row] += penalty }
        let inverse = try regularised.solvingPositiveDefinite(
            Matrix(diagonal: [Double](repeating: 1, count: examples.count)))
        let indicators = examples.indicators
        let share = 1 / Double(examples.classes)
        var targets = indicators
        for row in 0..<targets.rows { for column in 0..<targets.columns { targets[row, column] -= share } }
        let coefficients = try Matrix.product(inverse, targets)
        var leftOut = indicators
        for row in 0..<leftOut.rows {
            for column in 0..<leftOut.columns { leftOut[row, column] -= coefficients[row, column] / inverse[row, row] }
        }
        return (coefficients, leftOut)
    }

    private static func matrix(
        _ kernel: Kernel, _ a: Matrix<Double>, _ b: Matrix<Double>
    ) throws -> Matrix<Double> {
        var matrix = try Matrix.product(a, b, transposingSecond: true)
        for row in 0..<matrix.rows {
            for column in 0..<matrix.columns { matrix[row, column] = kernel.value(matrix[row, column]) }
        }
        return matrix
    }
}
