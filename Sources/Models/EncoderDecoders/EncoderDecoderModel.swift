public import TrawlCore
public import TrawlTensors

/// The sizes of an encoder-decoder, and the tokens that its texts begin and end with.
public struct EncoderDecoderConfiguration: Sendable, Equatable {
    public let encoder: EncoderConfiguration
    /// `contextLength` counts what is written, the start token included.
    public let decoder: EncoderConfiguration
    /// What the decoder reads first.
    public let startToken: TokenID
    public let endToken: TokenID
    public let forcedFirstToken: TokenID?
    /// What transformers fills batches with; read only for two BERT models, whose configuration training writes.
    public var paddingToken: TokenID = 0
}

/// An encoder-decoder (Vaswani et al. 2017, arXiv 1706.03762): an encoder reads the prompt, and a decoder writes while it
/// attends to what it has written and to the encoder's states. What tells the families apart is data
/// (`EncoderDecoderConfiguration`, `EncoderDecoderWeights`); the passes are shared.
public final class EncoderDecoderModel: GenerativeModel {
    public let configuration: EncoderDecoderConfiguration
    public var vocabularySize: Int { configuration.decoder.vocabularySize }
    public var startTokens: [TokenID] { [configuration.startToken] }
    public var endToken: TokenID? { configuration.endToken }
    public var forcedFirstToken: TokenID? { configuration.forcedFirstToken }
    let encoder: EncoderModel
    let weights: EncoderDecoderWeights

    /// What a family's loader gives.
    typealias Parts = (
        encoder: EncoderModel, configuration: EncoderDecoderConfiguration, weights: EncoderDecoderWeights
    )

    /// - Throws: `TrawlError` that names a missing tensor, or one whose shape contradicts config.json; `.incompatible` for
    ///   another kind of model.
    public init(_ model: ModelFolder, precision: Precision = .f32) throws {
        switch model.architecture {
        case .encoderDecoder: (encoder, configuration, weights) = try BertEncoderDecoder.load(model, precision)
        case .bart, .mbart: (encoder, configuration, weights) = try Bart.load(model, precision)
        case .t5 where model.isEncoderDecoder:
            (encoder, configuration, weights) = try T5EncoderDecoder.load(model, precision)
        default:
            throw TrawlError(
                .incompatible, "\(model.architectureName) is no encoder-decoder", path: model.path,
                remedy: "name an encoder-decoder of two BERT models, a BART or a T5")
        }
        for token in [configuration.startToken, configuration.endToken, configuration.forcedFirstToken ?? 0]
        where Int(token) >= configuration.decoder.vocabularySize {
            throw TrawlError(
                .corrupted, "the start or end token \(token) is none of \(configuration.decoder.vocabularySize)",
                path: model.configurationPath,
                remedy: "correct decoder_start_token_id, eos_token_id or forced_bos_token_id")
        }
    }

    public func makeSession(pool: ThreadPool) -> any DecodingSession { EncoderDecoderSession(self, pool: pool) }
}
