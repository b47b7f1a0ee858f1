import TrawlTensors

/// `centroid` and `step`: the classes are their means, whose lengths count for `step` alone.
struct MeanHead: ClassifierHead {
    let kind: HeadKind
    var settings: [String: Double] { [:] }
    var weights: [String: Matrix<Float>] { [:] }

    func scores(of inputs: ClassifierInputs, _ examples: ClassifierExamples) throws -> Matrix<Double> {
        var means = examples.sums
        for row in 0..<means.rows {
            let length = means.row(row).reduce(0) { $0 + $1 * $1 }.squareRoot()
            let scale = kind == .centroid ? length : Double(examples.counts[row])
            guard scale > 0 else { continue }
            for column in 0..<means.columns { means[row, column] /= scale }
        }
        return try Matrix.product(inputs.vectors, means, transposingSecond: true)
    }

    static func fit(_ kind: HeadKind, _ examples: ClassifierExamples, _ validation: Validation) throws -> FittedHead {
        let head = MeanHead(kind: kind)
        guard !validation.rows.isEmpty else { return FittedHead(head: head, heldOut: nil) }
        let own = try examples.inputs.chosen(validation.rows)
        var scores = try head.scores(of: own, examples)
        // Only the mean of its own class changes without an example.
        let sums = examples.sums
        for (row, target) in validation.targets.enumerated() {
            let vector = own.vectors.row(row)
            let (mutual, length) = (dot(vector, sums.row(target)), dot(vector, vector))
            let rest = mutual - length
            if kind == .step {
                scores[row, target] = rest / Double(examples.counts[target] - 1)
            } else {
                let norm = max(dot(sums.row(target), sums.row(target)) - 2 * mutual + length, 0).squareRoot()
                scores[row, target] = norm > 0 ? rest / norm : 0
            }
        }
        return FittedHead(head: head, heldOut: scores)
    }
}

func dot(_ a: ArraySlice<Double>, _ b: ArraySlice<Double>) -> Double {
    var sum = 0.0
    for (x, y) in zip(a, b) { sum += x * y }
    return sum
}
