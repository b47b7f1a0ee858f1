import Foundation
import TrawlCore
import TrawlTensors
import TrawlTraining

/// `labels`: descriptions of the labels attend to the states of a text's tokens, and what they find moves the text's vector
/// (after CrossTune, arXiv 2403.12468). The encoder stays as it is.
///
///     a_c     = sum over heads of softmax((e_c Q_h)(H K_h)ᵀ / √width) H V_h O_h
///     score_c = cos(x + a_c, e_c) / 0.05 + bias_c
///
/// O starts at zero: the training begins at the nearest description, and may end there.
struct LabelsHead: ClassifierHead {
    /// `[classes, dimension]`, of length 1.
    let descriptions: Matrix<Float>
    /// `[rank, dimension]`, `[rank, width]` twice, `[rank, dimension]`: inputs of each product in rows.
    let query, key, value, output: Matrix<Float>
    /// `[1, classes]`
    let bias: Matrix<Float>
    let epochs: Int

    var kind: HeadKind { .labels }
    var settings: [String: Double] { ["epochs": Double(epochs)] }
    var weights: [String: Matrix<Float>] {
        ["descriptions": descriptions, "query": query, "key": key, "value": value, "output": output, "bias": bias]
    }

    static let rank = 32
    static let heads = 4
    static let temperature = 0.05
    static let mostEpochs = 30
    /// More examples take too long, and need no descriptions.
    static let mostExamples = 2_000

    /// The nearest description, without examples.
    init(descriptions: Matrix<Float>, stateWidth: Int) {
        self.descriptions = descriptions
        let start = AttentionWeights(dimension: descriptions.columns, stateWidth: stateWidth)
        (query, key, value, output) = (start.query.single, start.key.single, start.value.single, start.output.single)
        bias = Matrix(rows: 1, columns: descriptions.rows)
        epochs = 0
    }

    init(_ weights: AttentionWeights, _ descriptions: Matrix<Float>, bias: Matrix<Float>, epochs: Int) {
        self.descriptions = descriptions
        (query, key) = (weights.query.single, weights.key.single)
        (value, output) = (weights.value.single, weights.output.single)
        self.bias = bias
        self.epochs = epochs
    }

    init(stored: [String: Matrix<Float>], epochs: Int) {
        func matrix(_ name: String) -> Matrix<Float> { stored[name] ?? Matrix(rows: 0, columns: 0) }
        (descriptions, bias) = (matrix("descriptions"), matrix("bias"))
        (query, key, value, output) = (matrix("query"), matrix("key"), matrix("value"), matrix("output"))
        self.epochs = epochs
    }

    private var attention: AttentionWeights {
        AttentionWeights(query: query.double, key: key.double, value: value.double, output: output.double)
    }

    func scores(of inputs: ClassifierInputs, _ examples: ClassifierExamples) throws -> Matrix<Double> {
        guard let tokens = inputs.tokens else {
            throw TrawlError(.invalidInput, "the head 'labels' reads texts, not only their vectors")
        }
        guard tokens.width == key.columns else {
            throw TrawlError(
                .incompatible, "the states of tokens have \(tokens.width) dimensions, the head reads \(key.columns)")
        }
        let pass = try AttentionPass(attention, descriptions.double, bias.double)
        var scores = Matrix<Double>(rows: inputs.count, columns: descriptions.rows)
        for row in 0..<inputs.count {
            let found = try pass.scores(Array(inputs.vectors.row(row)), tokens, row)
            for column in 0..<scores.columns { scores[row, column] = found.scores[column] }
        }
        return scores
    }

    /// Trains the attention for as many epochs as cross-validation finds best, perhaps none.
    ///
    /// - Parameter known: The epochs, where they were found before.
    static func fit(
        _ examples: ClassifierExamples, _ descriptions: Matrix<Float>, _ validation: Validation,
        epochs known: Int? = nil
    ) throws -> FittedHead {
        guard let tokens = examples.inputs.tokens else {
            throw TrawlError(.invalidInput, "the head 'labels' reads texts, not only their vectors")
        }
        let zeroShot = LabelsHead(descriptions: descriptions, stateWidth: tokens.width)
        func trained(_ epochs: Int) throws -> LabelsHead {
            guard epochs > 0, examples.count > 0 else { return zeroShot }
            var trainer = try LabelsTrainer(examples, descriptions, stateWidth: tokens.width)
            for _ in 0..<epochs { try trainer.runEpoch() }
            return try trainer.head(epochs: epochs)
        }
        if let known { return FittedHead(head: try trained(min(known, mostEpochs)), heldOut: nil) }
        guard !validation.rows.isEmpty else { return FittedHead(head: zeroShot, heldOut: nil) }
        var found = try [Matrix<Double>](
            repeating: zeroShot.scores(of: examples.inputs.chosen(validation.rows), examples), count: mostEpochs + 1)
        for fold in validation.usedFolds {
            let training = try examples.chosen((0..<examples.count).filter { validation.folds[$0] != fold })
            let places = validation.rows.indices.filter { validation.folds[validation.rows[$0]] == fold }
            let inputs = try examples.inputs.chosen(places.map { validation.rows[$0] })
            var trainer = try LabelsTrainer(training, descriptions, stateWidth: tokens.width)
            for epoch in 1...mostEpochs {
                try trainer.runEpoch()
                let scores = try trainer.head(epochs: epoch).scores(of: inputs, training)
                for (row, place) in places.enumerated() {
                    for column in 0..<scores.columns { found[epoch][place, column] = scores[row, column] }
                }
            }
        }
        let best = validation.best(found)
        return FittedHead(head: try trained(best), heldOut: found[best])
    }
}
