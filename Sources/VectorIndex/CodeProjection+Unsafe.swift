internal import CTrawlKernels
import TrawlCore
import TrawlStore
import TrawlTensors

/// A linear map of vectors to the numbers whose signs are learned codes: the first principal components, rotated so that
/// signs lose least of them.
///
/// Iterative quantisation (Gong and Lazebnik 2011, doi 10.1109/CVPR.2011.5995432): signs B = sign(V R) of the components V,
/// then the rotation R that brings V R nearest to B, in turn.
struct CodeProjection: Sendable {
    let dimension: Int
    let bits: Int
    /// `[bits, dimension]`, orthonormal.
    let rows: [Float]

    /// The image of a vector, `[bits]`.
    func map(_ vector: UnsafePointer<Float>, into image: UnsafeMutablePointer<Float>) {
        rows.withUnsafeBufferPointer { rows in
            guard let base = rows.baseAddress else { return }
            trawl_dot_rows(TRAWL_ROW_F32, base, 4 * dimension, bits, vector, 1, dimension, image)
        }
    }
}

extension CodeProjection {
    /// The rows that are learned from: this many, spread evenly.
    private static let sampleSize = 16_384
    private static let rounds = 50

    /// Learns from the rows of a segment; nil where there are too few to learn from, fewer than four for each bit, or where
    /// their numbers run out of single precision.
    ///
    /// - Parameter centre: the mean of all rows.
    /// - Throws: `notFound` without OpenBLAS.
    /// - Complexity: with n rows of the sample, O(n dimension² + 50 n bits²) time, 4 n (dimension + 2 bits) bytes.
    static func learn(from rows: VectorRows, centre: [Float], bits: Int, threads: Int) throws -> CodeProjection? {
        guard rows.count >= 4 * bits, centre.allSatisfy(\.isFinite) else { return nil }
        let pool = ThreadPool(threadCount: threads)
        let sample = try sample(of: rows, centre: centre)
        let covariance = try Matrix<Float>.product(sample, sample, transposingFirst: true, pool: pool)
        guard covariance.values.allSatisfy(\.isFinite) else { return nil }
        let components = try Matrix(
            rows: bits, columns: rows.dimension,
            values: Array(covariance.symmetricEigenDecomposition().vectors.values.prefix(bits * rows.dimension)))
        let values = try Matrix.product(sample, components, transposingSecond: true, pool: pool)
        var rotation = try polar(of: startingPoint(bits), pool: pool)
        for _ in 0..<rounds {
            let image = try Matrix.product(values, rotation, pool: pool)
            let signs = try Matrix<Float>(
                rows: image.rows, columns: bits, values: image.values.map { $0 > 0 ? 1 : -1 })
            rotation = try polar(of: Matrix.product(values, signs, transposingFirst: true, pool: pool), pool: pool)
        }
        let projection = try Matrix.product(rotation, components, transposingFirst: true, pool: pool)
        return CodeProjection(dimension: rows.dimension, bits: bits, rows: projection.values)
    }

    /// Some rows less their centre; those that cannot be coded are zero.
    private static func sample(of rows: VectorRows, centre: [Float]) throws -> Matrix<Float> {
        let count = min(rows.count, sampleSize)
        let dimension = rows.dimension
        var values: [Float] = []
        values.reserveCapacity(count * dimension)
        for number in 0..<count {
            let row = rows[number * rows.count / count]
            let isCodable = CodeSpace.isCodable(row.withUnsafeBufferPointer { Normalisation.squaredLength($0) })
            for d in 0..<dimension { values.append(isCodable ? row[d] - centre[d] : 0) }
        }
        return try Matrix(rows: count, columns: dimension, values: values)
    }

    /// The orthonormal matrix nearest to a square one.
    private static func polar(of matrix: Matrix<Float>, pool: ThreadPool) throws -> Matrix<Float> {
        let parts = try matrix.singularValueDecomposition()
        return try Matrix.product(parts.left, parts.right, pool: pool)
    }

    /// Random numbers: a rotation that favours no component.
    private static func startingPoint(_ size: Int) throws -> Matrix<Float> {
        var random = SplitMix64(seed: 0x6974_7121)
        return try Matrix(
            rows: size, columns: size, values: (0..<size * size).map { _ in Float.random(in: -1...1, using: &random) })
    }
}

// MARK: Storage

extension CodeProjection {
    /// - Throws: `corrupted` where the stored map does not fit the vectors.
    init(_ reader: SegmentReader, dimension: Int) throws {
        let blob = try reader.blob(VectorSegment.projection, recordSize: 4 * dimension)
        guard CodeSettings.isPossible(bits: blob.recordCount, dimension: dimension) else {
            throw VectorSegment.damaged(reader, "the map to learned codes does not fit the vectors")
        }
        self.dimension = dimension
        bits = blob.recordCount
        let size = blob.recordCount * dimension
        rows = [Float](unsafeUninitializedCapacity: size) { buffer, count in
            let bytes = UnsafeMutableRawBufferPointer(buffer)
            for row in 0..<blob.recordCount {
                let record = UnsafeRawBufferPointer(
                    start: blob.address(of: row * blob.recordSize), count: blob.recordSize)
                UnsafeMutableRawBufferPointer(rebasing: bytes[(row * blob.recordSize)...]).copyMemory(from: record)
            }
            count = size
        }
    }

    func write(into writer: SegmentWriter) throws {
        let blob = writer.blob(VectorSegment.projection, recordSize: 4 * dimension)
        try blob.append(contentsOf: rows)
        try blob.finish()
    }
}
