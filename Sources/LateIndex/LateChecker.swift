public import TrawlStore

extension LateSearcher {
    /// Verifies the structures of a segment against each other: order, bounds, and that the lists hold the passages of each
    /// centroid.
    ///
    /// - Throws: `corrupted` that says what is wrong.
    /// - Complexity: O(tokens).
    public static func check(_ segment: SegmentReader) throws {
        let store = try TokenStore(segment)
        var end = 0
        var expected = [[UInt32]](repeating: [], count: Int(store.shape.centroidCount))
        for passage in 0..<store.passageCount {
            let tokens = try store.checkedTokens(of: passage)
            guard tokens.lowerBound == end else {
                throw LateSegment.damaged(segment, "the tokens of passage \(passage) do not follow those before")
            }
            end = tokens.upperBound
            for token in tokens {
                let centroid = store.centroid(of: token)
                guard centroid < expected.count else {
                    throw LateSegment.damaged(segment, "token \(token) has a centroid that does not exist")
                }
                if expected[centroid].last != UInt32(passage) { expected[centroid].append(UInt32(passage)) }
            }
        }
        guard end == store.tokenCount else {
            throw LateSegment.damaged(segment, "passages have \(end) tokens, not \(store.tokenCount)")
        }
        for (centroid, passages) in expected.enumerated() {
            var listed: [UInt32] = []
            try store.passages(of: centroid) { listed.append(UInt32($0)) }
            guard listed == passages else {
                throw LateSegment.damaged(
                    segment, "the list of centroid \(centroid) has other passages than its tokens")
            }
        }
    }
}
