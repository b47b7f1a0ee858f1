public import Core
internal import Models
public import Tensors
internal import Tokenizers

/// Embeds texts with a sentence-transformers folder: modules.json names the encoder, the pooling, dense layers and the
/// normalisation; a bare Hugging Face encoder gets mean pooling and no normalisation, as sentence-transformers does.
///
/// ```
/// let embedder = try TextEmbedder(folder: "models/all-MiniLM-L6-v2")
/// let vectors = try embedder.embed(["how fish migrate"], prompt: nil, progress: .silent)
/// ```
/// It holds no state between calls and may be used from several threads at once; calls then share the pool's threads.
public final class TextEmbedder: Sendable {
    /// One of a model's layers behind the pooling.
    private struct Dense: Sendable {
        let weight: WeightMatrix
        let bias: [Float]
        let activation: Activation
    }

    public let folder: String
    /// The length of an embedding, after truncation.
    public let dimension: Int
    /// The tokens beyond which a text is cut, special ones included.
    public let maximumTokens: Int
    /// Prompts by name, such as `query`, and the name of the one used where none is given.
    public let prompts: [String: String]
    public let defaultPromptName: String?
    /// `cosine`, `dot`, `euclidean` or `manhattan`, where the folder says so.
    public let similarity: String?
    public let isNormalised: Bool
    /// Identifies weights, tokenizer, pooling and dimension; an index stores it.
    public let digest: String

    private let encoder: any TokenEncoder
    private let tokenizer: Tokenizer
    private let pooling: Pooling
    private let dense: [Dense]
    private let fullDimension: Int
    private let pool: ThreadPool

    /// - Parameters:
    ///   - truncatedTo: keeps the first so many dimensions and normalises again (Matryoshka models).
    ///   - precision: the encoder's arithmetic; `digest` does not tell, for the vectors may stand in one index.
    /// - Throws: `TrawlError` that names the file that is missing, corrupted or not supported.
    public init(
        folder: String, truncatedTo: Int? = nil, precision: Precision = .f32, pool: ThreadPool = .shared
    ) throws {
        let layout = try SentenceTransformersFolder(path: folder)
        let model = try ModelFolder(path: layout.transformerPath)
        self.folder = folder
        self.pool = pool
        // Each takes tens of milliseconds, which are most of what one query waits for.
        (encoder, tokenizer) = try pool.both(
            { try model.loadEncoder(precision: precision) }, { try model.loadTokenizer() })
        pooling = layout.pooling
        var width = encoder.hiddenSize * pooling.modes.count
        dense = try layout.densePaths.map { path in
            let configuration = try JSON(contentsOf: path + "/config.json")
            guard let inputs = configuration["in_features"]?.int, let outputs = configuration["out_features"]?.int,
                inputs == width, outputs > 0
            else {
                throw TrawlError(
                    .incompatible, "the dense layer does not take the \(width) values before it", path: path,
                    remedy: "download the folder again")
            }
            width = outputs
            let tensors = try Safetensors(path: path)
            let name = configuration["activation_function"]?.string ?? "torch.nn.modules.activation.Tanh"
            guard let activation = Activation(moduleName: name) else {
                throw TrawlError(.unsupported, "the activation '\(name)' is not supported", path: path)
            }
            let hasBias = configuration["bias"]?.bool ?? true
            return Dense(
                weight: try WeightMatrix(
                    try tensors.requiredTensor("linear.weight"), rows: outputs, columns: inputs),
                bias: hasBias
                    ? try tensors.requiredTensor("linear.bias").floats(count: outputs)
                    : [Float](repeating: 0, count: outputs), activation: activation)
        }
        fullDimension = width
        if let truncatedTo {
            guard truncatedTo > 0, truncatedTo <= width else {
                throw TrawlError(
                    .invalidInput, "the model has \(width) dimensions, not \(truncatedTo)", path: folder,
                    remedy: "ask for 1 to \(width)")
            }
        }
        dimension = truncatedTo ?? width
        isNormalised = layout.isNormalised || truncatedTo != nil
        maximumTokens = min(
            try layout.maximumTokens ?? model.tokenizerMaximum() ?? .max, encoder.contextLength)
        prompts = layout.prompts
        defaultPromptName = layout.defaultPromptName
        similarity = layout.similarity

        var hash = StableHash()
        hash.update(model.digest)
        hash.update(tokenizer.digest)
        hash.update("\(pooling.modes.map(\.rawValue)) \(pooling.includesPrompt) \(maximumTokens)")
        hash.update("\(dimension) \(isNormalised)")
        for (path, layer) in zip(layout.densePaths, dense) {
            hash.update(layer.activation.rawValue)
            try MappedFile(path: path + "/model.safetensors").withBytes { hash.update($0) }
        }
        digest = hash.hexadecimal
    }

    /// The text of the prompt called `name`.
    ///
    /// - Throws: `TrawlError.invalidInput` that lists the prompts there are.
    public func prompt(named name: String) throws -> String {
        if let text = prompts[name] { return text }
        throw TrawlError(
            .invalidInput, "the model has no prompt called '\(name)'", path: folder,
            remedy: prompts.isEmpty ? "it has none" : "use one of: " + prompts.keys.sorted().joined(separator: ", "))
    }

    /// Embeds `texts`; `prompt` is set before each (nil: the model's default prompt, if it has one).
    ///
    /// Texts longer than `maximumTokens` are cut. Work goes in batches of like length, whose memory is bounded.
    /// - Complexity: linear in tokens, but for attention, which is quadratic in a text's own.
    public func embed(
        _ texts: [String], prompt: String? = nil, progress: any ProgressReporter = .silent
    ) throws -> EmbeddingMatrix {
        let prompt = prompt ?? defaultPromptName.flatMap { prompts[$0] } ?? ""
        var values = [Float](repeating: 0, count: texts.count * dimension)
        progress.begin("embedding", total: texts.count, unit: "texts")
        defer { progress.end() }
        // Enough texts to find neighbours of like length, few enough to report progress and bound memory.
        let stretch = 2048
        for start in stride(from: 0, to: texts.count, by: stretch) {
            let part = Array(texts[start..<min(start + stretch, texts.count)])
            try values.withUnsafeMutableBufferPointer { out in
                guard let out = out.baseAddress else { return }
                try embed(part, prompt: prompt, into: out + start * dimension)
            }
            progress.advance(part.count)
        }
        return EmbeddingMatrix(count: texts.count, dimension: dimension, values: values)
    }

    private func embed(_ texts: [String], prompt: String, into out: UnsafeMutablePointer<Float>) throws {
        let inputs = tokenise(texts, prompt: prompt)
        var skipped = 0
        if !pooling.includesPrompt && !prompt.isEmpty {
            // The closing special token is not part of the prompt.
            skipped = max(0, tokenizer.encodeIDs(prompt).count - 1)
        }
        let hidden = encoder.hiddenSize
        nonisolated(unsafe) let out = out
        try encoder.encode(inputs, pool: pool) { index, states in
            var vector = [Float](repeating: 0, count: hidden * pooling.modes.count)
            let count = states.count / hidden
            vector.withUnsafeMutableBufferPointer { buffer in
                if let base = buffer.baseAddress {
                    pooling.pool(states, width: hidden, skipping: min(skipped, count - 1), into: base)
                }
            }
            for layer in dense {
                vector = layer.weight.multiply(vector, bias: layer.bias, pool: pool)
                vector.withUnsafeMutableBufferPointer { buffer in
                    if let base = buffer.baseAddress { layer.activation.apply(base, buffer.count) }
                }
            }
            let target = out + index * dimension
            for d in 0..<dimension { target[d] = vector[d] }
            if isNormalised { normalise(target) }
        }
    }

    /// Texts are tokenised side by side: at some hundred thousand texts that is not nothing.
    private func tokenise(_ texts: [String], prompt: String) -> [EncoderInput] {
        [EncoderInput](unsafeUninitializedCapacity: texts.count) { buffer, count in
            nonisolated(unsafe) let buffer = buffer
            let tile = 16
            pool.parallelFor((texts.count + tile - 1) / tile) { index in
                for text in index * tile..<min((index + 1) * tile, texts.count) {
                    let ids = tokenizer.encodeIDs(prompt + texts[text])
                    (buffer.baseAddress.map { $0 + text })?.initialize(to: EncoderInput(tokens: cut(ids)))
                }
            }
            count = texts.count
        }
    }

    /// The tokens of each text as the encoder gets them, without a prompt.
    package func tokenCounts(of texts: [String]) -> [Int] { tokenise(texts, prompt: "").map(\.tokens.count) }

    /// The operations that the encoder's products take for a text of `tokens`.
    package func operations(tokens: Int) -> Double { encoder.operations(tokens: tokens) }

    /// The first tokens and the closing special token.
    private func cut(_ ids: [TokenID]) -> [TokenID] {
        if ids.isEmpty { return [tokenizer.padID ?? 0] }
        guard ids.count > maximumTokens, let last = ids.last else { return ids }
        guard tokenizer.isSpecial(last) else { return Array(ids.prefix(maximumTokens)) }
        return ids.prefix(maximumTokens - 1) + [last]
    }

    private func normalise(_ vector: UnsafeMutablePointer<Float>) {
        let length = Kernels.dot(vector, vector, dimension).squareRoot()
        let scale = 1 / max(length, 1e-12)
        for d in 0..<dimension { vector[d] *= scale }
    }
}

extension Tensor {
    fileprivate func floats(count: Int) throws -> [Float] {
        try requireShape([count])
        return try floats()
    }
}
