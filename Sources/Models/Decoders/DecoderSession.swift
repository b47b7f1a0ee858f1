internal import TrawlCore
internal import TrawlTensors

/// `DecodingSession` of a `DecoderModel`.
final class DecoderSession: TreeSession {
    private let configuration: DecoderConfiguration
    private let forward: DecoderForward
    let cache: KeyValueTree
    let finalStates = FloatBuffer()
    let logitsBuffer = FloatBuffer()

    init(_ model: DecoderModel, pool: ThreadPool) {
        configuration = model.configuration
        forward = DecoderForward(model, pool: pool)
        cache = KeyValueTree(layers: model.configuration.layerCount, width: model.configuration.keySize)
    }

    var vocabularySize: Int { configuration.vocabularySize }
    var hiddenSize: Int { configuration.hiddenSize }
    var contextLength: Int { configuration.contextLength }

    func reset() { cache.truncate(to: 0) }

    func prefill(_ prompts: [[TokenID]]) throws -> DecodingStep {
        for (index, prompt) in prompts.enumerated() { try check(prompt, "prompt \(index)", limit: contextLength) }
        let first = cache.count
        var ends: [Int] = []
        for prompt in prompts {
            cache.appendPrompt(count: prompt.count)
            ends.append(cache.count - first - 1)
        }
        let tokens = prompts.flatMap { $0 }
        return step(tokens, rows: ends, nodes: ends.map { CacheNode(index: Int32(first + $0)) })
    }

    func advance(_ rows: [DecodingRow]) throws -> DecodingStep {
        try advance(rows, limit: contextLength, vocabulary: vocabularySize)
    }

    private func check(_ tokens: [TokenID], _ what: String, limit: Int) throws {
        try check(tokens, what, limit: limit, vocabulary: vocabularySize)
    }

    /// The continuations of like prompts form a trie; each of its nodes is computed once, and passes are cut where they
    /// would take too much memory.
    func logProbabilities(of continuations: [[TokenID]], after prompts: [[TokenID]]) throws -> [[Float]] {
        try requireSameCount(continuations, prompts)
        for index in continuations.indices where !continuations[index].isEmpty {
            try check(prompts[index], "prompt \(index)", limit: contextLength - continuations[index].count + 1)
            try check(continuations[index], "continuation \(index)", limit: contextLength)
        }
        return try forcedLogProbabilities(of: continuations, after: prompts)
    }

    func cachedTokens(of prompt: [TokenID]) -> [TokenID] { prompt }
    func prepare(_ prompts: [PromptPlace]) {}
    func run(_ tokens: [TokenID], wanted: [Int], into states: UnsafeMutablePointer<Float>) {
        forward.run(tokens, in: cache, wanted: wanted, into: states)
    }
    func logits(_ states: UnsafePointer<Float>, count: Int, into out: UnsafeMutablePointer<Float>) {
        forward.logits(states, count: count, into: out)
    }
    func truncate(to slots: Int) { cache.truncate(to: slots) }
}
