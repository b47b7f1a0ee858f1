import TrawlCore
import TrawlStore

/// How near a vector is to a query; a greater score is nearer.
public enum Metric: UInt8, Sendable, CaseIterable {
    /// The cosine of the angle: the dot product of vectors of length 1.
    case cosine = 1
    case dot = 2
    /// The negative square of the Euclidean distance.
    case euclidean = 3
}

/// How the numbers of a vector are stored.
public enum RowFormat: UInt8, Sendable, CaseIterable {
    case f32 = 0
    case f16 = 1
    /// Signed bytes and a factor for the whole vector.
    case int8 = 2

    func rowBytes(dimension: Int) -> Int {
        switch self {
        case .f32: 4 * dimension
        case .f16: 2 * dimension
        case .int8: 4 + dimension
        }
    }
}

/// What stands beside the vectors of a segment to find the nearest sooner.
public enum VectorStructure: UInt8, Sendable, CaseIterable {
    /// Nothing: every vector is compared.
    case exact = 0
    /// A bit for each dimension, which are all scanned; the best are compared exactly.
    case binary = 1
    /// A graph of neighbours over vectors of 4 bits a dimension; the best that a walk meets are compared exactly.
    case graph = 2
}

/// What VectorIndex keeps of a segment: one row for every passage, in order, and for the Euclidean metric the squared length
/// of every row; beside them sign codes, or 4-bit codes and links.
///
/// ```
/// shape     rows u64 | dimension u32 | metric u8 | format u8 | structure u8 | 1 if sign codes are learned, else 0 u8
/// rows      f32: floats; f16: halves; int8: factor f32 | signed bytes
/// centre    what is subtracted before a vector is rotated and coded: a float for each dimension
/// projection  with learned codes, for each bit what a vector less the centre is multiplied with: floats
/// signs     tiles of 64 vectors, see scan.h
/// nibbles   a record for each vector, see codes.h
/// links     for each vector the numbers of its neighbours u32, 2^32 - 1 where there are fewer
/// ```
enum VectorSegment {
    static let shape = Table<VectorShape>(number: 30, name: "vectors")
    static let graph = Table<GraphShape>(number: 31, name: "vector graph")
    static let onlyKey: [UInt8] = [0]
    static let rows = BlobKind(number: 30, "vectors")
    static let squaredLengths = BlobKind(number: 31, "squared lengths")
    static let centre = BlobKind(number: 32, "centre of the vectors")
    static let signs = BlobKind(number: 33, "sign codes")
    static let nibbles = BlobKind(number: 34, "4-bit codes")
    static let links = BlobKind(number: 35, "links between vectors")
    static let projection = BlobKind(number: 36, "map to learned codes")

    static func damaged(_ segment: SegmentReader, _ what: String) -> TrawlError {
        TrawlError(
            .corrupted, "segment \(segment.info.number): \(what)", path: segment.snapshot.path,
            remedy: "build the index again")
    }
}

/// The shape of the rows of a segment. Indexes of earlier versions have zeros from the format on.
struct VectorShape: BitwiseCopyable, Equatable, Sendable {
    var rowCount: UInt64
    var dimension: UInt32
    var metric: UInt8
    var format: UInt8
    var structure: UInt8
    var hasLearnedCodes: UInt8 = 0

    static let greatestDimension = 65_000
}

/// What a graph needs beside its links.
struct GraphShape: BitwiseCopyable, Equatable, Sendable {
    var rowCount: UInt64
    /// The links of a vector.
    var degree: UInt32
    /// The vector at which walks begin.
    var entry: UInt32
    /// The square of the length that vectors were lifted to, see `CodeSpace`; 0 when they were not.
    var lift: Float
    var unused: UInt32 = 0
}

/// Lengths of vectors.
enum Normalisation {
    /// Brings a vector to length 1; leaves those of length 1, up to rounding, and zero vectors as they are.
    static func apply(_ vector: inout [Float]) {
        var square = 0.0
        for value in vector { square += Double(value) * Double(value) }
        guard square > 0, abs(square - 1) > 1e-5 else { return }
        let factor = 1 / square.squareRoot()
        for index in vector.indices { vector[index] = Float(Double(vector[index]) * factor) }
    }

    /// The squared length, in double precision.
    static func squaredLength(_ vector: UnsafeBufferPointer<Float>) -> Float {
        var square = 0.0
        for value in vector { square += Double(value) * Double(value) }
        return Float(square)
    }
}
