import TrawlTensors

/// For each of some vectors the row of a matrix with the largest dot product, the first of equals.
struct Dots {
    private(set) var nearest: [UInt32]
    /// The products with those rows.
    private(set) var best: [Float]

    /// The vectors and the rows that are multiplied at once: their products stay in the second-level cache.
    private static let tile = (vectors: 64, rows: 512)

    /// - Parameters:
    ///   - matrix: `[rows, dimension]`, at least one.
    ///   - vectors: `[count, dimension]`.
    /// - Complexity: O(count * rows * dimension).
    init(of matrix: [Float], to vectors: [Float], dimension: Int, pool: ThreadPool) {
        let (count, rows) = (vectors.count / dimension, matrix.count / dimension)
        nearest = [UInt32](repeating: 0, count: count)
        best = [Float](repeating: -.infinity, count: count)
        // All rows packed once: the tiles are read by every thread.
        let tiles = (rows + Self.tile.rows - 1) / Self.tile.rows
        let tileFloats = Kernels.packedCount(min(rows, Self.tile.rows), dimension)
        var panels = [Float](repeating: 0, count: tiles * tileFloats)
        panels.withUnsafeMutableBufferPointer { panels in
            matrix.withUnsafeBufferPointer { matrix in
                guard let panels = panels.baseAddress, let matrix = matrix.baseAddress else { return }
                for tile in 0..<tiles {
                    let first = tile * Self.tile.rows
                    Kernels.pack(
                        outputs: matrix + first * dimension, dimension, min(Self.tile.rows, rows - first), dimension,
                        into: panels + tile * tileFloats)
                }
            }
        }
        nearest.withUnsafeMutableBufferPointer { nearest in
            best.withUnsafeMutableBufferPointer { best in
                panels.withUnsafeBufferPointer { panels in
                    vectors.withUnsafeBufferPointer { vectors in
                        guard let vectors = vectors.baseAddress, let panels = panels.baseAddress else { return }
                        nonisolated(unsafe) let (nearest, best) = (nearest, best)
                        pool.parallelFor((count + Self.tile.vectors - 1) / Self.tile.vectors) { part in
                            let first = part * Self.tile.vectors
                            let end = min(count, first + Self.tile.vectors)
                            let products = ThreadScratch.floats(.scores, (end - first) * Self.tile.rows)
                            for tile in 0..<tiles {
                                let row = tile * Self.tile.rows
                                let width = min(Self.tile.rows, rows - row)
                                Kernels.multiply(
                                    end - first, width, dimension, vectors + first * dimension, dimension,
                                    panels: panels + tile * tileFloats, into: products, width)
                                for vector in first..<end {
                                    let line = products + (vector - first) * width
                                    var (top, place) = (best[vector], nearest[vector])
                                    for column in 0..<width where line[column] > top {
                                        (top, place) = (line[column], UInt32(row + column))
                                    }
                                    (best[vector], nearest[vector]) = (top, place)
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The numbers of the nearest rows alone.
func nearestRows(of matrix: [Float], to vectors: [Float], dimension: Int, pool: ThreadPool) -> [UInt32] {
    Dots(of: matrix, to: vectors, dimension: dimension, pool: pool).nearest
}
