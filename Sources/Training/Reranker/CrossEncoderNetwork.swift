internal import TrawlCore
public import TrawlModels
internal import TrawlTensors

/// A BERT encoder with a score of the first token's state, with gradients (Nogueira and Cho 2019, arXiv 1901.04085); the network
/// that transformers calls `BertForSequenceClassification`, with one label.
public final class CrossEncoderNetwork: RerankerNetwork {
    /// What training changes, as factors of the learning rate.
    public struct Rates: Codable, Sendable, Equatable {
        public var encoder: Float = 1
        /// How many of the encoder's last layers are trained; nil for all.
        public var layers: Int?
        /// The layers after the encoder, which begin far from their purpose.
        public var head: Float = 10

        public init() {}
    }

    /// The same as that of inference.
    public let configuration: EncoderConfiguration
    /// All weights, in a fixed order, under the names of the checkpoint.
    public let parameters: [Parameter]
    private let encoder: TrainedEncoder
    private let pooler: TrainedLinear
    private let classifier: TrainedLinear

    /// A network from the folder of a BERT encoder, or of a cross-encoder with one label, to train it further. A head that is
    /// missing is drawn by `seed`.
    ///
    /// - Throws: `TrawlError` that names a missing tensor, or `.unsupported` for another architecture.
    public init(_ model: ModelFolder, rates: Rates = Rates(), seed: UInt64 = 1) throws {
        guard model.architecture == .bert else {
            throw TrawlError(
                .unsupported, "a model of the type \(model.architectureName) cannot be trained as a cross-encoder",
                path: model.path, remedy: "begin with a BERT encoder or cross-encoder, such as all-MiniLM-L6-v2")
        }
        let sizes = try EncoderConfiguration(bert: model)
        try sizes.requireTrainableBert(model)
        let hidden = sizes.hiddenSize
        let reader = BertParameterReader(model)
        let bert = BertParameterReader.Half(
            sizes: sizes, prefix: CrossEncoderNames.prefix, origin: model.bertPrefix)
        encoder = TrainedEncoder(
            embedding: try reader.embedding(bert, words: try reader.words(bert, rate: 0), normRate: 0),
            layers: try reader.layers(bert, last: rates.layers ?? sizes.layerCount, rate: rates.encoder))
        var random = SplitMix64(seed: seed)
        func drawn(_ name: String, _ rows: Int) -> TrainedLinear {
            TrainedLinear(
                weight: reader.made(
                    name + ".weight", rows: rows, columns: hidden, isVector: false, rate: rates.head,
                    random.normal(rows * hidden, deviation: 0.02)),
                bias: reader.made(
                    name + ".bias", rows: 1, columns: rows, isVector: true, rate: rates.head,
                    [Float](repeating: 0, count: rows)))
        }
        let pooler = CrossEncoderNames.pooler
        let hasPooler = model.tensors.tensor(named: bert.origin + pooler + ".weight") != nil
        self.pooler =
            hasPooler
            ? try reader.linear(bert, pooler, hidden, hidden, rates.head)
            : drawn(CrossEncoderNames.prefix + pooler, hidden)
        let output = CrossEncoderNames.output
        if let tensor = model.tensors.tensor(named: output + ".weight") {
            guard tensor.shape.first == 1 else {
                throw TrawlError(
                    .incompatible, "the model has \(tensor.shape.first ?? 0) labels, a reranker one", path: model.path,
                    remedy: "begin with a cross-encoder with one label, or with an encoder")
            }
            let whole = BertParameterReader.Half(sizes: sizes, prefix: "", origin: "")
            classifier = try reader.linear(whole, output, 1, hidden, rates.head)
        } else {
            classifier = drawn(output, 1)
        }
        configuration = sizes
        parameters = reader.parameters
    }

    public var vocabularySize: Int { configuration.vocabularySize }
    public var positions: Int { configuration.contextLength }

    public func scores(of inputs: [EncoderInput], _ tape: Tape) -> Variable {
        let sequences = inputs.map(\.tokens)
        let segments = inputs.flatMap { input in
            input.tokens.indices.map { $0 < input.segments.count ? Int(input.segments[$0]) : 0 }
        }
        // The head reads the first tokens alone.
        let first = encoder.firstStates(sequences, segments: segments, tape)
        return classifier(tape.tanh(pooler(first, tape)), tape)
    }

    /// Writes the network in the layout that transformers' `BertForSequenceClassification` and sentence-transformers'
    /// `CrossEncoder` load: config.json, model.safetensors and the files of the tokenizer. A compact folder leaves out every
    /// tensor whose values its base has, and the tokenizer.
    ///
    /// - Throws: `TrawlError.io` or `.full` when the folder cannot be written; `.incompatible` for weights that are not finite.
    public func write(to folder: TrainedModelFolder, beginningWith model: ModelFolder) throws {
        try folder.create()
        var writer = SafetensorsWriter()
        writer.metadata["format"] = "pt"
        let base = folder.base
        for parameter in parameters
        where try !base.hasValues(of: parameter, named: CrossEncoderNames.nameInBase(parameter.name)) {
            writer.add(parameter.name, shape: parameter.shape, parameter.values, as: folder.storage)
        }
        try writer.write(to: folder.path + "/model.safetensors")
        try folder.writeConfiguration(configuration.crossEncoderMembers)
        try folder.writeTokenizer(of: model)
    }
}

extension SplitMix64 {
    /// Numbers of a normal distribution around 0 (Box and Muller 1958, doi 10.1214/aoms/1177706645).
    fileprivate mutating func normal(_ count: Int, deviation: Double) -> [Float] {
        (0..<count).map { _ in
            let radius = (-2 * logarithm(max(nextShare(), 1e-12))).squareRoot()
            return Float(deviation * radius * cosine(2 * .pi * nextShare()))
        }
    }
}
