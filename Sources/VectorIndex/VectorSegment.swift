import Core
import Store

/// How near a vector is to a query; a greater score is nearer.
public enum Metric: UInt32, Codable, Sendable, CaseIterable {
    /// The cosine of the angle: the dot product of vectors of length 1.
    case cosine = 1
    case dot = 2
    /// The negative square of the Euclidean distance.
    case euclidean = 3
}

/// What VectorIndex keeps of a segment: one row of floats for every passage, in order, and for the Euclidean metric the
/// squared length of every row.
enum VectorSegment {
    static let shape = Table<VectorShape>(number: 30, name: "vectors")
    static let shapeKey: [UInt8] = [0]
    static let rows = BlobKind(number: 30, "vectors")
    static let squaredLengths = BlobKind(number: 31, "squared lengths")

    static func damaged(_ segment: SegmentReader, _ what: String) -> TrawlError {
        TrawlError(
            .corrupted, "segment \(segment.info.number): \(what)", path: segment.snapshot.path,
            remedy: "build the index again")
    }
}

/// The shape of the rows of a segment.
struct VectorShape: BitwiseCopyable, Equatable, Sendable {
    var rowCount: UInt64
    var dimension: UInt32
    var metric: UInt32
}

/// Brings vectors to length 1.
enum Normalisation {
    /// Leaves vectors of length 1, up to rounding, and zero vectors as they are.
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
