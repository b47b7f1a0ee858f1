public import Core
import Foundation
public import Store

/// Exact nearest neighbours over the vectors of all segments, read in place.
///
/// A score depends on its two vectors alone, not on segments, batches or threads.
public struct VectorSearcher: Sendable {
    /// 0 for an index without segments.
    public let dimension: Int
    public let metric: Metric
    /// The number of vectors of live passages in all segments.
    public let count: Int
    let segments: [Segment]

    struct Segment: Sendable {
        let reader: SegmentReader
        let rows: Blob
        /// Only with the Euclidean metric.
        let squaredLengths: Blob?
        /// The rows of deleted passages.
        let dead: Bitmap?
        var rowCount: Int { rows.recordCount }
        var base: UInt32 { reader.passageBase }
    }

    /// - Throws: `corrupted` for a segment without vectors or with another number of them than passages, `incompatible`
    ///   for segments of different dimensions or metrics.
    public init(_ segments: [SegmentReader]) throws {
        var shared: VectorShape?
        var count = 0
        self.segments = try segments.map { reader in
            guard let shape = try reader.record(VectorSegment.shape, VectorSegment.shapeKey) else {
                throw VectorSegment.damaged(reader, "there are no vectors")
            }
            guard shape.dimension > 0, shape.dimension <= 65_536, let metric = Metric(rawValue: shape.metric) else {
                throw VectorSegment.damaged(reader, "the shape of the vectors makes no sense")
            }
            if let shared, shared.dimension != shape.dimension || shared.metric != shape.metric {
                throw TrawlError(
                    .incompatible,
                    "segment \(reader.info.number) has \(shape.dimension) dimensions, the one before \(shared.dimension), "
                        + "or another metric",
                    path: reader.snapshot.path, remedy: "build the index again with one model")
            }
            shared = shape
            let rows = try reader.blob(VectorSegment.rows, recordSize: Int(shape.dimension) * 4)
            guard rows.recordCount == reader.info.passageCount, UInt64(rows.recordCount) == shape.rowCount else {
                throw VectorSegment.damaged(reader, "there is not one vector for every passage")
            }
            let lengths =
                metric == .euclidean ? try reader.blob(VectorSegment.squaredLengths, recordSize: 4) : nil
            guard lengths == nil || lengths?.recordCount == rows.recordCount else {
                throw VectorSegment.damaged(reader, "there is not one length for every vector")
            }
            count += reader.info.livePassageCount
            return Segment(
                reader: reader, rows: rows, squaredLengths: lengths, dead: try DeletionSet(reader)?.passages)
        }
        self.count = count
        dimension = Int(shared?.dimension ?? 0)
        metric = shared.flatMap { Metric(rawValue: $0.metric) } ?? .cosine
    }

    /// Whether `segment` holds vectors.
    public static func isPresent(in segment: SegmentReader) throws -> Bool {
        try segment.record(VectorSegment.shape, VectorSegment.shapeKey) != nil
    }

    /// The `k` passages nearest to `query`, ties in the order of passages.
    /// - Throws: `invalidInput` for a query of another dimension or with a value that is not finite.
    /// - Complexity: O(count * dimension).
    public func search(_ query: [Float], k: Int, threads: Int? = nil) throws -> Ranking {
        try search([query], k: k, threads: threads)[0]
    }

    /// The nearest passages of each query; the vectors are read once for many queries.
    ///
    /// - Parameter threads: how many threads to use, by default all cores. It changes no result.
    public func search(_ queries: [[Float]], k: Int, threads: Int? = nil) throws -> [Ranking] {
        let prepared = try queries.map { try prepare($0) }
        let width = 64
        var rankings: [Ranking] = []
        for start in stride(from: 0, to: prepared.count, by: width) {
            let block = Array(prepared[start..<min(start + width, prepared.count)])
            rankings += searchBlock(block, k: k, threads: threads ?? ProcessInfo.processInfo.activeProcessorCount)
        }
        return rankings
    }

    /// The scores of `passages` for `query`, the same that `search` gives.
    /// - Throws: `notFound` for a passage that has no vector.
    public func score(_ query: [Float], passages: [PassageID]) throws -> [Float] {
        let query = try prepare(query)
        return try passages.map { passage in
            let (segment, row) = try locate(passage)
            return scoreRow(query, segment, row)
        }
    }

    /// The stored vector of a passage.
    /// - Throws: `notFound` for a passage that has none.
    public func vector(of passage: PassageID) throws -> [Float] {
        let (segment, row) = try locate(passage)
        return vector(segment, row)
    }

    /// Verifies checksums and values of the vectors of `segment`.
    /// - Throws: `corrupted` naming what is wrong.
    public static func check(_ segment: SegmentReader) throws {
        let searcher = try VectorSearcher([segment])
        try segment.verifyChecksums(VectorSegment.rows)
        if searcher.metric == .euclidean { try segment.verifyChecksums(VectorSegment.squaredLengths) }
        for held in searcher.segments {
            for row in 0..<held.rowCount {
                let vector = searcher.vector(held, row)
                guard vector.allSatisfy(\.isFinite) else {
                    throw VectorSegment.damaged(segment, "the vector of passage \(row) is not finite")
                }
                let square = vector.withUnsafeBufferPointer { Normalisation.squaredLength($0) }
                if searcher.metric == .cosine, square != 0, abs(square - 1) > 1e-4 {
                    throw VectorSegment.damaged(segment, "the vector of passage \(row) does not have length 1")
                }
                if let lengths = held.squaredLengths, lengths.load(row, as: Float.self) != square {
                    throw VectorSegment.damaged(segment, "the squared length of vector \(row) is wrong")
                }
            }
        }
    }

    // MARK: - Queries and passages

    /// A query ready to be multiplied.
    struct Query: Sendable {
        let values: [Float]
        let squaredLength: Float
    }

    private func prepare(_ query: [Float]) throws(TrawlError) -> Query {
        guard segments.isEmpty || query.count == dimension else {
            throw TrawlError(
                .invalidInput, "the query has \(query.count) dimensions, the index \(dimension)",
                remedy: "embed the query with the model that made the index")
        }
        if let bad = query.firstIndex(where: { !$0.isFinite }) {
            throw TrawlError(.invalidInput, "the query has the value \(query[bad]) at position \(bad)")
        }
        var values = query
        if metric == .cosine { Normalisation.apply(&values) }
        return Query(
            values: values, squaredLength: values.withUnsafeBufferPointer { Normalisation.squaredLength($0) })
    }

    private func locate(_ passage: PassageID) throws(TrawlError) -> (Segment, Int) {
        guard let segment = segments.last(where: { $0.base <= passage.rawValue }),
            Int(passage.rawValue - segment.base) < segment.rowCount
        else { throw TrawlError(.notFound, "passage \(passage.rawValue) has no vector") }
        let row = Int(passage.rawValue - segment.base)
        if let dead = segment.dead, dead.contains(row) {
            throw TrawlError(.notFound, "passage \(passage.rawValue) was deleted", remedy: "open the index anew")
        }
        return (segment, row)
    }
}
