import Core

/// One beam's row of logits as a source of candidates.
///
/// Whichever way candidates are offered, the heap ends up with the same ones: a score depends on the beam and the token
/// alone, and the order of candidates is total.
struct CandidateSource {
    let logits: UnsafeBufferPointer<Float>
    /// The beam's score less the row's normaliser; a candidate's score is this plus its logit.
    let base: Double
    let beam: Int32
    let boundary: TokenID
    /// Whether the boundary may be a candidate where it occurs. In a title it may: as a dead end that takes a place.
    var allowsBoundary = true
    /// Whether it is a candidate where it does not occur.
    var forcesBoundary = false

    @inline(__always)
    private func candidate(_ token: TokenID) -> Candidate? {
        guard Int(token) < logits.count else { return nil }
        let logit = logits[Int(token)]
        return logit > -.infinity ? Candidate(score: base + Double(logit), token: token, beam: beam) : nil
    }

    func offer(_ token: TokenID, to heap: inout CandidateHeap) {
        guard let candidate = candidate(token), heap.admits(candidate) else { return }
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
        var cursor: TokenLogit?
        var chunk = 4 * heap.capacity
        if forcesBoundary { offer(boundary, to: &heap) }
        while chunk <= max(logits.count / 4, 64) {
            let best = TopTokens.select(logits, count: chunk, behind: cursor, floor: floor(for: heap))
            for entry in best {
                let candidate = Candidate(score: base + Double(entry.logit), token: entry.token, beam: beam)
                if candidate.score < heap.threshold { return }
                if entry.token == boundary && (forcesBoundary || !allowsBoundary) { continue }
                if heap.admits(candidate) && oracle.canFollow(range, entry.token) { heap.insert(candidate) }
            }
            if best.count < chunk { return }
            cursor = best[best.count - 1]
            chunk *= 4
        }
        oracle.forEachNext(range) { token, _ in
            guard Int(token) < logits.count, token != boundary || (allowsBoundary && !forcesBoundary) else { return }
            if let cursor, !cursor.precedes(TokenLogit(logit: logits[Int(token)], token: token)) { return }
            offer(token, to: &heap)
        }
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
