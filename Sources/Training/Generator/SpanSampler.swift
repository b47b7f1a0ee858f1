internal import Glibc
internal import TrawlCore

/// Draws the spans of a passage that a query shall lead to: windows of a fixed number of tokens. The more tokens a window shares
/// with the query, the likelier it is drawn; rare tokens count more (after SEAL, arXiv 2204.10628, section 4).
struct SpanSampler {
    let corpus: TrainingCorpus
    /// The exponent of the shared weight.
    var sharpness: Float = 2
    /// The lowest inverse document frequency of a token that begins a span: what begins with a common word says little, and to
    /// write it is always likely.
    private static let leastFirst: Float = 2.5

    /// Up to `count` different spans of the passage, of `length` tokens. Those that overlap `excluded` are left out if there are others.
    func sample(
        _ count: Int, from passage: Int, length: Int, query: Set<TokenID>, excluding excluded: Range<Int>? = nil,
        using random: inout SplitMix64
    ) -> [[TokenID]] {
        let tokens = corpus.passages[passage]
        guard !tokens.isEmpty else { return [] }
        var starts = candidates(tokens, length, excluding: excluded)
        if starts.isEmpty { starts = candidates(tokens, length, excluding: nil) }
        if starts.isEmpty { starts = [0] }
        var weights = starts.map { start -> Float in
            let shared = sharedWeight(tokens[start..<min(start + length, tokens.count)], query)
            return 0.05 + (sharpness == 2 ? shared * shared : powf(shared, sharpness))
        }
        var spans: [[TokenID]] = []
        while spans.count < count {
            guard let chosen = random.draw(weights) else { break }
            let start = starts[chosen]
            spans.append(Array(tokens[start..<min(start + length, tokens.count)]))
            // Neighbours are nearly the same.
            for index in starts.indices where abs(starts[index] - start) < 3 { weights[index] = 0 }
        }
        return spans
    }

    private func candidates(_ tokens: [TokenID], _ length: Int, excluding excluded: Range<Int>?) -> [Int] {
        let last = max(0, tokens.count - length)
        func isClear(_ start: Int) -> Bool {
            guard let excluded else { return true }
            return !(start..<start + length).overlaps(excluded)
        }
        func matches(_ start: Int, isRare: Bool) -> Bool {
            let token = Int(tokens[start])
            return token < corpus.beginsWord.count && corpus.beginsWord[token]
                && (!isRare || corpus.inverseDocumentFrequency[token] >= Self.leastFirst) && isClear(start)
        }
        let rare = (0...last).filter { matches($0, isRare: true) }
        return rare.isEmpty ? (0...last).filter { matches($0, isRare: false) } : rare
    }

    /// The sum of the inverse document frequencies of the distinct tokens that window and query share.
    private func sharedWeight(_ window: ArraySlice<TokenID>, _ query: Set<TokenID>) -> Float {
        var seen: Set<TokenID> = []
        var sum: Float = 0
        for token in window where query.contains(token) && seen.insert(token).inserted {
            if Int(token) < corpus.inverseDocumentFrequency.count {
                sum += corpus.inverseDocumentFrequency[Int(token)]
            }
        }
        return sum
    }
}
