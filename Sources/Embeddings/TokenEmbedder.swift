internal import TrawlCore
public import TrawlModels
public import TrawlTensors
internal import TrawlTokenizers

/// Gives every token of a text a vector of length 1, for late interaction (ColBERT, Khattab and Zaharia 2020,
/// arXiv 2004.12832).
///
/// A ColBERT checkpoint projects its hidden states, marks queries and passages, and fills queries up with mask tokens, as its
/// files say. Of any other encoder the last hidden states are taken. Punctuation in passages has no vectors.
///
/// ```
/// let embedder = try TokenEmbedder(folder: "models/colbertv2.0")
/// let vectors = try embedder.passages(["Salmon migrate upstream."])
/// ```
/// It holds no state between calls and may be used from several threads at once.
public final class TokenEmbedder: Sendable {
    public let folder: String
    /// The length of a token's vector.
    public let dimension: Int
    /// Whether the model was trained for late interaction.
    public let isTrained: Bool
    /// The tokens of a passage beyond which it is cut, special ones included.
    public let maximumTokens: Int
    /// Identifies all that vectors depend on; an index stores it.
    public let digest: String

    private let layout: LateInteractionFolder
    private let encoder: any TokenEncoder
    private let pool: ThreadPool
    private var tokenizer: Tokenizer { layout.tokenizer }

    /// - Throws: `TrawlError` that names the file or tensor that is missing, damaged or does not fit.
    public init(folder: String, precision: Precision = .f32, pool: ThreadPool = .shared) throws {
        let files = try SentenceTransformersFolder(path: folder, pools: false)
        let model = try ModelFolder(path: files.transformerPath)
        guard !model.architectureName.hasSuffix("ForSequenceClassification") else {
            throw TrawlError(
                .incompatible, "\(model.architectureName) is a classifier, which has no token vectors to compare",
                path: folder, remedy: "name a ColBERT checkpoint or an embedding model")
        }
        self.folder = folder
        self.pool = pool
        let tokenizer: Tokenizer
        (encoder, tokenizer) = try pool.both(
            { try model.loadEncoder(precision: precision) }, { try model.loadTokenizer() })
        layout = try LateInteractionFolder(
            path: folder, tokenizer, model, files, hidden: encoder.hiddenSize, context: encoder.contextLength)
        isTrained = layout.isTrained
        dimension = layout.head.width(of: encoder.hiddenSize)
        maximumTokens = layout.passageLength
        var hash = StableHash()
        hash.update("token vectors")
        hash.update(model.digest)
        hash.update(tokenizer.digest)
        layout.update(&hash)
        digest = hash.hexadecimal
    }

    /// Whether a folder is a checkpoint that was trained for late interaction.
    public static func isTrained(_ model: ModelFolder) -> Bool {
        guard model.isEncoder, let files = try? SentenceTransformersFolder(path: model.path, pools: false) else {
            return false
        }
        guard let modules = files.modules else { return model.tensors.tensor(named: "linear.weight") != nil }
        return modules.contains { $0.kind == .dense } && !modules.contains { $0.kind == .pooling }
    }

    /// The vectors of passages. One of nothing but punctuation may have none.
    public func passages(_ texts: [String]) throws -> TokenVectors {
        try embed(tokenise(texts) { self.layout.input($0, .passage) })
    }

    /// The vectors of queries. Mask tokens that a query was filled up with have vectors too.
    public func queries(_ texts: [String]) throws -> TokenVectors {
        try embed(texts.map { layout.input($0, .query) })
    }

    /// The ranges of `text`, in UTF-8, of the tokens that have vectors, in the order of the vectors; empty for tokens that are
    /// no text.
    public func ranges(_ text: String, _ role: TextRole) -> [Range<Int>] {
        let input = layout.input(text, role)
        let offsets = layout.arrange(
            tokenizer.encode(layout.lowered(text)).offsets, marker: layout.marker(role) == nil ? nil : 0..<0, role)
        return input.kept.map { offsets.indices.contains($0) ? offsets[$0] : 0..<0 }
    }

    /// The tokens of each text, however long, without those that the model adds.
    public func lengths(of texts: [String]) -> [Int] {
        let added = tokenizer.encodeIDs("").count
        return tokenise(texts) { self.tokenizer.encodeIDs(self.layout.lowered($0)).count - added }
    }

    /// The tokens of the longest passage that is encoded whole, as `lengths` counts them.
    public var longestPassage: Int {
        max(1, maximumTokens - tokenizer.encodeIDs("").count - (layout.passageMarker == nil ? 0 : 1))
    }

    /// Texts side by side: at some hundred thousand that is not nothing.
    private func tokenise<Value>(_ texts: [String], _ body: @escaping (String) -> Value) -> [Value] {
        [Value](unsafeUninitializedCapacity: texts.count) { buffer, count in
            nonisolated(unsafe) let buffer = buffer
            let tile = 16
            pool.parallelFor((texts.count + tile - 1) / tile) { part in
                for index in part * tile..<min((part + 1) * tile, texts.count) {
                    buffer.initializeElement(at: index, to: body(texts[index]))
                }
            }
            count = texts.count
        }
    }

    private func embed(_ inputs: [LateInteractionInput]) throws -> TokenVectors {
        var starts = [0]
        for input in inputs { starts.append(starts[starts.count - 1] + input.kept.count) }
        let total = starts[starts.count - 1]
        var values = [Float](repeating: 0, count: total * dimension)
        // A text of which nothing is kept needs no encoder.
        let read = inputs.indices.filter { !inputs[$0].kept.isEmpty }
        let hidden = encoder.hiddenSize
        try values.withUnsafeMutableBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return }
            nonisolated(unsafe) let out = base
            let encoded = read.map { index in
                EncoderInput(
                    tokens: inputs[index].tokens,
                    visibleTokens: layout.attendsToMasks ? nil : inputs[index].textCount)
            }
            try encoder.encode(encoded, pool: pool) { index, states in
                guard let states = states.baseAddress else { return }
                let input = inputs[read[index]]
                var target = out + starts[read[index]] * dimension
                for position in input.kept {
                    layout.head.apply(states + position * hidden, hidden, into: target, pool)
                    scaleToUnitLength(target, dimension)
                    target += dimension
                }
            }
        }
        return TokenVectors(
            dimension: dimension, values: values, counts: inputs.map(\.kept.count),
            cutTexts: inputs.count(where: \.isCut))
    }
}

/// The token vectors of some texts.
public struct TokenVectors: Sendable {
    public let dimension: Int
    /// Of length 1, those of a text after the other, `[sum of counts, dimension]`.
    public let values: [Float]
    /// How many vectors each text has.
    public let counts: [Int]
    /// How many of the texts were longer than the model reads, so that their ends have no vectors.
    public let cutTexts: Int

    public init(dimension: Int, values: [Float], counts: [Int], cutTexts: Int = 0) {
        precondition(values.count == counts.reduce(0, +) * dimension)
        self.dimension = dimension
        self.values = values
        self.counts = counts
        self.cutTexts = cutTexts
    }
}

/// Zeros stay.
private func scaleToUnitLength(_ vector: UnsafeMutablePointer<Float>, _ count: Int) {
    let scale = 1 / max(Kernels.dot(vector, vector, count).squareRoot(), 1e-12)
    for d in 0..<count { vector[d] *= scale }
}

extension LateInteractionFolder.Head {
    /// The length of a vector.
    func width(of hidden: Int) -> Int {
        switch self {
        case .identity: hidden
        case .linear(let weight): weight.rows
        case .modules(let modules): modules.last?.weight.rows ?? hidden
        }
    }

    /// - Parameter state: a token's, `[hidden]`.
    fileprivate func apply(
        _ state: UnsafePointer<Float>, _ hidden: Int, into out: UnsafeMutablePointer<Float>, _ pool: ThreadPool
    ) {
        switch self {
        case .identity: out.update(from: state, count: hidden)
        case .linear(let weight): weight.multiply(state, m: 1, into: out, pool: pool)
        case .modules(let modules):
            var vector = Array(UnsafeBufferPointer(start: state, count: hidden))
            for module in modules { vector = module(vector, pool: pool) }
            for (d, value) in vector.enumerated() { out[d] = value }
        }
    }
}

extension LateInteractionFolder {
    /// Takes in everything that changes what comes out but the model's own files.
    fileprivate func update(_ hash: inout StableHash) {
        hash.update("\(queryMarker ?? 0) \(passageMarker ?? 0) \(expandedLength ?? 0) \(attendsToMasks)")
        hash.update("\(queryLength) \(passageLength) \(skipped.sorted()) \(isLowercased)")
        if case .modules(let modules) = head { for module in modules { module.update(&hash) } }
    }
}
