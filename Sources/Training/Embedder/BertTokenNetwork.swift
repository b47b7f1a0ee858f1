public import TrawlCore
public import TrawlEmbeddings
internal import TrawlModels
internal import TrawlTensors

/// A BERT encoder with a projection of every token's state, at length 1, whose texts are compared by late interaction (ColBERT,
/// Khattab and Zaharia 2020, arXiv 2004.12832), with gradients.
///
/// Tokens of passages that searches give no vectors, such as punctuation, take no part in similarities.
public final class BertTokenNetwork: EmbedderNetwork {
    /// The folder that training began with.
    let origin: TokenEmbedderFolder
    let bert: AdaptedBert
    /// `[dimension, hidden]`.
    let head: Parameter

    /// - Parameters:
    ///   - dimension: The length of a token's vector; nil for that of the folder's head, or of a state where it has none.
    ///   - samples: Texts by whose states a projection is chosen where the folder has none and vectors are shorter than states.
    ///   - seed: Determines the adapters.
    /// - Throws: `TrawlError` that names a missing tensor, or `.unsupported` for a model of another kind; as
    ///   `TokenEmbedderFolder.dimension`.
    public init(
        _ folder: TokenEmbedderFolder, dimension: Int? = nil, samples: [[TokenID]] = [],
        adaptation: EmbedderAdaptation = .init(), seed: UInt64 = 1
    ) throws {
        bert = try AdaptedBert(folder.model, adaptation: adaptation, seed: seed)
        let dimension = try folder.dimension(wanted: dimension)
        let values =
            try folder.headValues() ?? Self.projection(bert.encoder, hidden: bert.sizes.hiddenSize, dimension, samples)
        head = Parameter(
            name: "linear.weight", rows: dimension, columns: bert.sizes.hiddenSize, isVector: false, rateFactor: 1,
            values: values)
        origin = folder
    }

    /// The identity, or the directions in which the states of texts are largest: the first eigenvectors of the sum of their
    /// outer products.
    private static func projection(
        _ encoder: TrainedEncoder, hidden: Int, _ dimension: Int, _ samples: [[TokenID]]
    ) throws -> [Float] {
        guard dimension < hidden else {
            return Matrix(diagonal: [Float](repeating: 1, count: hidden)).values
        }
        var moments = Matrix<Double>(rows: hidden, columns: hidden)
        let tape = Tape(isRecording: false)
        for part in GradientCache.parts(Array(samples.indices), of: samples, microBatch: 4096) {
            tape.clear()
            let states = tape.unitRows(encoder.states(part.map { samples[$0] }, tape))
            let matrix = try Matrix(
                rows: states.rows, columns: hidden, values: tape.values(of: states).map(Double.init))
            try moments.addProduct(matrix, matrix, transposingFirst: true)
        }
        return try moments.symmetricEigenDecomposition().vectors.values.prefix(dimension * hidden).map { Float($0) }
    }

    public var parameters: [Parameter] { bert.parameters + [head] }
    public var vocabularySize: Int { bert.sizes.vocabularySize }
    public var positions: Int { bert.sizes.contextLength }

    public func vectorCount(of text: [TokenID]) -> Int { text.count }

    public func embeddings(of texts: [[TokenID]], _ tape: Tape) -> Variable {
        tape.unitRows(tape.linear(bert.encoder.states(texts, tape), head, nil))
    }

    public func similarities(
        _ embedded: Variable, queries: [[TokenID]], passages: [[TokenID]], scale: Float, _ tape: Tape
    ) -> Variable {
        let rows = vectorRows(of: queries + passages)
        return tape.maxSim(
            embedded, queries: Array(rows[..<queries.count]),
            passages: zip(passages, rows[queries.count...]).map { text, rows in
                zip(text, rows).compactMap { origin.skipped.contains($0) ? nil : $1 }
            }, scale: scale)
    }

    /// Writes the folder in the layout of PyLate. A compact folder leaves out the weights that its base has, and the tokenizer.
    ///
    /// - Throws: `TrawlError.io` or `.full` when the folder cannot be written; `.incompatible` for weights that are not finite.
    public func write(to folder: TrainedModelFolder) throws {
        try folder.create()
        try bert.write(to: folder)
        try folder.writeTokenEmbedder(like: origin, head: head)
    }
}
