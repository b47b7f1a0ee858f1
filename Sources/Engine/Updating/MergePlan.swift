import TrawlCore
import TrawlStore

/// The live documents of some segments, in order, spread over as many new segments as their text needs.
struct MergePlan {
    /// The slices that each new segment is put together from.
    private(set) var outputs: [[MergeSlice]] = []

    /// - Parameter textBytes: a new segment is full when its documents have this much text and metadata, as in
    ///   `IndexBuilder`.
    /// - Complexity: O(documents); no text is read.
    init(_ segments: Range<Int>, of stored: StoredDocuments, textBytes: Int) throws {
        var slices: [MergeSlice] = []
        var bytes = 0
        func finishOutput() {
            if !slices.isEmpty { outputs.append(slices) }
            slices = []
            bytes = 0
        }
        for segment in stored.segments[segments] {
            var slice = MergeSlice(segment.reader)
            for document in 0..<segment.reader.info.documentCount where !segment.isDead(document: document) {
                let record = try segment.record(document)
                slice.append(document, passages: try segment.passages(of: document))
                bytes += Int(record.titleBytes) + Int(record.metadataBytes) + Int(record.textBytes)
                if bytes >= textBytes {
                    slices.append(slice)
                    finishOutput()
                    slice = MergeSlice(segment.reader)
                }
            }
            if !slice.documents.isEmpty { slices.append(slice) }
        }
        finishOutput()
    }
}
