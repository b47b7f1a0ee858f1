import Foundation
public import TrawlTensors

/// A linear classifier of vectors, fitted as scikit-learn's `LogisticRegression` does by default: with an intercept, an L2
/// penalty on the weights, multinomial for more than two classes, by L-BFGS from zero.
public struct LogisticRegression: Sendable {
    public struct Settings: Sendable {
        /// The inverse of the penalty.
        public var strength = 1.0
        public var iterations = 100
        /// The largest component of the gradient of the mean loss at which the fit ends.
        public var tolerance = 1e-4

        public init() {}
    }

    public let classes: Int
    /// `[classes, dimension]`; for two classes `[1, dimension]`, of the second one.
    public let weights: Matrix<Double>
    public let intercepts: [Double]

    /// - Parameters:
    ///   - vectors: `[examples, dimension]`.
    ///   - labels: Numbers of classes from 0; every class below `classes`, of which there are two or more, has an example.
    /// - Throws: What products of matrices throw.
    /// - Complexity: O(iterations · examples · dimension · classes)
    public init(
        fitting vectors: Matrix<Double>, _ labels: [Int], classes: Int, _ settings: Settings = Settings()
    ) throws {
        precondition(vectors.rows == labels.count && classes >= 2)
        self.classes = classes
        let (outputs, dimension) = (classes == 2 ? 1 : classes, vectors.columns)
        let penalty = 1 / (settings.strength * Double(labels.count))
        var minimiser = LBFGS()
        minimiser.followsSciPy = true
        minimiser.iterations = settings.iterations
        minimiser.tolerance = settings.tolerance
        let start = [Double](repeating: 0, count: outputs * (dimension + 1))
        let fitted = try minimiser.minimise(start) { point in
            let weights = try Matrix(
                rows: outputs, columns: dimension, values: Array(point[..<(outputs * dimension)]))
            var raw = try Matrix.product(vectors, weights, transposingSecond: true)
            var intercepts = [Double](repeating: 0, count: outputs)
            let loss = Self.loss(&raw, Array(point[(outputs * dimension)...]), labels, &intercepts)
            var gradient = weights
            try gradient.addProduct(raw, vectors, transposingFirst: true, keeping: penalty)
            let squares = weights.values.reduce(0) { $0 + $1 * $1 }
            return (loss + 0.5 * penalty * squares, gradient.values + intercepts)
        }
        weights = try Matrix(
            rows: outputs, columns: dimension, values: Array(fitted.point[..<(outputs * dimension)]))
        intercepts = Array(fitted.point[(outputs * dimension)...])
    }

    /// The class of each row of `vectors`, `[examples, dimension]`: the one with the largest output, the first of equal ones.
    public func predict(_ vectors: Matrix<Double>) throws -> [Int] {
        let raw = try Matrix.product(vectors, weights, transposingSecond: true)
        return (0..<raw.rows).map { row in
            if classes == 2 { return raw[row, 0] + intercepts[0] > 0 ? 1 : 0 }
            var best = 0
            for output in 1..<classes
            where raw[row, output] + intercepts[output] > raw[row, best] + intercepts[best] { best = output }
            return best
        }
    }

    /// The mean loss. `raw` becomes its gradient by the outputs, `[examples, outputs]`, and `sums` its sums.
    private static func loss(
        _ raw: inout Matrix<Double>, _ intercepts: [Double], _ labels: [Int], _ sums: inout [Double]
    ) -> Double {
        let share = 1 / Double(labels.count)
        var loss = 0.0
        for (row, label) in labels.enumerated() {
            if raw.columns == 1 {
                let output = raw[row, 0] + intercepts[0]
                // log(1 + exp(x)) and the logistic function, neither of which may overflow.
                loss += max(output, 0) + log1p(exp(-abs(output))) - Double(label) * output
                let chance = output >= 0 ? 1 / (1 + exp(-output)) : exp(output) / (1 + exp(output))
                raw[row, 0] = (chance - Double(label)) * share
            } else {
                var largest = -Double.infinity
                for column in 0..<raw.columns {
                    raw[row, column] += intercepts[column]
                    largest = max(largest, raw[row, column])
                }
                loss -= raw[row, label] - largest
                var sum = 0.0
                for column in 0..<raw.columns {
                    raw[row, column] = exp(raw[row, column] - largest)
                    sum += raw[row, column]
                }
                loss += log(sum)
                for column in 0..<raw.columns { raw[row, column] *= share / sum }
                raw[row, label] -= share
            }
            for column in 0..<raw.columns { sums[column] += raw[row, column] }
        }
        return loss * share
    }
}
