public import Core
public import Store

/// Writes the vectors of one segment straight into the store, a row for every passage in order.
public final class VectorSegmentBuilder {
    public let dimension: Int
    public let metric: Metric
    public private(set) var rowCount = 0
    private let writer: SegmentWriter
    private let rows: BlobWriter
    private let squaredLengths: BlobWriter?

    /// - Throws: `invalidInput` for a dimension below 1 or above 65,536.
    public init(dimension: Int, metric: Metric = .cosine, into writer: SegmentWriter) throws(TrawlError) {
        guard (1...65_536).contains(dimension) else {
            throw TrawlError(.invalidInput, "vectors cannot have \(dimension) dimensions")
        }
        self.dimension = dimension
        self.metric = metric
        self.writer = writer
        rows = writer.blob(VectorSegment.rows, recordSize: dimension * 4)
        squaredLengths = metric == .euclidean ? writer.blob(VectorSegment.squaredLengths, recordSize: 4) : nil
    }

    /// Adds rows: `values` holds a whole number of vectors, one after the other. With the cosine metric they are brought
    /// to length 1 if they have another.
    /// - Throws: `invalidInput` naming the row for a value that is not finite, or if `values` ends inside a row.
    public func append(_ values: [Float]) throws {
        guard values.count % dimension == 0 else {
            throw TrawlError(
                .invalidInput, "\(values.count) values are no whole number of vectors of \(dimension) dimensions")
        }
        if let bad = values.firstIndex(where: { !$0.isFinite }) {
            throw TrawlError(
                .invalidInput,
                "the vector of passage \(rowCount + bad / dimension) has the value \(values[bad]) at position \(bad % dimension)",
                remedy: "check the embedding model and the text of this passage")
        }
        if metric == .cosine {
            for start in stride(from: 0, to: values.count, by: dimension) {
                var row = Array(values[start..<start + dimension])
                Normalisation.apply(&row)
                try rows.append(contentsOf: row)
            }
        } else {
            try rows.append(contentsOf: values)
        }
        if let squaredLengths {
            let lengths = values.withUnsafeBufferPointer { values in
                stride(from: 0, to: values.count, by: dimension).map { start in
                    Normalisation.squaredLength(UnsafeBufferPointer(rebasing: values[start..<start + dimension]))
                }
            }
            try squaredLengths.append(contentsOf: lengths)
        }
        rowCount += values.count / dimension
    }

    /// Writes what is left and the shape.
    public func finish() throws {
        try rows.finish()
        try squaredLengths?.finish()
        let shape = VectorShape(
            rowCount: UInt64(rowCount), dimension: UInt32(dimension), metric: metric.rawValue)
        try writer.put(VectorSegment.shape, VectorSegment.shapeKey, shape)
    }
}
