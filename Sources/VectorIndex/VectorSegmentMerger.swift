internal import Core
public import Store

/// Writes the vectors of a segment that is put together from slices of others: rows are copied as they are.
public enum VectorSegmentMerger {
    /// - Throws: `corrupted` when a slice's segment is, `incompatible` for segments of different dimensions or metrics.
    public static func merge(_ slices: [SegmentSlice], into writer: SegmentWriter) throws {
        let searcher = try VectorSearcher(slices.map(\.reader))
        let rows = writer.blob(VectorSegment.rows, recordSize: searcher.dimension * 4)
        var rowCount = 0
        for (slice, source) in zip(slices, searcher.segments) {
            for run in slice.passages { try copy(run, of: source.rows, to: rows) }
            rowCount += slice.passageCount
        }
        try rows.finish()
        if searcher.metric == .euclidean {
            let lengths = writer.blob(VectorSegment.squaredLengths, recordSize: 4)
            for (slice, source) in zip(slices, searcher.segments) {
                guard let squaredLengths = source.squaredLengths else { continue }
                for run in slice.passages { try copy(run, of: squaredLengths, to: lengths) }
            }
            try lengths.finish()
        }
        try writer.put(
            VectorSegment.shape, VectorSegment.shapeKey,
            VectorShape(
                rowCount: UInt64(rowCount), dimension: UInt32(searcher.dimension), metric: searcher.metric.rawValue))
    }

    /// Copies a run of records, chunk by chunk.
    private static func copy(_ run: Range<UInt32>, of blob: Blob, to target: BlobWriter) throws {
        let perChunk = blob.chunkBytes / blob.recordSize
        var first = Int(run.lowerBound)
        while first < Int(run.upperBound) {
            let end = min(Int(run.upperBound), (first / perChunk + 1) * perChunk)
            let bytes = UnsafeRawBufferPointer(
                start: blob.address(of: first * blob.recordSize), count: (end - first) * blob.recordSize)
            try target.append(bytes)
            first = end
        }
    }
}
