import TrawlCore
import TrawlStore

/// The live documents of some segments, in order, spread over as many new segments as their text needs.
struct MergePlan {
    /// Documents of one segment and their passages, as ascending runs of numbers in it.
    struct Slice {
        let segment: StoredDocuments.Segment
        private(set) var documents: [Range<UInt32>] = []
        private(set) var passages: [Range<UInt32>] = []

        init(_ segment: StoredDocuments.Segment) { self.segment = segment }

        mutating func append(_ document: UInt32, passages range: Range<UInt32>) {
            Self.append(document..<document + 1, to: &documents)
            Self.append(range, to: &passages)
        }

        private static func append(_ run: Range<UInt32>, to runs: inout [Range<UInt32>]) {
            if let last = runs.last, last.upperBound == run.lowerBound {
                runs[runs.count - 1] = last.lowerBound..<run.upperBound
            } else {
                runs.append(run)
            }
        }

        var storeSlice: SegmentSlice { SegmentSlice(segment.reader, passages: passages) }
        var documentCount: Int { documents.reduce(0) { $0 + $1.count } }
    }

    /// The slices that each new segment is put together from.
    private(set) var outputs: [[Slice]] = []
    private(set) var documentCount = 0

    /// - Parameter textBytes: a new segment is full when its documents have this much text and metadata, as in
    ///   `IndexBuilder`.
    /// - Complexity: O(documents); no text is read.
    init(_ segments: Range<Int>, of stored: StoredDocuments, textBytes: Int) throws {
        var slices: [Slice] = []
        var bytes = 0
        func finishOutput() {
            if !slices.isEmpty { outputs.append(slices) }
            slices = []
            bytes = 0
        }
        for segment in stored.segments[segments] {
            var slice = Slice(segment)
            for document in 0..<segment.reader.info.documentCount where !segment.isDead(document: document) {
                let record = try stored.record(document: document, in: segment)
                slice.append(document, passages: try stored.passages(of: document, in: segment))
                bytes += Int(record.titleBytes) + Int(record.metadataBytes) + Int(record.textBytes)
                documentCount += 1
                if bytes >= textBytes {
                    slices.append(slice)
                    finishOutput()
                    slice = Slice(segment)
                }
            }
            if !slice.documents.isEmpty { slices.append(slice) }
        }
        finishOutput()
    }
}
