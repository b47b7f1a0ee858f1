import CTrawlKernels
public import TrawlCore
import TrawlTensors

/// How token vectors are stored: the number of the nearest centroid, and the residual in 1, 2 or 4 bits a dimension
/// (ColBERTv2, Santhanam et al. 2022, arXiv 2112.01488). A bucket of residuals stands for their mean, and buckets hold the same
/// number of them. What is stored is scaled to length 1 when it is read.
///
/// An index has one codec, made of its first documents; all segments share it.
public struct TokenCodec: Equatable, Sendable {
    /// A multiple of 8, at most 4096.
    public let dimension: Int
    /// Bits per dimension: 1, 2 or 4.
    public let bits: Int
    /// Of length 1, `[centroidCount, dimension]`.
    public let centroids: [Float]
    /// Where a bucket ends and the next begins, ascending; a value on a cutoff is in the bucket after it.
    let cutoffs: [Float]
    /// What a residual in each bucket counts as.
    let weights: [Float]

    public static let greatestDimension = 4096
    /// As many as two bytes tell apart.
    public static let greatestCentroidCount = 1 << 16

    public var centroidCount: Int { centroids.count / dimension }

    init(dimension: Int, bits: Int, centroids: [Float], cutoffs: [Float], weights: [Float]) {
        self.dimension = dimension
        self.bits = bits
        self.centroids = centroids
        self.cutoffs = cutoffs
        self.weights = weights
    }

    /// - Throws: `invalidInput` for a dimension that is not a multiple of 8 or too great, or another number of bits than 1, 2
    ///   and 4.
    public static func check(dimension: Int, bits: Int) throws(TrawlError) {
        guard dimension > 0, dimension % 8 == 0, dimension <= greatestDimension else {
            throw TrawlError(
                .invalidInput, "token vectors of \(dimension) dimensions cannot be stored",
                remedy: "use a model whose dimension is a multiple of 8, at most \(greatestDimension)")
        }
        guard [1, 2, 4].contains(bits) else {
            throw TrawlError(.invalidInput, "a residual cannot have \(bits) bits a dimension", remedy: "use 1, 2 or 4")
        }
    }

    /// The bytes of a residual: the lines of a tile.
    var residualBytes: Int { dimension * bits / 8 }
    /// The bytes of a tile of 32 tokens, see `maxsim.h`.
    var tileBytes: Int { Self.tileBytes(dimension: dimension, bits: bits) }

    static let tileTokens = Int(TRAWL_MAXSIM_TILE)
    static let tileHead = Int(TRAWL_MAXSIM_HEAD)

    static func tileBytes(dimension: Int, bits: Int) -> Int { tileHead + dimension * bits / 8 * tileTokens }
}

/// As an index stores it:
///
/// ```
/// magic u32 | dimension u32 | bits u32 | centroids u32 | cutoffs f32 ... | weights f32 ... | centroids f32 ...
/// ```
extension TokenCodec {
    private static let magic: UInt32 = 0x4554_414C

    public var encoded: [UInt8] {
        var bytes: [UInt8] = []
        for field in [Self.magic, UInt32(dimension), UInt32(bits), UInt32(centroidCount)] {
            withUnsafeBytes(of: field.littleEndian) { bytes.append(contentsOf: $0) }
        }
        for values in [cutoffs, weights, centroids] { values.withUnsafeBytes { bytes.append(contentsOf: $0) } }
        return bytes
    }

    /// - Parameter path: of the index, for messages.
    /// - Throws: `corrupted` for bytes that are not those of a codec.
    public init(encoded bytes: [UInt8], path: String) throws(TrawlError) {
        let damaged = TrawlError(
            .corrupted, "the centroids of the token vectors are damaged", path: path, remedy: "build the index again")
        func field(_ index: Int) -> Int {
            bytes.withUnsafeBytes {
                Int(UInt32(littleEndian: $0.loadUnaligned(fromByteOffset: 4 * index, as: UInt32.self)))
            }
        }
        guard bytes.count >= 16, field(0) == Int(Self.magic) else { throw damaged }
        let (dimension, bits, count) = (field(1), field(2), field(3))
        guard (try? Self.check(dimension: dimension, bits: bits)) != nil, 1...Self.greatestCentroidCount ~= count
        else { throw damaged }
        let buckets = 1 << bits
        guard bytes.count == 16 + 4 * (2 * buckets - 1 + count * dimension) else { throw damaged }
        func floats(_ start: Int, _ count: Int) -> [Float] {
            [Float](unsafeUninitializedCapacity: count) { buffer, filled in
                UnsafeMutableRawBufferPointer(buffer).copyBytes(
                    from: bytes[16 + 4 * start..<16 + 4 * (start + count)])
                filled = count
            }
        }
        self.init(
            dimension: dimension, bits: bits, centroids: floats(2 * buckets - 1, count * dimension),
            cutoffs: floats(0, buckets - 1), weights: floats(buckets - 1, buckets))
        guard (cutoffs + weights + centroids).allSatisfy(\.isFinite) else { throw damaged }
    }
}
