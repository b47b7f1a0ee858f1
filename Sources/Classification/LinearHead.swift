import TrawlCore
import TrawlTensors
import TrawlTraining

/// `ridge` and `logistic`: a weight for each dimension and class.
struct LinearHead: ClassifierHead {
    let kind: HeadKind
    let settings: [String: Double]
    /// `[classes, dimension + 1]`; the last column holds the intercepts.
    let table: Matrix<Float>
    var weights: [String: Matrix<Float>] { ["weights": table] }

    static let penalties = [1e-4, 1e-3, 1e-2, 0.03, 0.1, 0.3, 1, 3, 10, 100]
    static let strengths: [Double] = [1, 10, 100]
    /// The settings where no example can be held out.
    private static let (unknownPenalty, unknownStrength) = (3.0, 10.0)
    /// What a class without an example gets.
    private static let never: Float = -1e4
    /// Strengths are compared on this many examples at most.
    private static let mostCompared = 2_000

    func scores(of inputs: ClassifierInputs, _ examples: ClassifierExamples) throws -> Matrix<Double> {
        let dimension = table.columns - 1
        var weights = Matrix<Double>(rows: table.rows, columns: dimension)
        for row in 0..<table.rows {
            for column in 0..<dimension { weights[row, column] = Double(table[row, column]) }
        }
        var scores = try Matrix.product(inputs.vectors, weights, transposingSecond: true)
        for row in 0..<scores.rows {
            for column in 0..<scores.columns { scores[row, column] += Double(table[column, dimension]) }
        }
        return scores
    }

    // MARK: - Ridge

    static func fitRidge(
        _ examples: ClassifierExamples, _ validation: Validation, penalty known: Double? = nil
    ) throws -> FittedHead {
        let path = try RidgePath(examples)
        let penalties = known.map { [$0] } ?? penalties
        let candidates =
            validation.rows.isEmpty ? [] : try penalties.map { try path.leftOut(penalty: $0).chosen(validation.rows) }
        let best = validation.best(candidates)
        let penalty = candidates.isEmpty ? known ?? unknownPenalty : penalties[best]
        return FittedHead(
            head: LinearHead(kind: .ridge, settings: ["penalty": penalty], table: try path.weights(penalty: penalty)),
            heldOut: candidates.isEmpty ? nil : candidates[best])
    }

    // MARK: - Logistic

    static func fitLogistic(
        _ examples: ClassifierExamples, _ validation: Validation, strength known: Double? = nil
    ) throws -> FittedHead {
        func fit(_ strength: Double) -> (ClassifierExamples) throws -> any ClassifierHead {
            { try logistic($0, strength: strength) }
        }
        guard !validation.rows.isEmpty else {
            return FittedHead(head: try fit(known ?? unknownStrength)(examples), heldOut: nil)
        }
        var strength = known ?? unknownStrength
        if known == nil {
            let sample = try examples.chosen(Validation.sample(examples, most: mostCompared))
            let inner = Validation(sample)
            strength = try strengths[inner.best(strengths.map { try inner.crossValidated(sample, fit($0)) })]
        }
        return FittedHead(
            head: try fit(strength)(examples),
            heldOut: try validation.crossValidated(examples, fit(strength)))
    }

    private static func logistic(_ examples: ClassifierExamples, strength: Double) throws -> LinearHead {
        // A fold may lack the only example of a class.
        let present = (0..<examples.classes).filter { examples.counts[$0] > 0 }
        let dimension = examples.vectors.columns
        var table = Matrix<Float>(rows: examples.classes, columns: dimension + 1)
        for row in 0..<examples.classes { table[row, dimension] = never }
        if present.count == 1 { table[present[0], dimension] = 0 }
        if present.count > 1 {
            var numbers = [Int](repeating: 0, count: examples.classes)
            for (number, label) in present.enumerated() { numbers[label] = number }
            var settings = LogisticRegression.Settings()
            (settings.strength, settings.iterations) = (strength, 200)
            let model = try LogisticRegression(
                fitting: examples.vectors, examples.targets.map { numbers[$0] }, classes: present.count, settings)
            for (number, label) in present.enumerated() {
                // Of two classes the model has the second one only.
                if present.count == 2, number == 0 {
                    table[label, dimension] = 0
                    continue
                }
                let row = present.count == 2 ? 0 : number
                for column in 0..<dimension { table[label, column] = Float(model.weights[row, column]) }
                table[label, dimension] = Float(model.intercepts[row])
            }
        }
        return LinearHead(kind: .logistic, settings: ["strength": strength], table: table)
    }
}

/// Ridge regression of the classes' indicators for any penalty, after one eigendecomposition: of the dimensions where there
/// are more examples (primal), else of the examples (dual).
struct RidgePath {
    /// `[examples, r]`: the coordinates of the centred vectors along the eigenvectors.
    private let coordinates: Matrix<Double>
    /// Their squared lengths, `[r]`.
    private let values: [Double]
    /// `[r, dimension]`, of length 1.
    private let directions: Matrix<Double>
    /// The products of the coordinates with the centred indicators, `[r, classes]`.
    private let products: Matrix<Double>
    private let indicators: Matrix<Double>
    /// The means of the vectors and of the indicators.
    private let means: [Double]
    private let shares: [Double]

    /// - Complexity: O(min(examples, dimension)² max(examples, dimension))
    init(_ examples: ClassifierExamples, isPrimal: Bool? = nil) throws {
        let (count, dimension) = (examples.count, examples.vectors.columns)
        indicators = examples.indicators
        shares = examples.counts.map { Double($0) / Double(count) }
        var means = [Double](repeating: 0, count: dimension)
        for row in 0..<count {
            for (column, value) in examples.vectors.row(row).enumerated() { means[column] += value }
        }
        means = means.map { $0 / Double(count) }
        var centred = examples.vectors
        for row in 0..<count { for column in 0..<dimension { centred[row, column] -= means[column] } }
        if isPrimal ?? (count > dimension) {
            let eigen = try Matrix.product(centred, centred, transposingFirst: true).symmetricEigenDecomposition()
            values = eigen.values.map { max($0, 0) }
            directions = eigen.vectors
            coordinates = try Matrix.product(centred, directions, transposingSecond: true)
        } else {
            let eigen = try Matrix.product(centred, centred, transposingSecond: true).symmetricEigenDecomposition()
            let greatest = eigen.values.first ?? 0
            // Centring takes one dimension away; rounding leaves others that hold nothing.
            let used = eigen.values.prefix { $0 > greatest * 1e-12 && $0 > 0 }.count
            values = Array(eigen.values.prefix(used))
            var coordinates = Matrix<Double>(rows: count, columns: used)
            for column in 0..<used {
                let scale = values[column].squareRoot()
                for row in 0..<count { coordinates[row, column] = eigen.vectors[column, row] * scale }
            }
            var directions = try Matrix.product(coordinates, centred, transposingFirst: true)
            for row in 0..<used { for column in 0..<dimension { directions[row, column] /= values[row] } }
            self.coordinates = coordinates
            self.directions = directions
        }
        self.means = means
        // The coordinates sum to zero, so that the indicators need no centring.
        products = try Matrix.product(coordinates, indicators, transposingFirst: true)
    }

    private func shrunk(_ penalty: Double) -> Matrix<Double> {
        var shrunk = products
        for row in 0..<shrunk.rows {
            for column in 0..<shrunk.columns { shrunk[row, column] /= values[row] + penalty }
        }
        return shrunk
    }

    /// The predictions for each example by a fit without it: residual / (1 - leverage).
    func leftOut(penalty: Double) throws -> Matrix<Double> {
        var fitted = try Matrix.product(coordinates, shrunk(penalty))
        for row in 0..<fitted.rows {
            var leverage = 1 / Double(fitted.rows)
            for (column, value) in coordinates.row(row).enumerated() {
                leverage += value * value / (values[column] + penalty)
            }
            let scale = 1 / max(1 - leverage, 1e-9)
            for column in 0..<fitted.columns {
                let target = indicators[row, column]
                fitted[row, column] = target - (target - fitted[row, column] - shares[column]) * scale
            }
        }
        return fitted
    }

    /// `[classes, dimension + 1]`, with the intercepts in the last column.
    func weights(penalty: Double) throws -> Matrix<Float> {
        let weights = try Matrix.product(shrunk(penalty), directions, transposingFirst: true)
        var table = Matrix<Float>(rows: weights.rows, columns: weights.columns + 1)
        for row in 0..<weights.rows {
            var intercept = shares[row]
            for column in 0..<weights.columns {
                table[row, column] = Float(weights[row, column])
                intercept -= weights[row, column] * means[column]
            }
            table[row, weights.columns] = Float(intercept)
        }
        return table
    }
}
