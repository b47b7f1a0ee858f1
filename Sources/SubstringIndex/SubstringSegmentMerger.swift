public import TrawlCore
public import TrawlStore

/// Writes the substring index of a segment that is put together from slices of others, from the tokens that they keep: no
/// text is tokenised. The result is, byte for byte, what `SubstringSegmentBuilder` makes of the same passages.
public enum SubstringSegmentMerger {
    /// - Throws: `TrawlError.incompatible` when the slices' segments end their passages with different tokens, `.full` when
    ///   there are too many tokens for one segment, `.corrupted` when a segment is damaged.
    /// - Complexity: time and memory of building.
    public static func merge(
        _ slices: [SegmentSlice], into writer: SegmentWriter, progress: any ProgressReporter = .silent
    ) throws {
        let segments = try slices.map { try SubstringSegment($0.reader, ignoringDeletions: true) }
        guard let boundary = segments.first?.boundary else { return }
        guard segments.allSatisfy({ $0.boundary == boundary }) else {
            throw TrawlError(
                .incompatible, "the segments were built with different boundary tokens", remedy: "rebuild the index")
        }
        let builder = try SubstringSegmentBuilder(boundary: boundary)
        for (slice, segment) in zip(slices, segments) {
            for run in slice.passages {
                for passage in run { try builder.add(segment.tokens(of: Int(passage))) }
            }
        }
        try builder.finish(into: writer, progress: progress)
    }
}
