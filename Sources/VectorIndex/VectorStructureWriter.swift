import TrawlCore
import TrawlStore

/// Writes the shape of a segment whose rows are written, and what finds them.
struct VectorStructureWriter {
    /// A graph over some of the rows: vector v of it is row `numbers[v]`, or dropped where that is `noLink`.
    struct Adopted {
        let graph: VectorGraph
        let numbers: [UInt32]
    }

    private let writer: SegmentWriter
    private let settings: VectorSettings
    private let structure: VectorStructure
    private let rowCount: Int
    private let dimension: Int
    private let threads: Int

    init(_ writer: SegmentWriter, _ settings: VectorSettings, rowCount: Int, dimension: Int, threads: Int?) {
        self.writer = writer
        self.settings = settings
        structure = settings.structure(rowCount: rowCount)
        self.rowCount = rowCount
        self.dimension = dimension
        self.threads = Parallel.threads(threads)
    }

    func write(adopting adopted: Adopted? = nil, progress: any ProgressReporter) throws {
        guard structure != .exact else { return try writeShape() }
        let reader = try writer.written(passageCount: UInt32(rowCount))
        let rows = VectorRows(
            try reader.blob(VectorSegment.rows, recordSize: settings.format.rowBytes(dimension: dimension)),
            format: settings.format, dimension: dimension)
        progress.begin(structure == .binary ? "sign codes" : "graph of vectors", total: rowCount, unit: "vectors")
        defer { progress.end() }
        if structure == .binary {
            let image = try SignImage(settings.codes, for: rows, threads: threads)
            try SignCodes.write(
                rows, as: image, metric: settings.metric, threads: threads, into: writer, advance: progress.advance)
            try writeShape(hasLearnedCodes: image.isLearned)
        } else {
            try writeGraph(rows, adopting: adopted, advance: progress.advance)
            try writeShape()
        }
    }

    private func writeShape(hasLearnedCodes: Bool = false) throws {
        let shape = VectorShape(
            rowCount: UInt64(rowCount), dimension: UInt32(dimension), metric: settings.metric.rawValue,
            format: settings.format.rawValue, structure: structure.rawValue, hasLearnedCodes: hasLearnedCodes ? 1 : 0)
        try writer.put(VectorSegment.shape, VectorSegment.onlyKey, shape)
    }

    private func writeGraph(_ rows: VectorRows, adopting adopted: Adopted?, advance: (Int) -> Void) throws {
        let draft = GraphDraft(
            rows, metric: settings.metric, space: space(for: rows), settings: settings.graph, threads: threads)
        if let adopted, adopted.graph.shape.degree == settings.graph.degree {
            let present = draft.adopt(adopted.graph, numbers: adopted.numbers)
            advance(present.count)
            let others = (0..<UInt32(rows.count)).filter { !present.contains(Int($0)) }
            draft.insert(others, present: present.count, advance: advance)
        } else {
            draft.insertAll(advance: advance)
        }
        draft.connectAll()
        try draft.write(into: writer)
    }

    private func space(for rows: VectorRows) -> CodeSpace {
        let statistics = CodeSpace.statistics(of: rows, threads: threads)
        // Vectors of one length need no lift, whatever the metric.
        let isLifted =
            settings.metric == .dot
            && statistics.greatestSquare - statistics.leastSquare > 1e-3 * statistics.greatestSquare
        return CodeSpace(centre: statistics.centre, lift: isLifted ? statistics.greatestSquare : 0)
    }
}
