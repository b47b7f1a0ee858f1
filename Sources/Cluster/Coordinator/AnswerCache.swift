import Synchronization
import TrawlCore

/// What all shards together answered in one commit of a cluster, as far as searches have asked: many ask the same.
final class AnswerCache<Key: Hashable & Sendable, Answer: Sendable>: Sendable {
    private struct State {
        var known: [Key: Answer] = [:]
        var size = 0
    }

    private let state = Mutex(State())
    private let limit: Int

    /// - Parameter limit: the sum of the sizes of the answers that are kept; beyond, all are forgotten.
    init(limit: Int) { self.limit = limit }

    func answer(to key: Key) -> Answer? { state.withLock { $0.known[key] } }

    /// Keeps an answer in which no shard is missing.
    func insert(_ answer: Answer, for key: Key, size: Int) {
        state.withLock { state in
            if state.size + size > limit { state = State() }
            if state.known.updateValue(answer, forKey: key) == nil { state.size += size }
        }
    }
}

extension ClusterIndex {
    /// What follows n-grams; the size is the number of tokens, of 12 bytes each.
    typealias Continuations = AnswerCache<[TokenID], TokenCounts>
    /// How many passages have a term; the size is in bytes.
    typealias Frequencies = AnswerCache<[UInt8], Int>
}
