internal import TrawlCore

/// How the values of written embeddings are stored, by the names that sentence-transformers gives them.
public enum EmbeddingType: String, Sendable, CaseIterable {
    case float32, float16
    /// A 256th of the range of each dimension, from -128 or from 0.
    case int8, uint8
    /// The signs, eight to a byte, the first in the highest bit; as they are, or less 128.
    case ubinary, binary

    /// Whether values are steps of a range that has to be known.
    public var hasRanges: Bool { self == .int8 || self == .uint8 }
}

/// The least and the greatest value of each dimension, `[dimension]` each.
public struct EmbeddingRanges: Sendable, Equatable {
    public let least: [Float]
    public let greatest: [Float]

    /// - Throws: `TrawlError.invalidInput` for ranges that are not of one length, not finite or upside down.
    public init(least: [Float], greatest: [Float]) throws {
        guard least.count == greatest.count,
            zip(least, greatest).allSatisfy({ $0.isFinite && $1.isFinite && $0 <= $1 })
        else {
            throw TrawlError(
                .invalidInput, "the ranges of the dimensions are not pairs of a least and a greatest value",
                remedy: "take those of a set of embeddings", topic: .embeddingRanges)
        }
        self.least = least
        self.greatest = greatest
    }

    /// The ranges of some embeddings.
    ///
    /// - Throws: `TrawlError.invalidInput` for fewer than two, which have no range.
    public init(of matrix: EmbeddingMatrix) throws {
        guard matrix.count > 1 else {
            throw TrawlError(
                .invalidInput, "one embedding has no ranges to divide into 256 steps",
                remedy: "give the ranges of a representative set, or embed more texts", topic: .embeddingRanges)
        }
        var least = Array(matrix[0])
        var greatest = least
        for row in 1..<matrix.count {
            for (dimension, value) in matrix[row].enumerated() {
                least[dimension] = min(least[dimension], value)
                greatest[dimension] = max(greatest[dimension], value)
            }
        }
        try self.init(least: least, greatest: greatest)
    }
}

/// Embeddings in few bytes, the same as `sentence_transformers.util.quantize_embeddings` makes of them.
public struct QuantisedEmbeddings: Sendable, Equatable {
    public let type: EmbeddingType
    public let count: Int
    /// The values of an embedding: its dimensions, or the bytes of its signs.
    public let width: Int
    /// Row after row, as the processor stores numbers: little-endian.
    public let bytes: [UInt8]

    /// - Parameter ranges: for `int8` and `uint8`; nil takes those of the embeddings themselves.
    /// - Throws: `TrawlError.invalidInput` for ranges that are missing or of another dimension.
    public init(_ matrix: EmbeddingMatrix, as type: EmbeddingType, ranges: EmbeddingRanges? = nil) throws {
        self.type = type
        count = matrix.count
        width = type == .binary || type == .ubinary ? (matrix.dimension + 7) / 8 : matrix.dimension
        switch type {
        case .float32: bytes = matrix.values.withUnsafeBytes { Array($0) }
        case .float16: bytes = matrix.values.map { Float16($0) }.withUnsafeBytes { Array($0) }
        case .int8, .uint8:
            let ranges = try ranges ?? EmbeddingRanges(of: matrix)
            guard ranges.least.count == matrix.dimension else {
                throw TrawlError(
                    .invalidInput,
                    "the ranges are of \(ranges.least.count) dimensions, the embeddings have \(matrix.dimension)",
                    remedy: "take ranges of the same model and number of dimensions")
            }
            bytes = Self.steps(matrix, ranges).map { type == .int8 ? $0 ^ 0x80 : $0 }
        case .binary, .ubinary: bytes = Self.signs(matrix).map { type == .binary ? $0 ^ 0x80 : $0 }
        }
    }

    /// The numbers that an embedding's bytes stand for.
    public enum Values: Sendable, Equatable {
        case fractions([Float])
        case integers([Int])
    }

    public func values(_ row: Int) -> Values {
        let size = bytes.count / max(count * width, 1)
        let row = bytes[row * width * size..<(row + 1) * width * size]
        let places = stride(from: row.startIndex, to: row.endIndex, by: size)
        func bits(_ place: Int) -> UInt32 {
            (0..<size).reduce(0) { $0 | UInt32(row[place + $1]) << UInt32(8 * $1) }
        }
        switch type {
        case .float32: return .fractions(places.map { Float(bitPattern: bits($0)) })
        case .float16: return .fractions(places.map { Float(Float16(bitPattern: UInt16(bits($0)))) })
        case .int8, .binary: return .integers(row.map { Int(Int8(bitPattern: $0)) })
        case .uint8, .ubinary: return .integers(row.map { Int($0) })
        }
    }

    /// The step of its dimension's range that each value falls into.
    private static func steps(_ matrix: EmbeddingMatrix, _ ranges: EmbeddingRanges) -> [UInt8] {
        let sizes = zip(ranges.least, ranges.greatest).map { $0 == $1 ? 1 : ($1 - $0) / 255 }
        return matrix.values.enumerated().map { place, value in
            let dimension = place % matrix.dimension
            let step = ((value - ranges.least[dimension]) / sizes[dimension]).rounded(.down)
            // Not a number counts as the least.
            return step > 0 ? UInt8(min(step, 255)) : 0
        }
    }

    private static func signs(_ matrix: EmbeddingMatrix) -> [UInt8] {
        (0..<matrix.count).flatMap { row in
            var bytes = [UInt8](repeating: 0, count: (matrix.dimension + 7) / 8)
            for (dimension, value) in matrix[row].enumerated() where value > 0 {
                bytes[dimension / 8] |= 0x80 >> UInt8(dimension % 8)
            }
            return bytes
        }
    }
}
