public import TrawlCore
public import TrawlStore

/// How the vectors of a segment are stored and found.
public struct VectorSettings: Equatable, Sendable {
    public var metric = Metric.cosine
    public var format = RowFormat.f32
    /// nil: what suits the number of vectors.
    public var structure: VectorStructure?
    /// Of the structure `binary`.
    public var codes = CodeSettings.rotated
    public var graph = GraphSettings()

    public init() {}

    /// Scanning all rows takes less than a millisecond up to here.
    static let exactLimit = 10_000
    /// Scanning sign codes does, and they take no time to make.
    static let binaryLimit = 250_000

    func structure(rowCount: Int) -> VectorStructure {
        if let structure { return structure }
        return rowCount < Self.exactLimit ? .exact : rowCount < Self.binaryLimit ? .binary : .graph
    }
}

/// Writes the vectors of one segment straight into the store, a row for every passage in order, and then what finds them.
public final class VectorSegmentBuilder {
    public let dimension: Int
    public let settings: VectorSettings
    public private(set) var rowCount = 0
    private let threads: Int?
    private let writer: SegmentWriter
    private let rows: BlobWriter
    private let squaredLengths: BlobWriter?

    /// - Throws: `invalidInput` for a dimension below 1 or above 65,000, or settings that make no sense or do not fit it.
    public init(
        dimension: Int, _ settings: VectorSettings = VectorSettings(), threads: Int? = nil, into writer: SegmentWriter
    )
        throws(TrawlError)
    {
        guard (1...VectorShape.greatestDimension).contains(dimension) else {
            throw TrawlError(.invalidInput, "vectors cannot have \(dimension) dimensions")
        }
        try settings.graph.check()
        try settings.codes.check(dimension: dimension)
        self.dimension = dimension
        self.settings = settings
        self.threads = threads
        self.writer = writer
        rows = writer.blob(VectorSegment.rows, recordSize: settings.format.rowBytes(dimension: dimension))
        squaredLengths =
            settings.metric == .euclidean ? writer.blob(VectorSegment.squaredLengths, recordSize: 4) : nil
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
        for start in stride(from: 0, to: values.count, by: dimension) {
            var row = Array(values[start..<start + dimension])
            if settings.metric == .cosine { Normalisation.apply(&row) }
            let stored = settings.format.encode(row)
            try rows.append(contentsOf: stored)
            if let squaredLengths {
                // Of the vector as it is stored, so that distances are those between stored vectors.
                try squaredLengths.append(
                    settings.format.decode(stored, dimension: dimension).withUnsafeBufferPointer {
                        Normalisation.squaredLength($0)
                    })
            }
        }
        rowCount += values.count / dimension
    }

    /// Writes what is left, the structure and the shape.
    ///
    /// - Throws: `notFound` for learned codes without OpenBLAS.
    /// - Complexity: sign codes O(rows · dimension), learned ones O(rows · dimension · bits); a graph about O(rows · log rows · dimension), with some
    ///   2.5 · dimension + 4 · degree bytes of memory for each row.
    public func finish(progress: any ProgressReporter = .silent) throws {
        try rows.finish()
        try squaredLengths?.finish()
        try VectorStructureWriter(writer, settings, rowCount: rowCount, dimension: dimension, threads: threads)
            .write(progress: progress)
    }
}
