internal import TrawlCore

extension Matrix {
    /// The X with self X = `right`, for a symmetric positive definite self, by Cholesky's decomposition (LAPACK's POSV).
    ///
    /// Only the lower triangle of self is read; that the upper one equals it is the caller's word.
    ///
    /// - Parameter right: `[n, r]`, a right-hand side a column.
    /// - Returns: X, `[n, r]`.
    /// - Throws: `.invalidInput` if self is empty, not square, not positive definite or has a value that is not finite,
    ///   or if `right` does not fit it; `.unsupported` beyond 2³¹ - 1 rows; `.notFound` without OpenBLAS.
    /// - Complexity: O(n³ / 3 + n² r) time on one thread.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func solvingPositiveDefinite(_ right: Matrix) throws -> Matrix {
        let purpose = "the solution"
        try requireSquare(for: purpose)
        let size = try checkedSizes(for: purpose).rows
        guard right.rows == rows else {
            throw TrawlError(
                .invalidInput, "a right-hand side of \(right.rows) rows does not fit a matrix of \(rows) rows")
        }
        if right.columns == 0 { return right }
        let count = try right.checkedSizes(for: "the solution for a right-hand side").columns
        var factor = self
        // LAPACK takes right-hand sides one after the other.
        var solution = right.transposed
        let routine = try Scalar.linearAlgebra.posv
        let info = factor.withElements { a in
            solution.withElements { b in
                if let a = a.baseAddress, let b = b.baseAddress { routine(size, count, a, b) } else { Int32(0) }
            }
        }
        precondition(info >= 0, "argument \(-info) of a LAPACK routine")
        guard info == 0 else {
            throw TrawlError(
                .invalidInput, "the matrix is not positive definite: its leading \(info) rows and columns are not",
                remedy: "add a positive number to its diagonal")
        }
        return solution.transposed
    }
}
