import TrawlCore

/// One beam's row of logits as a source of candidates.
///
/// Whichever way candidates are offered, the heap ends up with the same ones: a score depends on the beam and the token
/// alone, and the order of candidates is total.
struct CandidateSource {
    let logits: UnsafeBufferPointer<Float>
    /// The beam's score less the row's normaliser; a candidate's score is this plus its logit.
    var base: Double
    let beam: Int32
    let boundary: TokenID
    /// Whether the boundary may be a candidate where it occurs. In a title it may: as a dead end that takes a place.
    var allowsBoundary = true
    /// Whether it is a candidate where it does not occur.
    var forcesBoundary = false
    /// Which tokens may be candidates; nil for all.
    var allowed: (@Sendable (TokenID) -> Bool)?

    @inline(__always)
    private func candidate(_ token: TokenID) -> Candidate? {
        guard Int(token) < logits.count else { return nil }
        let logit = logits[Int(token)]
        return logit > -.infinity ? Candidate(score: base + Double(logit), token: token, beam: beam) : nil
    }

    func offer(_ token: TokenID, to heap: inout CandidateHeap) {
        guard let candidate = candidate(token), heap.admits(candidate), allowed?(token) ?? true else { return }
        heap.insert(candidate)
    }

    /// Offers every token that follows `range`, by enumeration: the full mask.
    func offerContinuations<Oracle: SubstringOracle>(
        of range: Oracle.SuffixRange, in oracle: Oracle, to heap: inout CandidateHeap
    ) {
        if forcesBoundary { offer(boundary, to: &heap) }
        // A closure that does not escape may change an inout parameter.
        oracle.forEachNext(range) { token, _ in
            if token == boundary && (forcesBoundary || !allowsBoundary) { return }
            offer(token, to: &heap)
        }
    }

    /// Offers the tokens that follow `range` in descending probability, as far as they can matter.
    ///
    /// A log-probability is not changed by the mask, so once a token's score is below the worst kept candidate all
    /// later ones are too. When the walk gets long the rest is enumerated.
    func offerLazily<Oracle: SubstringOracle>(
        continuationsOf range: Oracle.SuffixRange, in oracle: Oracle, to heap: inout CandidateHeap
    ) {
        if forcesBoundary { offer(boundary, to: &heap) }
        let walk = descend(to: &heap, largest: max(logits.count / 4, 64)) { token in
            (token != boundary || (allowsBoundary && !forcesBoundary)) && oracle.canFollow(range, token)
        }
        guard case .stopped(let cursor) = walk else { return }
        oracle.forEachNext(range) { token, _ in
            guard Int(token) < logits.count, token != boundary || (allowsBoundary && !forcesBoundary) else { return }
            if let cursor, !cursor.precedes(TokenLogit(logit: logits[Int(token)], token: token)) { return }
            offer(token, to: &heap)
        }
    }

    /// Offers the tokens that do not follow `range`, but for the boundary, as far as they can matter.
    func offerOutside<Oracle: SubstringOracle>(
        of range: Oracle.SuffixRange, in oracle: Oracle, to heap: inout CandidateHeap
    ) {
        _ = descend(to: &heap, largest: .max) { $0 != boundary && !oracle.canFollow(range, $0) }
    }

    private enum Walk {
        /// No token behind can enter the heap, or there is none.
        case done
        /// The next chunk would have been too large; the last token looked at, nil before the first.
        case stopped(TokenLogit?)
    }

    /// Walks the tokens in descending probability, in chunks of growing size up to `largest`, and keeps those that are
    /// accepted, until no later one can enter the heap.
    @inline(__always)
    private func descend(
        to heap: inout CandidateHeap, largest: Int, accepting accepts: (TokenID) -> Bool
    ) -> Walk {
        var cursor: TokenLogit?
        var chunk = 4 * heap.capacity
        while chunk <= largest {
            let best = TopTokens.select(logits, count: chunk, behind: cursor, floor: floor(for: heap))
            for entry in best {
                let candidate = Candidate(score: base + Double(entry.logit), token: entry.token, beam: beam)
                if candidate.score < heap.threshold { return .done }
                if heap.admits(candidate) && accepts(entry.token) && (allowed?(entry.token) ?? true) {
                    heap.insert(candidate)
                }
            }
            if best.count < chunk { return .done }
            cursor = best[best.count - 1]
            chunk *= 4
        }
        return .stopped(cursor)
    }

    /// Offers every token of the vocabulary: free generation.
    func offerAll(to heap: inout CandidateHeap) {
        let best = TopTokens.select(logits, count: heap.capacity + 1, behind: nil, floor: floor(for: heap))
        for entry in best where entry.token != boundary || allowsBoundary { offer(entry.token, to: &heap) }
    }

    /// A logit under which no token can enter the heap, a little low to be safe from rounding.
    private func floor(for heap: CandidateHeap) -> Float {
        heap.threshold == -.infinity ? -.infinity : Float(heap.threshold - base).nextDown
    }
}
