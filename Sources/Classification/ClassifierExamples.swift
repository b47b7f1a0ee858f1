public import TrawlEmbeddings
public import TrawlTensors

/// Vectors of texts as heads take them: of length 1, in double precision.
public struct ClassifierInputs: Sendable {
    /// `[texts, dimension]`; a zero vector stays as it is.
    public let vectors: Matrix<Double>
    /// The states of the tokens, for heads that read them.
    public let tokens: TokenStates?

    public init(_ matrix: EmbeddingMatrix, tokens: TokenStates? = nil) throws {
        var values = matrix.values.map(Double.init)
        for row in 0..<matrix.count {
            let places = row * matrix.dimension..<(row + 1) * matrix.dimension
            let length = values[places].reduce(0) { $0 + $1 * $1 }.squareRoot()
            if length > 0 { for place in places { values[place] /= length } }
        }
        vectors = try Matrix(rows: matrix.count, columns: matrix.dimension, values: values)
        self.tokens = tokens
    }

    init(vectors: Matrix<Double>, tokens: TokenStates? = nil) {
        self.vectors = vectors
        self.tokens = tokens
    }

    public var count: Int { vectors.rows }

    func chosen(_ rows: [Int]) throws -> ClassifierInputs {
        ClassifierInputs(vectors: try vectors.chosen(rows), tokens: tokens?.chosen(rows))
    }

    func appending(_ other: ClassifierInputs) throws -> ClassifierInputs {
        ClassifierInputs(
            vectors: try Matrix(
                rows: count + other.count, columns: vectors.columns, values: vectors.values + other.vectors.values),
            tokens: tokens.flatMap { own in other.tokens.map { own.appending($0) } })
    }
}

/// Texts with their classes, as numbers from 0.
public struct ClassifierExamples: Sendable {
    public let inputs: ClassifierInputs
    public let targets: [Int]
    public let classes: Int
    /// How many examples each class has.
    public let counts: [Int]

    public init(_ inputs: ClassifierInputs, _ targets: [Int], classes: Int) {
        precondition(inputs.count == targets.count)
        self.inputs = inputs
        self.targets = targets
        self.classes = classes
        counts = targets.reduce(into: [Int](repeating: 0, count: classes)) { $0[$1] += 1 }
    }

    public var count: Int { targets.count }
    var vectors: Matrix<Double> { inputs.vectors }

    func chosen(_ rows: [Int]) throws -> ClassifierExamples {
        ClassifierExamples(try inputs.chosen(rows), rows.map { targets[$0] }, classes: classes)
    }

    func appending(_ other: ClassifierExamples) throws -> ClassifierExamples {
        ClassifierExamples(try inputs.appending(other.inputs), targets + other.targets, classes: classes)
    }

    /// 1 for the class of each example, else 0, `[count, classes]`.
    var indicators: Matrix<Double> {
        var matrix = Matrix<Double>(rows: count, columns: classes)
        for (row, target) in targets.enumerated() { matrix[row, target] = 1 }
        return matrix
    }

    /// The sums of the vectors of each class, `[classes, dimension]`.
    var sums: Matrix<Double> {
        var sums = Matrix<Double>(rows: classes, columns: vectors.columns)
        for (row, target) in targets.enumerated() {
            for (column, value) in vectors.row(row).enumerated() { sums[target, column] += value }
        }
        return sums
    }
}

/// The last states of the tokens of some texts.
public struct TokenStates: Sendable {
    /// The length of a state.
    public let width: Int
    /// How many tokens each text has.
    public let counts: [Int]
    /// `[sum of counts, width]`, those of a text after the other.
    public let values: [Float]
    let starts: [Int]

    public init(width: Int, counts: [Int], values: [Float]) {
        precondition(values.count == counts.reduce(0, +) * width)
        self.width = width
        self.counts = counts
        self.values = values
        starts = counts.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1) }
    }

    /// The states of one text, `[tokens, width]`.
    subscript(text: Int) -> ArraySlice<Float> { values[starts[text] * width..<starts[text + 1] * width] }

    func chosen(_ rows: [Int]) -> TokenStates {
        TokenStates(width: width, counts: rows.map { counts[$0] }, values: rows.flatMap { self[$0] })
    }

    func appending(_ other: TokenStates) -> TokenStates {
        TokenStates(width: width, counts: counts + other.counts, values: values + other.values)
    }
}

extension Matrix<Double> {
    func chosen(_ rows: [Int]) throws -> Matrix<Double> {
        try Matrix(rows: rows.count, columns: columns, values: rows.flatMap { row($0) })
    }

    /// The column of the greatest value of a row, the first of equal ones.
    func greatest(_ row: Int) -> Int {
        var best = 0
        for column in 1..<Swift.max(columns, 1) where self[row, column] > self[row, best] { best = column }
        return best
    }
}
