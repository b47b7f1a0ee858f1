import Synchronization
import TrawlCore

/// What follows n-grams in one commit of a cluster, as far as searches have asked: many begin with the same words.
final class ContinuationCache: Sendable {
    private struct State {
        var known: [[TokenID]: TokenCounts] = [:]
        var size = 0
    }

    private let state = Mutex(State())

    /// The tokens that are kept, of 12 bytes each; beyond, all are forgotten.
    private static let limit = 4 << 20

    func continuations(of ngram: [TokenID]) -> TokenCounts? { state.withLock { $0.known[ngram] } }

    func insert(_ counts: TokenCounts, after ngram: [TokenID]) {
        state.withLock { state in
            if state.size + counts.tokens.count > Self.limit { state = State() }
            if state.known.updateValue(counts, forKey: ngram) == nil { state.size += counts.tokens.count }
        }
    }
}
