import Foundation
public import TrawlTensors

/// Token vectors as they are stored, not yet in tiles.
struct CompressedTokens {
    var centroids: [UInt16] = []
    /// In units of 2^-15: what brings centroid and residual to length 1.
    var factors: [UInt16] = []
    /// `[count, residualBytes]`: the bits of dimensions one after the other, low bits first.
    var residuals: [UInt8] = []

    var count: Int { centroids.count }
}

extension TokenCodec {
    /// - Parameter vectors: of length 1, `[count, dimension]`.
    func compress(_ vectors: [Float], pool: ThreadPool) -> CompressedTokens {
        let count = vectors.count / dimension
        let nearest = nearestRows(of: centroids, to: vectors, dimension: dimension, pool: pool)
        var tokens = CompressedTokens(
            centroids: nearest.map { UInt16(truncatingIfNeeded: $0) }, factors: [UInt16](repeating: 0, count: count),
            residuals: [UInt8](repeating: 0, count: count * residualBytes))
        tokens.factors.withUnsafeMutableBufferPointer { factors in
            tokens.residuals.withUnsafeMutableBufferPointer { residuals in
                vectors.withUnsafeBufferPointer { vectors in
                    nonisolated(unsafe) let (factors, residuals) = (factors, residuals)
                    let tile = 64
                    pool.parallelFor((count + tile - 1) / tile) { part in
                        for token in part * tile..<min(count, (part + 1) * tile) {
                            let size = residualBytes
                            factors[token] = compress(
                                UnsafeBufferPointer(rebasing: vectors[token * dimension..<(token + 1) * dimension]),
                                centroid: Int(nearest[token]),
                                into: UnsafeMutableBufferPointer(rebasing: residuals[token * size..<(token + 1) * size])
                            )
                        }
                    }
                }
            }
        }
        return tokens
    }

    /// Writes the residual of one vector.
    ///
    /// - Returns: the factor.
    private func compress(
        _ vector: UnsafeBufferPointer<Float>, centroid: Int, into residual: UnsafeMutableBufferPointer<UInt8>
    ) -> UInt16 {
        var square: Float = 0
        for d in 0..<dimension {
            let start = centroids[centroid * dimension + d]
            var bucket = 0
            for cutoff in cutoffs where vector[d] - start >= cutoff { bucket += 1 }
            let place = d * bits
            residual[place >> 3] |= UInt8(bucket << (place & 7))
            let value = start + weights[bucket]
            square += value * value
        }
        guard square > 0 else { return 0 }
        return UInt16(min(Float(UInt16.max), (Self.unit / square.squareRoot()).rounded()))
    }

    /// A factor of 1.
    private static let unit: Float = 32768

    /// What vectors become when they are stored and read: of length 1 too, `[count, dimension]`.
    public func roundTrip(_ vectors: [Float], pool: ThreadPool = .shared) -> [Float] {
        let tokens = compress(vectors, pool: pool)
        return (0..<tokens.count).flatMap { token in
            decompress(
                centroid: Int(tokens.centroids[token]), factor: tokens.factors[token],
                residual: tokens.residuals[token * residualBytes..<(token + 1) * residualBytes])
        }
    }

    /// The vector that a stored token stands for.
    func decompress(centroid: Int, factor: UInt16, residual: some RandomAccessCollection<UInt8>) -> [Float] {
        let mask = 1 << bits - 1
        return (0..<dimension).map { d in
            let place = d * bits
            let byte = residual[residual.index(residual.startIndex, offsetBy: place >> 3)]
            let bucket = Int(byte) >> (place & 7) & mask
            return Float(factor) / Self.unit * (centroids[centroid * dimension + d] + weights[bucket])
        }
    }
}
