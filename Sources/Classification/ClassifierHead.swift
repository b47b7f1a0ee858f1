import TrawlTensors

/// How the class of a text is computed from its vector and those of the examples.
public enum HeadKind: String, CaseIterable, Codable, Sendable {
    /// The cosine with the mean of each class.
    case centroid
    /// The votes of the nearest examples.
    case nn
    /// All examples vote by a power of their distance: a singular kernel (Devroye, Györfi and Krzyżak 1998,
    /// doi 10.1006/jmva.1997.1725), the limit of wide and deep networks (Radhakrishnan et al. 2022, arXiv 2204.14126).
    case hilbert
    /// The mean dot product with the examples of each class: one step of gradient descent from zero.
    case step
    /// Least squares with a penalty, on indicators of the classes.
    case ridge
    /// The same in the space of a kernel.
    case kernel
    /// Softmax regression.
    case logistic
    /// Attention of descriptions of the labels to the tokens of a text.
    case labels

    /// Whether a fit without an example has no formula, so that a fifth of them is held out at a time.
    var isCrossValidated: Bool { self == .logistic || self == .labels }

    /// The most examples that a head of this kind takes; nil for any number.
    public var mostExamples: Int? {
        switch self {
        case .kernel: KernelHead.mostExamples
        case .labels: LabelsHead.mostExamples
        default: nil
        }
    }

    /// Whether new examples count only after a new fit.
    public var isFitted: Bool { [.ridge, .kernel, .logistic, .labels].contains(self) }
}

/// A classifier of vectors.
protocol ClassifierHead: Sendable {
    var kind: HeadKind { get }
    /// What was chosen, by name, such as `k`.
    var settings: [String: Double] { get }
    /// What was fitted, by name; empty for a head that only looks at the examples.
    var weights: [String: Matrix<Float>] { get }

    /// The scores of all classes, which a softmax turns into probabilities, `[texts, classes]`.
    func scores(of inputs: ClassifierInputs, _ examples: ClassifierExamples) throws -> Matrix<Double>
}

/// A head with its scores of examples that it did not learn from.
struct FittedHead {
    let head: any ClassifierHead
    /// `[rows of the validation, classes]`; nil where there are none.
    let heldOut: Matrix<Double>?
}

extension Matrix<Double> {
    /// In single precision, as files have it.
    var single: Matrix<Float> { Matrix<Float>(rows: rows, columns: columns, filling: values.map(Float.init)) }
}

extension Matrix<Float> {
    init(rows: Int, columns: Int, filling values: [Float]) {
        self.init(rows: rows, columns: columns)
        for row in 0..<rows { for column in 0..<columns { self[row, column] = values[row * columns + column] } }
    }

    var double: Matrix<Double> {
        var matrix = Matrix<Double>(rows: rows, columns: columns)
        for row in 0..<rows { for column in 0..<columns { matrix[row, column] = Double(self[row, column]) } }
        return matrix
    }
}
