internal import TrawlCore
public import TrawlModels
internal import TrawlTensors

/// A Conv-KNRM ranker with gradients: see `ConvKNRM`. The word vectors are those of the model that training begins with, and stay
/// as they are.
public final class ConvKNRMNetwork: RerankerNetwork {
    public let configuration: ConvKNRMConfiguration
    /// All weights, in a fixed order, under the names of the checkpoint.
    public let parameters: [Parameter]
    private let words: Parameter
    private let convolutions: [TrainedLinear]
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
        func linear(_ name: String, _ rows: Int, _ columns: Int, bound: Float, rate: Float) throws -> TrainedLinear {
            TrainedLinear(
                weight: try parameter(name + ".weight", rows, columns, rate: rate) {
                    uniform(rows * columns, below: bound)
                },
                bias: try parameter(name + ".bias", 1, rows, isVector: true, rate: rate) {
                    [Float](repeating: 0, count: rows)
                })
        }
        let tensor = try model.tensors.requiredTensor((isRanker ? "" : model.bertPrefix) + Names.words)
        try tensor.requireShape([sizes.vocabularySize, sizes.wordSize])
        words = Parameter(
            name: Names.words, rows: sizes.vocabularySize, columns: sizes.wordSize, isVector: false, rateFactor: 0,
            values: try tensor.floats())
        convolutions = try (1...sizes.largestWidth).map { width in
            let inputs = width * sizes.wordSize
            return try linear(
                Names.convolution(width), sizes.filterCount, inputs, bound: 1 / Float(inputs).squareRoot(), rate: 1)
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
        output = try linear(Names.output, 1, sizes.featureCount, bound: 0.01, rate: Self.outputRate)
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
        let x = tape.embedding([(words, inputs.flatMap { $0.tokens.map { Int($0) } })])
        let spans = pairs.flatMap { [$0.query, $0.passage] }
        let views = convolutions.enumerated().map { offset, convolution in
            tape.unitRows(convolution(tape.windows(of: x, spans: spans, width: offset + 1), tape))
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
        if base == nil { try folder.copyTokenizer(of: model) }
    }
}
