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
    /// e Qᵀ / √width and e Oᵀ of all descriptions, `[classes, rank]`; O Oᵀ, `[rank, rank]`.
    private let queries, outputs, gram: Matrix<Double>
    private let scale = 1 / Double(LabelsHead.rank / LabelsHead.heads).squareRoot()
    private var rank: Int { LabelsHead.rank }
    private var width: Int { LabelsHead.rank / LabelsHead.heads }

    /// What the forward pass leaves for the backward pass.
    struct Found {
        var scores: [Double] = []
        /// The states, `[tokens, width]`, their keys and values, `[tokens, rank]`.
        let states, keys, values: Matrix<Double>
        /// `[heads * classes, tokens]`
        let shares: [Double]
        /// c and c (O Oᵀ), `[classes, rank]`.
        let contexts, turned: Matrix<Double>
        /// O x, `[1, rank]`.
        let projected: Matrix<Double>
        /// The dot products and the lengths of each class.
        var products: [Double] = []
        var lengths: [Double] = []
    }

    /// Sums of gradients, in the shapes of the weights.
    struct Gradients {
        /// Of e Qᵀ, `[classes, rank]`: that of the query is its product with the descriptions.
        var queries: Matrix<Double>
        var key, value, output: Matrix<Double>
        var bias: [Double]
    }

    init(_ weights: AttentionWeights, _ descriptions: Matrix<Double>, _ bias: Matrix<Double>) throws {
        self.weights = weights
        self.descriptions = descriptions
        self.bias = bias
        var queries = Matrix<Double>(rows: descriptions.rows, columns: LabelsHead.rank)
        try queries.addProduct(descriptions, weights.query, transposingSecond: true, scale: scale, keeping: 0)
        self.queries = queries
        outputs = try Matrix.product(descriptions, weights.output, transposingSecond: true)
        gram = try Matrix.product(weights.output, weights.output, transposingSecond: true)
    }

    func scores(_ vector: [Double], _ tokens: TokenStates, _ text: Int) throws -> Found {
        let classes = descriptions.rows
        let states = try tokens.directions(of: text)
        let keys = try Matrix.product(states, weights.key, transposingSecond: true)
        let values = try Matrix.product(states, weights.value, transposingSecond: true)
        let (shares, contexts) = try attend(keys, values)
        let vectors = try Matrix(rows: 1, columns: vector.count, values: vector)
        let cosines = try Matrix.product(vectors, descriptions, transposingSecond: true)
        var found = Found(
            states: states, keys: keys, values: values, shares: shares, contexts: contexts,
            turned: try Matrix.product(contexts, gram),
            projected: try Matrix.product(vectors, weights.output, transposingSecond: true))
        let square = vector.reduce(0) { $0 + $1 * $1 }
        for label in 0..<classes {
            var (product, length) = (cosines[0, label], square)
            for row in 0..<rank {
                let value = contexts[label, row]
                product += value * outputs[label, row]
                length += value * (2 * found.projected[0, row] + found.turned[label, row])
            }
            length = max(length, 1e-12).squareRoot()
            found.products.append(product)
            found.lengths.append(length)
            found.scores.append(product / length / LabelsHead.temperature + bias[0, label])
        }
        return found
    }

    /// The shares of the tokens for each head and label, and what they make of the values.
    private func attend(
        _ keys: Matrix<Double>, _ values: Matrix<Double>
    ) throws -> (shares: [Double], contexts: Matrix<Double>) {
        let (classes, count) = (descriptions.rows, keys.rows)
        var shares = [Double](repeating: 0, count: LabelsHead.heads * classes * count)
        var contexts = [Double](repeating: 0, count: classes * rank)
        queries.values.withUnsafeBufferPointer { queries in
            keys.values.withUnsafeBufferPointer { keys in
                values.values.withUnsafeBufferPointer { values in
                    for head in 0..<LabelsHead.heads {
                        for label in 0..<classes {
                            let row = (head * classes + label) * count
                            let own = label * rank + head * width
                            var greatest = -Double.infinity
                            for token in 0..<count {
                                let other = token * rank + head * width
                                var sum = 0.0
                                for column in 0..<width { sum += queries[own + column] * keys[other + column] }
                                shares[row + token] = sum
                                greatest = max(greatest, sum)
                            }
                            var total = 0.0
                            for place in row..<row + count {
                                shares[place] = exp(shares[place] - greatest)
                                total += shares[place]
                            }
                            for token in 0..<count {
                                shares[row + token] /= total
                                let (share, other) = (shares[row + token], token * rank + head * width)
                                for column in 0..<width { contexts[own + column] += share * values[other + column] }
                            }
                        }
                    }
                }
            }
        }
        return (shares, try Matrix(rows: classes, columns: rank, values: contexts))
    }

    /// Adds the gradients of a loss whose slopes by the scores are `slopes`.
    func addGradients(_ found: Found, _ vector: [Double], _ slopes: [Double], to sums: inout Gradients) throws {
        let classes = descriptions.rows
        var byContext = [Double](repeating: 0, count: classes * rank)
        var byProjected = Matrix<Double>(rows: 1, columns: rank)
        // The contexts times the slopes of the dot product and of the squared length.
        var (byProducts, bySquares) = (found.contexts, found.contexts)
        for label in 0..<classes {
            let slope = slopes[label] / LabelsHead.temperature
            let length = found.lengths[label]
            let byProduct = slope / length
            let bySquare = -slope * found.products[label] / (length * length * length)
            sums.bias[label] += slopes[label]
            for row in 0..<rank {
                let value = found.contexts[label, row]
                byContext[label * rank + row] =
                    byProduct * outputs[label, row]
                    + bySquare * (found.projected[0, row] + found.turned[label, row])
                byProjected[0, row] += bySquare * value
                byProducts[label, row] = byProduct * value
                bySquares[label, row] = bySquare * value
            }
        }
        try sums.output.addProduct(byProducts, descriptions, transposingFirst: true)
        let byGram = try Matrix.product(found.contexts, bySquares, transposingFirst: true)
        try sums.output.addProduct(byGram, weights.output)
        let vectors = try Matrix(rows: 1, columns: vector.count, values: vector)
        try sums.output.addProduct(byProjected, vectors, transposingFirst: true)
        try addAttentionGradients(found, byContext, to: &sums)
    }

    private func addAttentionGradients(_ found: Found, _ byContext: [Double], to sums: inout Gradients) throws {
        let (classes, count) = (descriptions.rows, found.states.rows)
        var byKeys = [Double](repeating: 0, count: count * rank)
        var byValues = byKeys
        var byQueries = [Double](repeating: 0, count: classes * rank)
        var byShares = [Double](repeating: 0, count: count)
        queries.values.withUnsafeBufferPointer { queries in
            found.keys.values.withUnsafeBufferPointer { keys in
                found.values.values.withUnsafeBufferPointer { values in
                    for head in 0..<LabelsHead.heads {
                        for label in 0..<classes {
                            let row = (head * classes + label) * count
                            let own = label * rank + head * width
                            var mean = 0.0
                            for token in 0..<count {
                                let (share, other) = (found.shares[row + token], token * rank + head * width)
                                var sum = 0.0
                                for column in 0..<width {
                                    sum += byContext[own + column] * values[other + column]
                                    byValues[other + column] += share * byContext[own + column]
                                }
                                byShares[token] = sum
                                mean += share * sum
                            }
                            for token in 0..<count {
                                let slope = found.shares[row + token] * (byShares[token] - mean)
                                let other = token * rank + head * width
                                for column in 0..<width {
                                    byQueries[own + column] += slope * scale * keys[other + column]
                                    byKeys[other + column] += slope * queries[own + column]
                                }
                            }
                        }
                    }
                }
            }
        }
        for label in 0..<classes {
            for row in 0..<rank { sums.queries[label, row] += byQueries[label * rank + row] }
        }
        try sums.key.addProduct(
            Matrix(rows: count, columns: rank, values: byKeys), found.states, transposingFirst: true)
        try sums.value.addProduct(
            Matrix(rows: count, columns: rank, values: byValues), found.states, transposingFirst: true)
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

extension TokenStates {
    /// The states of a text at length 1, `[tokens, width]`.
    func directions(of text: Int) throws -> Matrix<Double> {
        var values = self[text].map(Double.init)
        for token in 0..<counts[text] {
            let places = token * width..<(token + 1) * width
            let length = values[places].reduce(0) { $0 + $1 * $1 }.squareRoot()
            for place in places { values[place] /= max(length, 1e-12) }
        }
        return try Matrix(rows: counts[text], columns: width, values: values)
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
