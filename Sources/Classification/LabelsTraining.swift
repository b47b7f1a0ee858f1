import Foundation
import TrawlCore
import TrawlTensors
import TrawlTraining

/// The matrices of the attention of `LabelsHead`.
struct AttentionWeights: Sendable {
    var query, key, value, output: Matrix<Double>

    init(query: Matrix<Double>, key: Matrix<Double>, value: Matrix<Double>, output: Matrix<Double>) {
        (self.query, self.key, self.value, self.output) = (query, key, value, output)
    }

    /// Small random numbers, and zeros for the output.
    init(dimension: Int, stateWidth: Int, seed: UInt64 = 1) {
        var random = SplitMix64(seed: seed)
        func matrix(_ columns: Int) -> Matrix<Double> {
            var matrix = Matrix<Double>(rows: LabelsHead.rank, columns: columns)
            let bound = (3 / Double(columns)).squareRoot()
            for row in 0..<matrix.rows {
                for column in 0..<columns { matrix[row, column] = Double.random(in: -bound...bound, using: &random) }
            }
            return matrix
        }
        (query, key, value) = (matrix(dimension), matrix(stateWidth), matrix(stateWidth))
        output = Matrix(rows: LabelsHead.rank, columns: dimension)
    }
}

/// The attention at fixed weights: scores of texts, and gradients of a loss.
///
/// With c the context of a label, `[rank]`, and a = c O, both (x + a)·e and |x + a|² need only products of rank numbers:
/// x·e + c·(O e) and |x|² + 2 c·(O x) + c (O Oᵀ) c.
struct AttentionPass {
    let weights: AttentionWeights
    let descriptions: Matrix<Double>
    let bias: Matrix<Double>
    /// e Qᵀ and e Oᵀ of all descriptions, `[classes, rank]`; O Oᵀ, `[rank, rank]`.
    private let queries, outputs, gram: Matrix<Double>
    private let scale = 1 / Double(LabelsHead.rank / LabelsHead.heads).squareRoot()
    private var rank: Int { LabelsHead.rank }
    private var width: Int { LabelsHead.rank / LabelsHead.heads }

    /// What the forward pass leaves for the backward pass.
    struct Found {
        var scores: [Double] = []
        /// The states, `[tokens, width]`, their keys and values, `[tokens, rank]`.
        var states, keys, values: Matrix<Double>
        /// `[heads * classes, tokens]`
        var shares: Matrix<Double>
        /// `[classes, rank]`
        var contexts: Matrix<Double>
        /// O x, `[rank]`.
        var projected: [Double]
        /// The dot products and the lengths of each class.
        var products: [Double] = []
        var lengths: [Double] = []
    }

    /// Sums of gradients, in the shapes of the weights.
    struct Gradients {
        /// Of e Qᵀ, `[classes, rank]`: becomes that of the query at the end.
        var queries: Matrix<Double>
        var key, value, output: Matrix<Double>
        var bias: [Double]
    }

    init(_ weights: AttentionWeights, _ descriptions: Matrix<Double>, _ bias: Matrix<Double>) throws {
        self.weights = weights
        self.descriptions = descriptions
        self.bias = bias
        queries = try Matrix.product(descriptions, weights.query, transposingSecond: true)
        outputs = try Matrix.product(descriptions, weights.output, transposingSecond: true)
        gram = try Matrix.product(weights.output, weights.output, transposingSecond: true)
    }

    func scores(_ vector: [Double], _ tokens: TokenStates, _ text: Int) throws -> Found {
        let (classes, count) = (descriptions.rows, tokens.counts[text])
        var states = Matrix<Double>(rows: count, columns: tokens.width)
        let stored = tokens[text]
        for token in 0..<count {
            let row = stored[(stored.startIndex + token * tokens.width)..<(stored.startIndex + (token + 1) * tokens.width)]
            let length = max(row.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot(), 1e-12)
            for (column, value) in row.enumerated() { states[token, column] = Double(value) / length }
        }
        let keys = try Matrix.product(states, weights.key, transposingSecond: true)
        let values = try Matrix.product(states, weights.value, transposingSecond: true)
        var shares = Matrix<Double>(rows: LabelsHead.heads * classes, columns: count)
        var contexts = Matrix<Double>(rows: classes, columns: rank)
        for head in 0..<LabelsHead.heads {
            let columns = head * width..<(head + 1) * width
            for label in 0..<classes {
                let row = head * classes + label
                var greatest = -Double.infinity
                for token in 0..<count {
                    var sum = 0.0
                    for column in columns { sum += queries[label, column] * keys[token, column] }
                    shares[row, token] = sum * scale
                    greatest = max(greatest, sum * scale)
                }
                var total = 0.0
                for token in 0..<count {
                    shares[row, token] = exp(shares[row, token] - greatest)
                    total += shares[row, token]
                }
                for token in 0..<count {
                    shares[row, token] /= total
                    for column in columns { contexts[label, column] += shares[row, token] * values[token, column] }
                }
            }
        }
        var projected = [Double](repeating: 0, count: rank)
        for row in 0..<rank {
            for (column, value) in vector.enumerated() { projected[row] += weights.output[row, column] * value }
        }
        var found = Found(
            states: states, keys: keys, values: values, shares: shares, contexts: contexts, projected: projected)
        let square = vector.reduce(0) { $0 + $1 * $1 }
        for label in 0..<classes {
            let context = contexts.row(label)
            var product = dot(context, outputs.row(label))
            for (column, value) in descriptions.row(label).enumerated() { product += value * vector[column] }
            var length = square
            for (row, value) in context.enumerated() {
                length += value * (2 * projected[row] + dot(gram.row(row), context))
            }
            length = max(length, 1e-12).squareRoot()
            found.products.append(product)
            found.lengths.append(length)
            found.scores.append(product / length / LabelsHead.temperature + bias[0, label])
        }
        return found
    }

    /// Adds the gradients of a loss whose slopes by the scores are `slopes`.
    func addGradients(_ found: Found, _ vector: [Double], _ slopes: [Double], to sums: inout Gradients) throws {
        let (classes, count) = (descriptions.rows, found.states.rows)
        var byContext = Matrix<Double>(rows: classes, columns: rank)
        // Of the squared length: [rank, rank], and [rank] by O x.
        var byGram = Matrix<Double>(rows: rank, columns: rank)
        var byProjected = [Double](repeating: 0, count: rank)
        var weighted = found.contexts
        for label in 0..<classes {
            let slope = slopes[label] / LabelsHead.temperature
            let (length, product) = (found.lengths[label], found.products[label])
            let (byProduct, bySquare) = (slope / length, -0.5 * slope * product / (length * length * length))
            sums.bias[label] += slopes[label]
            let context = found.contexts.row(label)
            for row in 0..<rank {
                let value = found.contexts[label, row]
                byContext[label, row] =
                    byProduct * outputs[label, row]
                    + 2 * bySquare * (found.projected[row] + dot(gram.row(row), context))
                byProjected[row] += 2 * bySquare * value
                weighted[label, row] = byProduct * value
                for column in 0..<rank { byGram[row, column] += 2 * bySquare * value * found.contexts[label, column] }
            }
        }
        try sums.output.addProduct(weighted, descriptions, transposingFirst: true)
        try sums.output.addProduct(byGram, weights.output)
        for row in 0..<rank {
            for (column, value) in vector.enumerated() { sums.output[row, column] += byProjected[row] * value }
        }
        var byKeys = Matrix<Double>(rows: count, columns: rank)
        var byValues = Matrix<Double>(rows: count, columns: rank)
        for head in 0..<LabelsHead.heads {
            let columns = head * width..<(head + 1) * width
            for label in 0..<classes {
                let row = head * classes + label
                var byShares = [Double](repeating: 0, count: count)
                var mean = 0.0
                for token in 0..<count {
                    let share = found.shares[row, token]
                    for column in columns {
                        byShares[token] += byContext[label, column] * found.values[token, column]
                        byValues[token, column] += share * byContext[label, column]
                    }
                    mean += share * byShares[token]
                }
                for token in 0..<count {
                    let slope = found.shares[row, token] * (byShares[token] - mean) * scale
                    for column in columns {
                        sums.queries[label, column] += slope * found.keys[token, column]
                        byKeys[token, column] += slope * queries[label, column]
                    }
                }
            }
        }
        try sums.key.addProduct(byKeys, found.states, transposingFirst: true)
        try sums.value.addProduct(byValues, found.states, transposingFirst: true)
    }

    var zeroGradients: Gradients {
        Gradients(
            queries: Matrix(rows: descriptions.rows, columns: rank),
            key: Matrix(rows: rank, columns: weights.key.columns),
            value: Matrix(rows: rank, columns: weights.value.columns),
            output: Matrix(rows: rank, columns: weights.output.columns),
            bias: [Double](repeating: 0, count: descriptions.rows))
    }
}

/// Softmax cross entropy by AdamW, in batches whose order a seed gives.
struct LabelsTrainer {
    private static let batch = 32
    private static let rate: Float = 1e-3

    private let examples: ClassifierExamples
    private let tokens: TokenStates
    private let descriptions: Matrix<Float>
    private let query, key, value, output, bias: Parameter
    private let optimiser: AdamW
    private var random = SplitMix64(seed: 3)

    init(_ examples: ClassifierExamples, _ descriptions: Matrix<Float>, stateWidth: Int) throws {
        self.examples = examples
        self.descriptions = descriptions
        tokens = examples.inputs.tokens ?? TokenStates(width: stateWidth, counts: [], values: [])
        let start = AttentionWeights(dimension: descriptions.columns, stateWidth: stateWidth)
        func parameter(_ name: String, _ matrix: Matrix<Double>, isVector: Bool = false) -> Parameter {
            Parameter(
                name: name, rows: matrix.rows, columns: matrix.columns, isVector: isVector, rateFactor: 1,
                values: matrix.values.map(Float.init))
        }
        query = parameter("query", start.query)
        key = parameter("key", start.key)
        value = parameter("value", start.value)
        output = parameter("output", start.output)
        bias = parameter("bias", Matrix(rows: 1, columns: descriptions.rows), isVector: true)
        var settings = AdamW.Settings()
        settings.weightDecay = 0.1
        optimiser = AdamW([query, key, value, output, bias], settings: settings)
    }

    private func matrix(_ parameter: Parameter) throws -> Matrix<Double> {
        try Matrix(rows: parameter.rows, columns: parameter.columns, values: parameter.values.map(Double.init))
    }

    private var weights: AttentionWeights {
        get throws {
            AttentionWeights(
                query: try matrix(query), key: try matrix(key), value: try matrix(value), output: try matrix(output))
        }
    }

    func head(epochs: Int) throws -> LabelsHead {
        LabelsHead(try weights, descriptions, bias: try matrix(bias).single, epochs: epochs)
    }

    mutating func runEpoch() throws {
        var order = Array(0..<examples.count)
        order.shuffle(using: &random)
        let targets = descriptions.double
        for start in stride(from: 0, to: order.count, by: Self.batch) {
            let rows = order[start..<min(start + Self.batch, order.count)]
            let pass = try AttentionPass(weights, targets, matrix(bias))
            var sums = pass.zeroGradients
            for row in rows {
                let vector = Array(examples.vectors.row(row))
                let found = try pass.scores(vector, tokens, row)
                var slopes = Calibration.probabilities(found.scores, temperature: 1)
                slopes[examples.targets[row]] -= 1
                try pass.addGradients(found, vector, slopes.map { $0 / Double(rows.count) }, to: &sums)
            }
            let byQuery = try Matrix.product(sums.queries, targets, transposingFirst: true)
            for (parameter, gradient) in [
                (query, byQuery.values), (key, sums.key.values), (value, sums.value.values),
                (output, sums.output.values), (bias, sums.bias),
            ] { try parameter.addGradients(gradient.map(Float.init)) }
            optimiser.update(rate: Self.rate)
        }
    }
}
