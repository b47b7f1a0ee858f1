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

    /// The logits of the tokens after each prompt, `[prompts, tokens]`. Prompts of like length run together; a long
    /// beginning that all share is computed once.
    ///
    /// - Throws: `TrawlError.invalidInput` for an empty prompt, one that is longer than the context, or a token outside the
    ///   vocabulary.
    public func logits(after prompts: [[TokenID]], pool: ThreadPool = .shared) throws -> [Float] {
        for (index, prompt) in prompts.enumerated() { try check(prompt, index) }
        var result = [Float](repeating: 0, count: prompts.count * tokens.count)
        let run = Run(model, pool)
        let shared = sharedPrefix(prompts)
        if shared > 0 {
            run.begin(Array(prompts[0][..<shared]))
            for (index, prompt) in prompts.enumerated() {
                write(run.states(after: prompt, shared: shared), of: [index], to: &result)
            }
            return result
        }
        let order = prompts.indices.sorted { (prompts[$1].count, $0) < (prompts[$0].count, $1) }
        var start = 0
        while start < order.count {
            var next = start
            var count = 0
            while next < order.count {
                count += prompts[order[next]].count
                if next > start, count > Self.batchTokens { break }
                next += 1
            }
            let batch = Array(order[start..<next])
            write(run.states(after: batch.map { prompts[$0] }), of: batch, to: &result)
            start = next
        }
        return result
    }

    /// How many tokens all prompts begin with that are worth computing once; 0 for none. Prompts that share them run one by
    /// one, so that both what is shared and what is left must be long.
    private func sharedPrefix(_ prompts: [[TokenID]]) -> Int {
        guard !model.configuration.isBidirectional, prompts.count > 1, let first = prompts.first else { return 0 }
        var count = first.count - 1
        for prompt in prompts.dropFirst() {
            count = min(count, prompt.count - 1)
            count = zip(first[..<count], prompt).prefix { $0 == $1 }.count
        }
        let rest = prompts.reduce(0) { $0 + $1.count - count } / prompts.count
        return count >= Self.leastShared && rest >= Self.leastShared && 4 * count >= rest ? count : 0
    }

    private static let leastShared = 48

    /// Writes the logits of prompts by the states of their last tokens, `[prompts, hidden]`.
    private func write(_ states: UnsafePointer<Float>, of prompts: [Int], to result: inout [Float]) {
        let hidden = model.configuration.hiddenSize
        rows.withUnsafeBufferPointer { rows in
            guard let rows = rows.baseAddress else { return }
            for (position, prompt) in prompts.enumerated() {
                for token in tokens.indices {
                    result[prompt * tokens.count + token] = Kernels.dot(
                        states + position * hidden, rows + token * hidden, hidden)
                }
            }
        }
    }

    /// The passes over one list of prompts.
    private final class Run {
        private let hidden: Int
        private let forward: DecoderForward
        private let tree: KeyValueTree
        private let states = FloatBuffer()

        init(_ model: DecoderModel, _ pool: ThreadPool) {
            hidden = model.configuration.hiddenSize
            forward = DecoderForward(model, pool: pool)
            tree = KeyValueTree(layers: model.configuration.layerCount, width: model.configuration.keySize)
        }

        /// The normed states of the prompts' last tokens, `[prompts, hidden]`; valid until the next call.
        func states(after prompts: [[TokenID]]) -> UnsafePointer<Float> {
            var ends: [Int] = []
            var count = 0
            for prompt in prompts {
                tree.appendPrompt(count: prompt.count)
                count += prompt.count
                ends.append(count - 1)
            }
            defer { tree.truncate(to: 0) }
            return states(of: prompts.flatMap { $0 }, ends)
        }

        /// Computes the beginning of all prompts that follow.
        func begin(_ tokens: [TokenID]) {
            tree.appendPrompt(count: tokens.count)
            forward.run(tokens, in: tree, wanted: [], into: states.reserve(hidden))
        }

        /// The normed state of the last token of a prompt whose first `shared` tokens `begin` computed.
        func states(after prompt: [TokenID], shared: Int) -> UnsafePointer<Float> {
            tree.appendPrompt(count: prompt.count)
            tree.reserve(keeping: shared)
            tree.copyFirst(shared, to: shared)
            defer { tree.truncate(to: shared) }
            return states(of: Array(prompt[shared...]), [prompt.count - shared - 1])
        }

        private func states(of tokens: [TokenID], _ wanted: [Int]) -> UnsafePointer<Float> {
            let out = states.reserve(wanted.count * hidden)
            forward.run(tokens, in: tree, wanted: wanted, into: out)
            forward.normalise(out, count: wanted.count, into: out)
            return UnsafePointer(out)
        }
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
