public import TrawlCore
public import TrawlTensors

/// The logits of a few tokens after prompts, such as those of "yes" and "no": what a reranker asks a decoder. Only the last
/// token of a prompt meets the output layer, and only the rows of these tokens.
public final class TokenChoice: Sendable {
    public let tokens: [TokenID]
    /// The most tokens of a prompt.
    public let contextLength: Int
    private let model: DecoderModel
    /// The rows of the output layer: [tokens, hidden].
    private let rows: [Float]

    /// The tokens of prompts that run through the layers together, at most, unless one prompt has more.
    private static let batchTokens = 2048

    /// - Throws: `TrawlError.invalidInput` for a token outside the vocabulary.
    public init(_ model: DecoderModel, tokens: [TokenID]) throws {
        let sizes = model.configuration
        for token in tokens where Int(token) >= sizes.vocabularySize {
            throw TrawlError(
                .invalidInput, "the token \(token) is not one of \(sizes.vocabularySize)",
                remedy: "tokenise with the model's own tokenizer")
        }
        self.model = model
        self.tokens = tokens
        contextLength = sizes.contextLength
        var rows = [Float](repeating: 0, count: tokens.count * sizes.hiddenSize)
        rows.withUnsafeMutableBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return }
            for (index, token) in tokens.enumerated() {
                model.weights.output.decode(row: Int(token), count: 1, into: base + index * sizes.hiddenSize)
            }
        }
        self.rows = rows
    }

    /// The logits of the tokens after each prompt, `[prompts, tokens]`. Prompts of like length run together.
    ///
    /// - Throws: `TrawlError.invalidInput` for an empty prompt, one that is longer than the context, or a token outside the
    ///   vocabulary.
    public func logits(after prompts: [[TokenID]], pool: ThreadPool = .shared) throws -> [Float] {
        for (index, prompt) in prompts.enumerated() { try check(prompt, index) }
        let sizes = model.configuration
        var result = [Float](repeating: 0, count: prompts.count * tokens.count)
        let order = prompts.indices.sorted { (prompts[$1].count, $0) < (prompts[$0].count, $1) }
        let forward = DecoderForward(model, pool: pool)
        let tree = KeyValueTree(layers: sizes.layerCount, width: sizes.keySize)
        let states = FloatBuffer()
        var start = 0
        while start < order.count {
            var batch: [TokenID] = []
            var ends: [Int] = []
            var next = start
            while next < order.count {
                let prompt = prompts[order[next]]
                if next > start, batch.count + prompt.count > Self.batchTokens { break }
                tree.appendPrompt(count: prompt.count)
                batch += prompt
                ends.append(batch.count - 1)
                next += 1
            }
            let out = states.reserve(ends.count * sizes.hiddenSize)
            forward.run(batch, in: tree, wanted: ends, into: out)
            forward.normalise(out, count: ends.count, into: out)
            rows.withUnsafeBufferPointer { rows in
                guard let rows = rows.baseAddress else { return }
                for position in ends.indices {
                    for token in tokens.indices {
                        result[order[start + position] * tokens.count + token] = Kernels.dot(
                            out + position * sizes.hiddenSize, rows + token * sizes.hiddenSize, sizes.hiddenSize)
                    }
                }
            }
            tree.truncate(to: 0)
            start = next
        }
        return result
    }

    private func check(_ prompt: [TokenID], _ index: Int) throws {
        guard !prompt.isEmpty else { throw TrawlError(.invalidInput, "prompt \(index) is empty") }
        guard prompt.count <= contextLength else {
            throw TrawlError(
                .invalidInput, "prompt \(index) has \(prompt.count) tokens, the context \(contextLength)",
                remedy: "shorten it")
        }
        if let token = prompt.first(where: { Int($0) >= model.configuration.vocabularySize }) {
            throw TrawlError(
                .invalidInput,
                "prompt \(index) has the token \(token), the vocabulary \(model.configuration.vocabularySize)",
                remedy: "tokenise with the model's own tokenizer")
        }
    }
}
