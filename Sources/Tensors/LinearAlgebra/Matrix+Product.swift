internal import TrawlCore

extension Matrix {
    /// The rows and the columns of a result that are computed at once. Fixed, so that threads change no bit.
    private static var tile: Int { 256 }

    /// a b, with either matrix transposed if asked. Values that are not finite are carried into the result.
    ///
    /// - Parameters:
    ///   - a: `[m, k]`, or `[k, m]` if transposed.
    ///   - b: `[k, n]`, or `[n, k]` if transposed.
    /// - Returns: `[m, n]`.
    /// - Throws: as `addProduct`.
    /// - Complexity: O(m n k)
    public static func product(
        _ a: Matrix, _ b: Matrix, transposingFirst isFirstTransposed: Bool = false,
        transposingSecond isSecondTransposed: Bool = false, pool: ThreadPool = .shared
    ) throws -> Matrix {
        var result = Matrix(
            rows: isFirstTransposed ? a.columns : a.rows, columns: isSecondTransposed ? b.rows : b.columns)
        try result.addProduct(
            a, b, transposingFirst: isFirstTransposed, transposingSecond: isSecondTransposed, keeping: 0, pool: pool)
        return result
    }

    /// Becomes `scale` a b + `share` self, by BLAS's GEMM. With a share of zero, what self holds is not read.
    ///
    /// - Parameters:
    ///   - a: `[rows, k]`, or `[k, rows]` if transposed.
    ///   - b: `[k, columns]`, or `[columns, k]` if transposed.
    /// - Throws: `.invalidInput` if sizes do not fit, `.unsupported` beyond 2³¹ - 1 rows or columns, `.notFound` without
    ///   OpenBLAS.
    /// - Complexity: O(rows · columns · k)
    public mutating func addProduct(
        _ a: Matrix, _ b: Matrix, transposingFirst isFirstTransposed: Bool = false,
        transposingSecond isSecondTransposed: Bool = false, scale: Scalar = 1, keeping share: Scalar = 1,
        pool: ThreadPool = .shared
    ) throws {
        let (m, k) = isFirstTransposed ? (a.columns, a.rows) : (a.rows, a.columns)
        let (depth, n) = isSecondTransposed ? (b.columns, b.rows) : (b.rows, b.columns)
        guard k == depth, m == rows, n == columns else {
            throw TrawlError(
                .invalidInput,
                "a product of \(m) x \(k) and \(depth) x \(n) does not fit a matrix of \(rows) x \(columns)")
        }
        let sizes = (m: try blasSize(m), n: try blasSize(n), k: try blasSize(k))
        let strides = (a: try blasSize(a.columns), b: try blasSize(b.columns))
        if m == 0 || n == 0 { return }
        if k == 0 { return withElements { c in for index in c.indices { c[index] *= share } } }
        let routines = try Scalar.linearAlgebra
        let tile = Self.tile
        let columnTiles = (n + tile - 1) / tile
        a.values.withUnsafeBufferPointer { a in
            b.values.withUnsafeBufferPointer { b in
                withElements { c in
                    guard let a = a.baseAddress, let b = b.baseAddress, let c = c.baseAddress else { return }
                    pool.parallelFor((m + tile - 1) / tile * columnTiles) { index in
                        let (row, column) = (index / columnTiles * tile, index % columnTiles * tile)
                        routines.multiply(
                            .init(
                                m: min(Int32(tile), sizes.m - Int32(row)), n: min(Int32(tile), sizes.n - Int32(column)),
                                k: sizes.k,
                                a: .init(
                                    base: a + (isFirstTransposed ? row : row * k), stride: strides.a,
                                    isTransposed: isFirstTransposed),
                                b: .init(
                                    base: b + (isSecondTransposed ? column * k : column), stride: strides.b,
                                    isTransposed: isSecondTransposed),
                                c: c + row * n + column, stride: sizes.n, alpha: scale, beta: share))
                    }
                }
            }
        }
    }
}
