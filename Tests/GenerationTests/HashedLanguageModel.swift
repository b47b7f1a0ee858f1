import Foundation
import TrawlCore
import TrawlModels

/// A language model whose logits are a hash of everything before them, behind the protocol of the real ones.
final class HashedLanguageModel: DecodingSession {
    let vocabularySize: Int
    let contextLength = 1024
    let seed: UInt64
    /// How many different values a logit has; few values make many ties.
    let levels: UInt64
    /// The range of the logits: how sure of itself the model is.
    let scale: Float
    private(set) var rowsRun = 0
    private(set) var calls = 0
    private var paths: [[TokenID]] = []
    private var buffer: UnsafeMutableBufferPointer<Float>

    init(vocabularySize: Int = 60, seed: Int, levels: UInt64 = 1 << 40, scale: Float = 6) {
        self.vocabularySize = vocabularySize
        self.seed = UInt64(seed)
        self.levels = levels
        self.scale = scale
        buffer = .allocate(capacity: 0)
    }

    deinit { buffer.deallocate() }

    func logits(behind context: [TokenID]) -> [Float] {
        var state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 12345
        for token in context { state = (state ^ UInt64(token)) &* 0x100_0000_01B3 &+ (state >> 29) }
        return (0..<vocabularySize).map { token in
            var random = SplitMix64(seed: state &+ UInt64(token) &* 0xD6E8_FEB8_6659_FD93)
            return Float(random.next() % levels) / Float(levels) * scale
        }
    }

    /// The same, normalised in double precision by the definition.
    func logProbabilities(behind context: [TokenID]) -> [Double] {
        let row = logits(behind: context).map { Double($0) }
        let normaliser = log(row.reduce(0) { $0 + exp($1) })
        return row.map { $0 - normaliser }
    }

    private func step(_ contexts: [[TokenID]]) throws -> DecodingStep {
        rowsRun += contexts.count
        calls += 1
        let first = paths.count
        paths += contexts
        buffer.deallocate()
        buffer = .allocate(capacity: contexts.count * vocabularySize)
        _ = buffer.initialize(from: contexts.flatMap { logits(behind: $0) })
        return DecodingStep(
            nodes: contexts.indices.map { CacheNode(index: Int32(first + $0)) },
            logits: UnsafeBufferPointer(buffer), vocabularySize: vocabularySize, owner: self)
    }

    func prefill(_ prompts: [[TokenID]]) throws -> DecodingStep {
        if prompts.contains(where: \.isEmpty) { throw TrawlError(.invalidInput, "an empty prompt") }
        return try step(prompts)
    }

    func advance(_ rows: [DecodingRow]) throws -> DecodingStep {
        for row in rows where row.token >= vocabularySize || row.parent.index >= paths.count {
            throw TrawlError(.invalidInput, "a row outside of the vocabulary or the tree")
        }
        return try step(rows.map { paths[Int($0.parent.index)] + [$0.token] })
    }

    func logProbabilities(of continuations: [[TokenID]], after prompts: [[TokenID]]) throws -> [[Float]] {
        zip(continuations, prompts).map { continuation, prompt in
            continuation.indices.map {
                Float(logProbabilities(behind: prompt + continuation[..<$0])[Int(continuation[$0])])
            }
        }
    }

    func reset() { paths = [] }
}
