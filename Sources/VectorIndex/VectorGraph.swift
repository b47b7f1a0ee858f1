import TrawlCore
import TrawlStore

/// How a graph of neighbours is built.
public struct GraphSettings: Equatable, Sendable {
    /// The most links of a vector.
    public var degree = 32
    /// The width of the walks that look for a new vector's neighbours: wider ones build a better graph, more slowly.
    public var buildWidth = 128
    /// A link is left out when another one leads there nearly as straight: 1 leaves out most; more keeps longer ones too.
    public var slack: Float = 1.1

    public init() {}

    func check() throws(TrawlError) {
        guard (4...256).contains(degree), (degree...4096).contains(buildWidth), (1...4).contains(slack) else {
            throw TrawlError(
                .invalidInput, "a graph cannot have degree \(degree), build width \(buildWidth) and slack \(slack)",
                remedy: "use a degree of 4 to 256, a build width from the degree to 4096 and a slack of 1 to 4")
        }
    }
}

/// A graph of neighbours over the vectors of a segment, read in place: one flat layer of links with slack (Vamana,
/// Subramanya et al. 2019, DiskANN), and 4-bit codes to walk by.
struct VectorGraph: Sendable {
    let space: CodeSpace
    let shape: GraphShape
    let links: Blob
    private let linkTable: RecordTable
    private let codeTable: RecordTable

    /// - Throws: `corrupted` when the graph does not fit the rows.
    init(_ reader: SegmentReader, rows: VectorRows) throws {
        guard let shape = try reader.record(VectorSegment.graph, VectorSegment.onlyKey) else {
            throw VectorSegment.damaged(reader, "the graph is missing")
        }
        guard shape.rowCount == UInt64(rows.count), (1...256).contains(shape.degree), shape.lift.isFinite,
            shape.lift >= 0, rows.count == 0 ? shape.entry == noLink : Int(shape.entry) < rows.count
        else { throw VectorSegment.damaged(reader, "the shape of the graph makes no sense") }
        self.shape = shape
        space = CodeSpace(
            centre: try VectorSegment.centre(reader, dimension: rows.dimension), lift: shape.lift)
        links = try reader.blob(VectorSegment.links, recordSize: 4 * Int(shape.degree))
        let codes = try reader.blob(
            VectorSegment.nibbles, recordSize: NibbleCodes.recordBytes(codeDimension: space.codeDimension))
        guard links.recordCount == rows.count, codes.recordCount == rows.count else {
            throw VectorSegment.damaged(reader, "the graph has not as many vectors as there are")
        }
        linkTable = RecordTable(links)
        codeTable = RecordTable(codes)
    }

    var view: GraphView {
        GraphView(
            links: linkTable, codes: codeTable, degree: Int(shape.degree), codeDimension: space.codeDimension,
            entry: shape.entry, count: UInt32(shape.rowCount))
    }

    /// The vectors to which `vector` is linked.
    func neighbours(of vector: Int) -> [UInt32] { slots(of: vector).filter { $0 != noLink } }

    /// The room for links of `vector`, `noLink` where there are fewer.
    func slots(of vector: Int) -> [UInt32] {
        let first = vector * Int(shape.degree)
        return (first..<first + Int(shape.degree)).map { links.load($0, as: UInt32.self) }
    }
}

extension VectorSegment {
    /// What was subtracted from the vectors of `reader` before they were coded.
    static func centre(_ reader: SegmentReader, dimension: Int) throws -> [Float] {
        let blob = try reader.blob(centre, recordSize: 4)
        guard blob.recordCount == dimension else { throw damaged(reader, "the centre has another dimension") }
        let values = (0..<dimension).map { blob.load($0, as: Float.self) }
        guard values.allSatisfy(\.isFinite) else { throw damaged(reader, "the centre is not finite") }
        return values
    }
}

extension SegmentWriter {
    func putCentre(_ values: [Float]) throws {
        let blob = blob(VectorSegment.centre, recordSize: 4)
        try blob.append(contentsOf: values)
        try blob.finish()
    }
}
