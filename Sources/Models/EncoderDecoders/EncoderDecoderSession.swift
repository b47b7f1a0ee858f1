internal import TrawlCore
internal import TrawlTensors

/// `DecodingSession` of an `EncoderDecoderModel`. A prompt takes one slot of the cache, that of the start token; what it
/// says is in the memory that rows attend to.
final class EncoderDecoderSession: TreeSession {
    private let configuration: EncoderDecoderConfiguration
    private let forward: EncoderDecoderForward
    let cache: KeyValueTree
    private let memory: PromptMemory
    let finalStates = FloatBuffer()
    let logitsBuffer = FloatBuffer()

    init(_ model: EncoderDecoderModel, pool: ThreadPool) {
        configuration = model.configuration
        let sizes = model.configuration.decoder
        forward = EncoderDecoderForward(model, pool: pool)
        cache = KeyValueTree(layers: sizes.layerCount, width: sizes.attentionSize)
        memory = PromptMemory(layers: sizes.layerCount, heads: sizes.headCount, width: sizes.headDimension)
    }

    var vocabularySize: Int { configuration.decoder.vocabularySize }
    var hiddenSize: Int { configuration.decoder.hiddenSize }
    /// That of the encoder: what is written has positions of its own.
    var contextLength: Int { configuration.encoder.contextLength }

    func reset() { truncate(to: 0) }

    func prefill(_ prompts: [[TokenID]]) throws -> DecodingStep {
        for (index, prompt) in prompts.enumerated() { try check(prompt: prompt, index) }
        let first = cache.count
        let places = prompts.enumerated().map { PromptPlace(slot: first + $0, tokens: $1) }
        try prepare(places)
        for _ in prompts { cache.appendPrompt(count: 1) }
        return step(
            [TokenID](repeating: configuration.startToken, count: prompts.count), rows: Array(prompts.indices),
            nodes: places.map { CacheNode(index: Int32($0.slot)) })
    }

    func advance(_ rows: [DecodingRow]) throws -> DecodingStep {
        try advance(rows, limit: configuration.decoder.contextLength, vocabulary: vocabularySize)
    }

    func logProbabilities(of continuations: [[TokenID]], after prompts: [[TokenID]]) throws -> [[Float]] {
        try requireSameCount(continuations, prompts)
        for index in continuations.indices where !continuations[index].isEmpty {
            try check(prompt: prompts[index], index)
            // The start token takes a position, and the last one written needs none.
            try check(
                continuations[index], "continuation \(index)", limit: configuration.decoder.contextLength,
                vocabulary: vocabularySize)
        }
        return try forcedLogProbabilities(of: continuations, after: prompts)
    }

    private func check(prompt: [TokenID], _ index: Int) throws {
        try check(
            prompt, "prompt \(index)", limit: contextLength, vocabulary: configuration.encoder.vocabularySize)
    }

    func cachedTokens(of prompt: [TokenID]) -> [TokenID] { [configuration.startToken] }
    func prepare(_ prompts: [PromptPlace]) throws { try forward.read(prompts, into: memory) }
    func run(_ tokens: [TokenID], wanted: [Int], into states: UnsafeMutablePointer<Float>) {
        forward.run(tokens, in: cache, memory, wanted: wanted, into: states)
    }
    func logits(_ states: UnsafePointer<Float>, count: Int, into out: UnsafeMutablePointer<Float>) {
        forward.logits(states, count: count, into: out)
    }
    func truncate(to slots: Int) {
        cache.truncate(to: slots)
        memory.truncate(to: slots)
    }
}
