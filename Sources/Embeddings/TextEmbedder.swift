public import TrawlCore
internal import TrawlModels
public import TrawlTensors
internal import TrawlTokenizers

/// Embeds texts with a sentence-transformers folder: modules.json names the encoder and the chain of modules behind it; a
/// bare Hugging Face encoder gets mean pooling and no normalisation, as sentence-transformers does.
///
/// ```
/// let embedder = try TextEmbedder(folder: "models/all-MiniLM-L6-v2")
/// let vectors = try embedder.embed(["how fish migrate"], prompt: nil, progress: .silent)
/// ```
/// It holds no state between calls and may be used from several threads at once; calls then share the pool's threads.
public final class TextEmbedder: Sendable {
    public let folder: String
    /// The length of an embedding, after truncation.
    public let dimension: Int
    /// The tokens beyond which a text is cut, special ones included.
    public let maximumTokens: Int
    /// Prompts by name, such as `query`, and the name of the one used where none is given.
    public let prompts: [String: String]
    public let defaultPromptName: String?
    /// The published way of putting queries and passages that the model's own prompts or its name tell of.
    public let template: InstructionTemplate?
    /// How embeddings are compared, where the folder says so.
    public let similarity: Similarity?
    /// Whether embeddings have length 1.
    public let isNormalised: Bool
    /// Identifies all that embeddings depend on but the prompts that callers give; an index stores it.
    public let digest: String

    private let encoder: any TokenEncoder
    private let tokenizer: Tokenizer
    private let chain: EmbeddingChain
    private let isLowercased: Bool
    /// What a text ends in although the tokenizer does not add it.
    private let endToken: TokenID?
    private let prefixes: PrefixedEncoders
    private let pool: ThreadPool

    /// - Parameters:
    ///   - truncatedTo: keeps the first so many dimensions (Matryoshka models, Kusupati et al. 2022, arXiv 2205.13147), at
    ///     length 1 where the model's chain ends in that.
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
        chain = try EmbeddingChain(layout.modules, width: encoder.hiddenSize)
        if let truncatedTo {
            guard truncatedTo > 0, truncatedTo <= chain.dimension else {
                throw TrawlError(
                    .invalidInput, "the model has \(chain.dimension) dimensions, not \(truncatedTo)", path: folder,
                    remedy: "ask for 1 to \(chain.dimension)")
            }
        }
        dimension = truncatedTo ?? chain.dimension
        isNormalised = chain.isNormalised
        maximumTokens = min(
            try layout.maximumTokens ?? model.tokenizerMaximum() ?? .max, encoder.contextLength)
        isLowercased = layout.isLowercased
        endToken = try model.addsEndToken() ? tokenizer.eosID : nil
        prefixes = PrefixedEncoders(encoder)
        prompts = layout.prompts
        defaultPromptName = layout.defaultPromptName
        similarity = layout.similarity
        template = layout.template(of: model, in: folder)

        var hash = StableHash()
        hash.update(model.digest)
        hash.update(tokenizer.digest)
        hash.update("\(maximumTokens) \(isLowercased) \(dimension)")
        if let endToken { hash.update("\(endToken)") }
        hash.update(layout.defaultPromptName.flatMap { layout.prompts[$0] } ?? "")
        try chain.update(&hash)
        let passage = Self.standardPrompt(.passage, prompts, defaultPromptName, template)
        if passage != EmbeddingPrompt(prefix: "") { hash.update(passage.around("\u{0}")) }
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
        var cutTexts = 0
        progress.begin("embedding", total: texts.count, unit: "texts")
        defer { progress.end() }
        // Enough texts to find neighbours of like length, few enough to report progress and bound memory.
        let stretch = 2048
        for start in stride(from: 0, to: texts.count, by: stretch) {
            let part = Array(texts[start..<min(start + stretch, texts.count)])
            try values.withUnsafeMutableBufferPointer { out in
                guard let out = out.baseAddress else { return }
                cutTexts += try embed(part, prompt: prompt, into: out + start * dimension)
            }
            progress.advance(part.count)
        }
        return EmbeddingMatrix(count: texts.count, dimension: dimension, values: values, cutTexts: cutTexts)
    }

    /// Embeds `texts` with `prompt` around each.
    public func embed(
        _ texts: [String], in prompt: EmbeddingPrompt, progress: any ProgressReporter = .silent
    ) throws -> EmbeddingMatrix {
        guard !prompt.suffix.isEmpty else { return try embed(texts, prompt: prompt.prefix, progress: progress) }
        // A text that is too long is cut before the suffix, not behind it.
        let room = maximumTokens - tokenizer.encodeIDs(prompt.suffix).count - 1
        var cutTexts = 0
        let whole = texts.map { text in
            let ids = tokenizer.encodeIDs(prompt.prefix + text)
            guard ids.count > room, room > 0 else { return text + prompt.suffix }
            cutTexts += 1
            let kept = tokenizer.decode(Array(ids.prefix(room)))
            return String(kept.dropFirst(prompt.prefix.count)) + prompt.suffix
        }
        let matrix = try embed(whole, prompt: prompt.prefix, progress: progress)
        return EmbeddingMatrix(
            count: matrix.count, dimension: dimension, values: matrix.values, cutTexts: max(cutTexts, matrix.cutTexts))
    }

    /// - Returns: how many texts were cut.
    private func embed(_ texts: [String], prompt: String, into out: UnsafeMutablePointer<Float>) throws -> Int {
        let tokens = tokenise(texts, prompt: prompt)
        let inputs = tokens.map { EncoderInput(tokens: cut($0)) }
        let promptTokens = chain.leavesPromptOut ? promptLength(prompt) : 0
        let hidden = encoder.hiddenSize
        nonisolated(unsafe) let out = out
        try encode(inputs, behind: sharedPrefix(prompt)) { index, states in
            var vector = chain(
                states, width: hidden, promptTokens: min(promptTokens, states.count / hidden - 1), pool: pool)
            if dimension < chain.dimension {
                vector.removeLast(chain.dimension - dimension)
                if isNormalised { vector.scaleToUnitLength() }
            }
            let target = out + index * dimension
            for d in 0..<dimension { target[d] = vector[d] }
        }
        for (index, text) in texts.enumerated() {
            let vector = UnsafeBufferPointer(start: out + index * dimension, count: dimension)
            guard vector.allSatisfy(\.isFinite) else {
                throw TrawlError(
                    .incompatible, "the embedding of a text has values that are not finite: \"\(text.prefix(60))\"",
                    path: folder, remedy: "use sound weights of the model, or f32 arithmetic")
            }
        }
        return tokens.count { $0.count > maximumTokens }
    }

    /// The last hidden states of the tokens of `texts` with `prompt` around each, cut as embedding cuts them.
    ///
    /// - Returns: The length of a state, how many tokens each text has, and the states, those of a text after the other.
    /// - Complexity: as `embed`; the states of all tokens are in memory.
    package func tokenStates(
        of texts: [String], in prompt: EmbeddingPrompt
    ) throws -> (width: Int, counts: [Int], values: [Float]) {
        let inputs = tokenise(texts.map { $0 + prompt.suffix }, prompt: prompt.prefix).map {
            EncoderInput(tokens: cut($0))
        }
        let counts = inputs.map(\.tokens.count)
        let starts = counts.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1) }
        let width = encoder.hiddenSize
        var values = [Float](repeating: 0, count: starts[starts.count - 1] * width)
        try values.withUnsafeMutableBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return }
            nonisolated(unsafe) let out = base
            try encoder.encode(inputs, pool: pool) { index, states in
                guard let source = states.baseAddress else { return }
                (out + starts[index] * width).update(from: source, count: states.count)
            }
        }
        return (width, counts, values)
    }

    /// The tokens that a prompt takes at the start of an input: all of its own but the closing special one.
    private func promptLength(_ prompt: String) -> Int {
        guard !prompt.isEmpty else { return 0 }
        let ids = cut(tokens(prompt))
        guard let last = ids.last, tokenizer.isSpecial(last) else { return ids.count }
        return ids.count - 1
    }

    /// The tokens of each text with `prompt` before it.
    private func tokenise(_ texts: [String], prompt: String) -> [[TokenID]] {
        pool.tokenise(texts) { tokens(prompt + $0) }
    }

    /// The tokens of a text, however long.
    private func tokens(_ text: String) -> [TokenID] {
        var ids = tokenizer.encodeIDs(isLowercased ? text.lowercased() : text)
        if let endToken, ids.last != endToken { ids.append(endToken) }
        return ids
    }

    /// The tokens of each text, however long, without those that the model adds.
    public func lengths(of texts: [String]) -> [Int] {
        let added = addedTokens
        return tokenise(texts, prompt: "").map { $0.count - added }
    }

    /// The tokens of the longest text that is embedded whole in `prompt`, as `lengths` counts them.
    public func longestText(in prompt: EmbeddingPrompt) -> Int {
        let around = tokenise([prompt.prefix, prompt.suffix], prompt: "").map { $0.count - addedTokens }
        return max(1, maximumTokens - addedTokens - around[0] - around[1])
    }

    /// The tokens that the model adds to a text.
    private var addedTokens: Int { tokens("").count }

    /// The tokens that texts with `prompt` share, to be computed once; none where the whole text matters to the chain, or the
    /// prompt is short. A prompt's last token may become part of a longer one, so that it is left out.
    private func sharedPrefix(_ prompt: String) -> [TokenID] {
        guard chain.seesLastTokenOnly, prompt.utf8.count >= PrefixedEncoders.leastBytes else { return [] }
        let ids = tokenizer.encodeIDs(isLowercased ? prompt.lowercased() : prompt)
        return ids.dropLast(ids.last.map { tokenizer.isSpecial($0) } == true ? 2 : 1)
    }

    /// Encodes inputs, those that gain by it behind what they share. Whether one does depends on itself alone, so that its
    /// bits do not depend on the others.
    private func encode(
        _ inputs: [EncoderInput], behind prefix: [TokenID],
        _ consume: (_ input: Int, _ states: UnsafeBufferPointer<Float>) -> Void
    ) throws {
        func gains(_ tokens: [TokenID]) -> Bool {
            // What stands behind a shared prefix is attended to one by one, which is worth it for short texts only.
            let rest = tokens.count - prefix.count
            return rest > 0 && rest <= prefix.count && tokens.starts(with: prefix)
        }
        let sharing = prefix.isEmpty ? [] : inputs.indices.filter { gains(inputs[$0].tokens) }
        guard !sharing.isEmpty, let prefixed = try prefixes.encoder(behind: prefix) else {
            return try encoder.encode(inputs, pool: pool, consume: consume)
        }
        let rests = sharing.map { EncoderInput(tokens: Array(inputs[$0].tokens.dropFirst(prefix.count))) }
        try prefixed.encode(rests, pool: pool) { consume(sharing[$0], $1) }
        let shared = Set(sharing)
        let others = inputs.indices.filter { !shared.contains($0) }
        if !others.isEmpty { try encoder.encode(others.map { inputs[$0] }, pool: pool) { consume(others[$0], $1) } }
    }

    /// The tokens of each text with `prefix` before it, those that the model adds included, however long; what is beyond
    /// `maximumTokens` is cut when it is embedded.
    package func inputLengths(of texts: [String], prefix: String = "") -> [Int] {
        tokenise(texts, prompt: prefix).map { max(1, $0.count) }
    }

    /// The text of tokens of the model's vocabulary; nil where one is not of it.
    package func text(of tokens: [TokenID]) -> String? {
        guard tokens.allSatisfy({ Int($0) < tokenizer.vocabularySize }) else { return nil }
        return tokenizer.decode(tokens, skipSpecialTokens: true)
    }

    /// The tokens of each text as the encoder gets them, without a prompt.
    package func tokenCounts(of texts: [String]) -> [Int] { tokenise(texts, prompt: "").map { cut($0).count } }

    /// The operations that the encoder's products take for a text of `tokens`.
    package func operations(tokens: Int) -> Double { encoder.operations(tokens: tokens) }

    /// The tokens of each text in `prompt` as the encoder gets them, at most `maximum` of them, and how many texts are cut.
    package func inputs(
        of texts: [String], in prompt: EmbeddingPrompt, maximum: Int
    ) -> (tokens: [[TokenID]], cutTexts: Int) {
        let maximum = min(maximum, maximumTokens)
        let tokens = pool.tokenise(texts) { self.tokens(prompt.around($0)) }
        return (tokens.map { cut($0, to: maximum) }, tokens.count { $0.count > maximum })
    }

    private func cut(_ ids: [TokenID]) -> [TokenID] { cut(ids, to: maximumTokens) }

    /// The first tokens and the closing special token.
    private func cut(_ ids: [TokenID], to maximum: Int) -> [TokenID] {
        if ids.isEmpty { return [tokenizer.padID ?? 0] }
        guard ids.count > maximum, let last = ids.last else { return ids }
        guard tokenizer.isSpecial(last) else { return Array(ids.prefix(maximum)) }
        return ids.prefix(maximum - 1) + [last]
    }
}
