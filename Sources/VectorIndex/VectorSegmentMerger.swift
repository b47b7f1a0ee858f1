public import TrawlCore
public import TrawlStore

/// Writes the vectors of a segment that is put together from slices of others: rows are copied as they are, and what finds
/// them is made anew. Only a graph is taken over, and the other vectors inserted into it, if its slice makes up more than half
/// of the new segment and of its own, and it has as many links a vector as are wanted.
public enum VectorSegmentMerger {
    /// - Parameter settings: which structure is wanted; metric and format are those of the slices.
    /// - Throws: `corrupted` when a slice's segment is, `incompatible` for segments of different dimensions, metrics or
    ///   formats; `invalidInput` for codes that do not fit the vectors.
    public static func merge(
        _ slices: [SegmentSlice], _ settings: VectorSettings = VectorSettings(), threads: Int? = nil,
        into writer: SegmentWriter, progress: any ProgressReporter = .silent
    ) throws {
        let searcher = try VectorSearcher(slices.map(\.reader))
        guard let first = searcher.segments.first else { return }
        var settings = settings
        settings.metric = searcher.metric
        settings.format = first.rows.format
        try settings.codes.check(dimension: searcher.dimension)
        for segment in searcher.segments where segment.rows.format != settings.format {
            throw TrawlError(
                .incompatible, "segment \(segment.reader.info.number) stores its vectors in another format",
                path: segment.reader.snapshot.path, remedy: "build the index again")
        }
        let rows = writer.blob(VectorSegment.rows, recordSize: first.rows.rowBytes)
        var rowCount = 0
        for (slice, source) in zip(slices, searcher.segments) {
            for run in slice.passages { try copy(run, of: source.rows.blob, to: rows) }
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
        try VectorStructureWriter(writer, settings, rowCount: rowCount, dimension: searcher.dimension, threads: threads)
            .write(adopting: adoptable(slices, searcher, rowCount: rowCount), progress: progress)
    }

    /// The graph of the slice that makes up most of the new segment, with its vectors' new numbers.
    private static func adoptable(_ slices: [SegmentSlice], _ searcher: VectorSearcher, rowCount: Int)
        -> VectorStructureWriter.Adopted?
    {
        var base: UInt32 = 0
        for (slice, source) in zip(slices, searcher.segments) {
            defer { base += UInt32(slice.passageCount) }
            guard case .graph(let graph) = source.codes, 2 * slice.passageCount > rowCount,
                2 * slice.passageCount > source.rows.count
            else { continue }
            return VectorStructureWriter.Adopted(graph: graph, numbers: slice.renumbering(from: base))
        }
        return nil
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
