import Synchronization
import TrawlCore
import TrawlStore

/// A segment opened for searches: its rows, what finds them, and what was deleted.
struct SearchedSegment: Sendable {
    let reader: SegmentReader
    let metric: Metric
    let rows: VectorRows
    /// Only with the Euclidean metric.
    let squaredLengths: Blob?
    /// The rows of deleted passages.
    let dead: Bitmap?
    let codes: Codes
    private let live: AllowedRows?
    private let rowScan = FirstScan()
    private let codeScan = FirstScan()

    enum Codes: Sendable {
        case none
        case signs(SignCodes)
        case graph(VectorGraph)
    }

    var base: UInt32 { reader.passageBase }

    var structure: VectorStructure {
        switch codes {
        case .none: .exact
        case .signs: .binary
        case .graph: .graph
        }
    }

    init(_ reader: SegmentReader) throws {
        guard let shape = try reader.record(VectorSegment.shape, VectorSegment.onlyKey) else {
            throw VectorSegment.damaged(reader, "there are no vectors")
        }
        guard (1...VectorShape.greatestDimension).contains(Int(shape.dimension)),
            let metric = Metric(rawValue: shape.metric), let format = RowFormat(rawValue: shape.format),
            let structure = VectorStructure(rawValue: shape.structure), shape.hasLearnedCodes <= 1
        else { throw VectorSegment.damaged(reader, "the shape of the vectors makes no sense") }
        self.reader = reader
        self.metric = metric
        let dimension = Int(shape.dimension)
        let blob = try reader.blob(VectorSegment.rows, recordSize: format.rowBytes(dimension: dimension))
        guard blob.recordCount == reader.info.passageCount, UInt64(blob.recordCount) == shape.rowCount,
            blob.recordCount < 1 << 31
        else { throw VectorSegment.damaged(reader, "there is not one vector for every passage") }
        rows = VectorRows(blob, format: format, dimension: dimension)
        squaredLengths =
            metric == .euclidean ? try reader.blob(VectorSegment.squaredLengths, recordSize: 4) : nil
        guard squaredLengths == nil || squaredLengths?.recordCount == rows.count else {
            throw VectorSegment.damaged(reader, "there is not one length for every vector")
        }
        codes =
            switch structure {
            case .exact: .none
            case .binary:
                .signs(
                    try SignCodes(reader, rows: rows, metric: metric, isLearned: shape.hasLearnedCodes == 1))
            case .graph: .graph(try VectorGraph(reader, rows: rows))
            }
        dead = try DeletionSet(reader)?.passages
        live = dead.map { AllowedRows(rowCount: blob.recordCount, dead: $0, filter: nil, base: 0) }
    }

    /// The rows that may be answered; nil for all.
    func allowed(_ filter: PassageFilter?) throws -> AllowedRows? {
        guard let filter else { return live }
        return AllowedRows(rowCount: rows.count, dead: dead, filter: filter.members, base: Int(base))
    }

    /// To be called before most rows, or most codes, are read.
    func willScanRows() { if rowScan.begin() { rows.blob.readAhead() } }
    func willScan(codes: Blob) { if codeScan.begin() { codes.readAhead() } }

    func score(_ query: VectorQuery, _ row: Int) -> Float {
        var product: Float = 0
        query.values.withUnsafeBufferPointer { values in
            guard let base = values.baseAddress else { return }
            rows.products(base, 1, chunkRows: row..<row + 1, into: &product)
        }
        return finished(product, query, row)
    }

    /// The score that a dot product gives under the metric.
    @inline(__always)
    func finished(_ product: Float, _ query: VectorQuery, _ row: Int) -> Float {
        var score = product
        if let squaredLengths {
            // Rounding must not make a distance negative.
            score = min(0, 2 * product - squaredLengths.load(row, as: Float.self) - query.squaredLength)
        }
        // Finite values may overflow to infinities that cancel; a ranking needs an order.
        return score.isNaN ? -.infinity : score
    }
}

/// Tells the first scan of a segment from later ones.
private final class FirstScan: Sendable {
    private let hasBegun = Atomic(false)
    func begin() -> Bool { !hasBegun.exchange(true, ordering: .relaxed) }
}

/// Rows of a segment as a bit each.
struct AllowedRows: Sendable {
    let words: [UInt64]
    let count: Int

    /// - Parameters:
    ///   - filter: passages of the whole index, those of the segment from `base` on.
    init(rowCount: Int, dead: Bitmap?, filter: BitSet?, base: Int) {
        var words = [UInt64](repeating: .max, count: (rowCount + 63) / 64)
        if let filter {
            for index in words.indices { words[index] = filter.word(from: base + 64 * index) }
        }
        if let dead { for index in words.indices { words[index] &= ~dead.word(index) } }
        if rowCount % 64 != 0, let last = words.last {
            words[words.count - 1] = last & (1 << UInt64(rowCount % 64) - 1)
        }
        self.words = words
        count = words.reduce(0) { $0 + $1.nonzeroBitCount }
    }

    /// The rows, ascending.
    var rows: [UInt32] {
        var rows: [UInt32] = []
        rows.reserveCapacity(count)
        for (index, word) in words.enumerated() {
            var rest = word
            while rest != 0 {
                rows.append(UInt32(64 * index + rest.trailingZeroBitCount))
                rest &= rest - 1
            }
        }
        return rows
    }
}
