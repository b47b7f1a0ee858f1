/// Which segments to rewrite as one, so that an index which grows and shrinks keeps to few segments and little waste
/// without rewriting everything for each small change: a log-structured merge of neighbours. Only neighbours are merged,
/// so documents keep their order.
struct MergePolicy {
    /// What the policy knows of a segment.
    struct Segment: Equatable {
        /// The text of its live documents.
        var liveBytes: Int
        /// The text of all documents that it was written with.
        var bytes: Int
    }

    /// A merge gives no segment with more text than this.
    var largestMerge = IndexBuilder.segmentTextBytes
    /// The most segments beside each other; those of more than half of the largest merge do not count.
    var allowedSegments = 8
    /// A segment with more dead text than this share is rewritten.
    var allowedWaste = 0.25

    /// The next run of neighbours to rewrite as one segment; nil when all is well.
    func nextMerge(_ segments: [Segment]) -> Range<Int>? {
        if let wasteful = segments.firstIndex(where: {
            Double($0.bytes - $0.liveBytes) > allowedWaste * Double($0.bytes)
        }) {
            return wasteful..<wasteful + 1
        }
        let small = segments.map { $0.liveBytes <= largestMerge / 2 }
        guard small.count(where: { $0 }) > allowedSegments else { return nil }
        return mostOutweighed(segments, small)
    }

    /// The small segment that its followers outweigh by the largest factor, with all followers that are small and
    /// fits. So sizes fall geometrically, and adding n equal segments one by one writes about n log n of them.
    private func mostOutweighed(_ segments: [Segment], _ small: [Bool]) -> Range<Int>? {
        var best: (factor: Double, run: Range<Int>)?
        for start in segments.indices where small[start] {
            var bytes = segments[start].liveBytes
            var end = start + 1
            while end < segments.count, small[end], bytes + segments[end].liveBytes <= largestMerge {
                bytes += segments[end].liveBytes
                end += 1
            }
            guard end - start > 1 else { continue }
            let first = max(1, segments[start].liveBytes)
            let factor = Double(bytes - segments[start].liveBytes) / Double(first)
            if best.map({ factor > $0.factor }) ?? true { best = (factor, start..<end) }
        }
        return best?.run
    }
}
