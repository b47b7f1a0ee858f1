internal import TrawlCore
public import TrawlModels
internal import TrawlTensors
internal import TrawlTokenizers

/// A Conv-KNRM ranker with gradients: see `ConvKNRM`. The word vectors are those of the model that training begins with, and stay
/// as they are.
public final class ConvKNRMNetwork: RerankerNetwork {
    public let configuration: ConvKNRMConfiguration
    /// All weights, in a fixed order, under the names of the checkpoint.
    public let parameters: [Parameter]
    private let words: Parameter
    /// By width, from one token on: the weights of the places of an n-gram, and the bias.
    private let convolutions: [(places: [Parameter], bias: Parameter)]
    private let means, deviations: Parameter
    private let output: TrainedLinear

    /// A network from the folder of a BERT model, whose word vectors it takes, or of a Conv-KNRM ranker, to train it further. What
    /// a BERT model does not have is drawn by `seed`.
    ///
    /// - Throws: `TrawlError` that names a missing tensor, or `.unsupported` for another architecture.
    public init(_ model: ModelFolder, seed: UInt64 = 1) throws {
        typealias Names = ConvKNRMConfiguration
        let isRanker = model.architecture == .convKNRM
        guard isRanker || model.architecture == .bert else {
            throw TrawlError(
                .unsupported,
                "a model of the type \(model.architectureName) has no word vectors for a Conv-KNRM ranker",
                path: model.path, remedy: "begin with a BERT encoder, such as all-MiniLM-L6-v2, or with such a ranker")
        }
        let sizes: ConvKNRMConfiguration
        if isRanker {
            sizes = try ConvKNRMConfiguration(model)
        } else {
            let bert = try EncoderConfiguration(bert: model)
            sizes = ConvKNRMConfiguration(vocabularySize: bert.vocabularySize, wordSize: bert.hiddenSize)
        }
        var made: [Parameter] = []
        var random = SplitMix64(seed: seed)
        /// The tensor of a ranker, or values that are drawn.
        func parameter(
            _ name: String, _ rows: Int, _ columns: Int, isVector: Bool = false, rate: Float, _ drawn: () -> [Float]
        ) throws -> Parameter {
            var values = drawn()
            if isRanker {
                let tensor = try model.tensors.requiredTensor(name)
                try tensor.requireShape(isVector ? [columns] : [rows, columns])
                values = try tensor.floats()
            }
            let parameter = Parameter(
                name: name, rows: rows, columns: columns, isVector: isVector, rateFactor: rate, values: values)
            made.append(parameter)
            return parameter
        }
        func uniform(_ count: Int, below bound: Float) -> [Float] {
            (0..<count).map { _ in bound * Float(2 * random.nextShare() - 1) }
        }
        func zeros(_ count: Int) -> [Float] { [Float](repeating: 0, count: count) }
        let tensor = try model.tensors.requiredTensor((isRanker ? "" : model.bertPrefix) + Names.words)
        try tensor.requireShape([sizes.vocabularySize, sizes.wordSize])
        words = Parameter(
            name: Names.words, rows: sizes.vocabularySize, columns: sizes.wordSize, isVector: false, rateFactor: 0,
            values: try tensor.floats())
        let filters = sizes.filterCount
        convolutions = try (1...sizes.largestWidth).map { width in
            let bound = 1 / Float(width * sizes.wordSize).squareRoot()
            let places = try (0..<width).map { offset in
                try parameter(Names.weight(width, offset), filters, sizes.wordSize, rate: 1) {
                    uniform(filters * sizes.wordSize, below: bound)
                }
            }
            return (places, try parameter(Names.bias(width), 1, filters, isVector: true, rate: 1) { zeros(filters) })
        }
        let kernels = sizes.kernelCount
        means = try parameter(Names.means, 1, kernels, isVector: true, rate: Self.kernelRate) {
            // -0.9 to 0.9, and 1 for equal rows.
            let width = 2 / Float(max(1, kernels - 1))
            return (0..<kernels - 1).map { -1 + width * (Float($0) + 0.5) } + [1]
        }
        deviations = try parameter(Names.deviations, 1, kernels, isVector: true, rate: Self.kernelRate) {
            [Float](repeating: 1 / Float(max(1, kernels - 1)), count: kernels - 1) + [0.001]
        }
        // Features are logarithms of up to -14 for each token of a query: small weights make a score of ordinary size.
        output = TrainedLinear(
            weight: try parameter(Names.output + ".weight", 1, sizes.featureCount, rate: Self.outputRate) {
                uniform(sizes.featureCount, below: 0.01)
            },
            bias: try parameter(Names.output + ".bias", 1, 1, isVector: true, rate: Self.outputRate) { zeros(1) })
        configuration = sizes
        parameters = [words] + made
    }

    /// Factors of the learning rate.
    private static let kernelRate: Float = 0.1, outputRate: Float = 0.1

    public var vocabularySize: Int { configuration.vocabularySize }
    public var positions: Int { .max }

    public func scores(of inputs: [EncoderInput], _ tape: Tape) -> Variable {
        var pairs: [ComparedSpans] = []
        var start = 0
        for input in inputs {
            let split = start + (input.segments.firstIndex { $0 > 0 } ?? input.tokens.count)
            let end = start + input.tokens.count
            pairs.append(ComparedSpans(query: start..<split, passage: split..<end))
            start = end
        }
        // Each distinct token is multiplied once.
        var rows: [TokenID: Int] = [:]
        var distinct: [Int] = []
        let tokens = inputs.flatMap(\.tokens).map { token in
            if let row = rows[token] { return row }
            rows[token] = distinct.count
            distinct.append(Int(token))
            return distinct.count - 1
        }
        let x = tape.embedding([(words, distinct)])
        let spans = pairs.flatMap { [$0.query, $0.passage] }
        let views = convolutions.map { places, bias in
            tape.unitRows(
                tape.ngrams(places.map { tape.linear(x, $0, nil) }, bias: bias, tokens: tokens, spans: spans))
        }
        let features = tape.kernelPooling(
            views, pairs: pairs, means: means, deviations: deviations, trained: configuration.kernelCount - 1)
        return output(features, tape)
    }

    /// Writes the folder that `ConvKNRM` reads. A compact folder leaves the word vectors and the tokenizer to its base.
    ///
    /// - Throws: `TrawlError.io` or `.full` when the folder cannot be written; `.incompatible` for weights that are not finite.
    public func write(to folder: TrainedModelFolder, beginningWith model: ModelFolder) throws {
        try folder.create()
        var writer = SafetensorsWriter()
        let base = folder.base
        for parameter in parameters
        where try !base.hasValues(of: parameter, named: ConvKNRMConfiguration.nameInBase(parameter.name)) {
            // Half precision has too few digits for kernels that are narrow.
            let storage = parameter === means || parameter === deviations ? .f32 : folder.storage
            writer.add(parameter.name, shape: parameter.shape, parameter.values, as: storage)
        }
        try writer.write(to: folder.path + "/model.safetensors")
        try folder.writeConfiguration(configuration.members)
        try folder.writeTokenizer(of: model)
    }
}
