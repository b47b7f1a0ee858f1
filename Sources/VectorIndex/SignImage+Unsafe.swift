import TrawlCore
import TrawlStore

/// What turns a vector into the numbers whose signs are its code.
enum SignImage: Sendable {
    case rotated(CodeSpace)
    case learned(CodeProjection, centre: [Float])

    /// What `settings` ask for, learned from `rows` if need be.
    init(_ settings: CodeSettings, for rows: VectorRows, threads: Int) throws {
        let centre = CodeSpace.statistics(of: rows, threads: threads).centre
        if case .learned(let bits) = settings,
            let projection = try CodeProjection.learn(from: rows, centre: centre, bits: bits, threads: threads)
        {
            self = .learned(projection, centre: centre)
        } else {
            self = .rotated(CodeSpace(centre: centre))
        }
    }

    /// The image that the codes of a segment were made by.
    init(_ reader: SegmentReader, dimension: Int, isLearned: Bool) throws {
        let centre = try VectorSegment.centre(reader, dimension: dimension)
        self =
            isLearned
            ? .learned(try CodeProjection(reader, dimension: dimension), centre: centre)
            : .rotated(CodeSpace(centre: centre))
    }

    func write(into writer: SegmentWriter) throws {
        switch self {
        case .rotated(let space): try writer.putCentre(space.centre)
        case .learned(let projection, let centre):
            try writer.putCentre(centre)
            try projection.write(into: writer)
        }
    }

    var isLearned: Bool { if case .learned = self { true } else { false } }

    /// The bits of a code.
    var codeDimension: Int {
        switch self {
        case .rotated(let space): space.codeDimension
        case .learned(let projection, _): projection.bits
        }
    }

    /// The numbers that `encode` needs for a vector and its image.
    var workSize: Int {
        switch self {
        case .rotated(let space): space.codeDimension
        case .learned(let projection, _): projection.dimension + projection.bits
        }
    }

    /// The image of the vector that `work`, `[workSize]`, begins with; it lies in `work` too.
    func map(_ work: UnsafeMutablePointer<Float>) -> UnsafePointer<Float> {
        switch self {
        case .rotated(let space):
            space.map(work)
            return UnsafePointer(work)
        case .learned(let projection, let centre):
            for d in centre.indices { work[d] -= centre[d] }
            projection.map(work, into: work + projection.dimension)
            return UnsafePointer(work + projection.dimension)
        }
    }

    /// The image of a query, from which no centre is taken: what that would change is alike for all vectors.
    func mapped(query: [Float]) -> [Float] {
        switch self {
        case .rotated(let space): return space.mapped(query: query)
        case .learned(let projection, _):
            return [Float](unsafeUninitializedCapacity: projection.bits) { image, count in
                if let base = image.baseAddress { projection.map(query, into: base) }
                count = projection.bits
            }
        }
    }
}
