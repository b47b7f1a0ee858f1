internal import TrawlCore
public import TrawlTensors

/// The sizes of an encoder, and what its layers have and have not.
public struct EncoderConfiguration: Sendable, Equatable {
    public var vocabularySize: Int
    public var hiddenSize: Int
    public var layerCount: Int
    public var headCount: Int
    public var headDimension: Int
    public var feedForwardSize: Int
    /// The longest input in tokens.
    public var contextLength: Int
    /// The kinds of segments that the model tells apart; 0 when it tells none.
    public var segmentCount = 0
    public var epsilon: Float
    public var activation: Activation
    /// Whether the feed-forward block multiplies its activated half by a second one (Shazeer 2020, arXiv 2002.05202).
    public var isGated = false
    /// Whether a block's input is normed, or else its sum with the input.
    public var isPreNormed = false
    /// Whether scores are divided by the root of a head's dimension.
    public var isScaled = true
    /// How many products a score is the sum of; it is divided by the root of their number too.
    public var scoreTerms = 1
    /// The row of the first token's position: 0, or one above the padding id in RoBERTa's models.
    public var firstPosition = 0
    /// What the tokens' embeddings are multiplied by before positions are added.
    public var embeddingScale: Float = 1

    /// The values of all heads together.
    public var attentionSize: Int { headCount * headDimension }
    /// What scores are multiplied by.
    var scoreScale: Float { isScaled ? 1 / Float(headDimension * scoreTerms).squareRoot() : 1 }

    /// The longest input where nothing in the model bounds it.
    static let unboundedContext = 1 << 15
    /// The greatest distance for which a table of relative positions is made.
    static let greatestDistance = 1 << 16
}

/// Reads the members of an encoder's config.json, which families name differently.
struct EncoderSettings {
    let model: ModelFolder
    private var path: String { model.configurationPath }

    subscript(_ name: String) -> JSON? { model.configuration[name] }

    /// The first of `names` that is there.
    func size(_ names: String...) throws -> Int {
        try model.size(names.first { self[$0] != nil } ?? names[0])
    }

    /// The first of `names` that is there, a number of layers that the tensors can have.
    func layers(_ names: String...) throws -> Int {
        try model.layers(names.first { self[$0] != nil } ?? names[0])
    }

    /// `hiddenSize / headCount`.
    func headDimension(hidden: Int, heads: Int) throws -> Int {
        guard hidden % heads == 0 else { throw corrupted("\(hidden) hidden units do not divide into \(heads) heads") }
        return hidden / heads
    }

    func activation(_ name: String?) throws -> Activation {
        let name = name ?? "gelu"
        guard let activation = Activation(configurationName: name) else {
            throw unsupported("the activation '\(name)' is not supported")
        }
        return activation
    }

    /// - Throws: `TrawlError.corrupted` for a number that norms cannot divide by.
    func epsilon(_ names: String..., default standard: Double) throws -> Float {
        let value = names.lazy.compactMap { self[$0]?.double }.first ?? standard
        guard value >= 0, value < 1 else { throw corrupted("the epsilon \(value) of the norms is impossible") }
        return Float(value)
    }

    /// - Throws: `TrawlError.unsupported` where the member is there and neither `value` nor null.
    func require(_ name: String, _ value: JSON) throws {
        guard let found = self[name], found != value else { return }
        let text = found.string ?? found.bool?.description ?? found.double?.description ?? "something else"
        throw unsupported("'\(name)' is \(text), which is not supported")
    }

    func corrupted(_ message: String) -> TrawlError {
        TrawlError(.corrupted, message, path: path, remedy: "download the file again")
    }

    func unsupported(_ message: String) -> TrawlError { TrawlError(.unsupported, message, path: path) }
}
