internal import TrawlCore

/// A = Vᵀ diag(values) V of a symmetric matrix.
public struct EigenDecomposition<Scalar: MatrixScalar>: Sendable {
    /// The eigenvalues, `[n]`, descending.
    public let values: [Scalar]
    /// `[n, n]`: row i is the eigenvector of `values[i]`, of length 1; its entry of greatest magnitude is positive.
    public let vectors: Matrix<Scalar>
}

/// A = U diag(values) V of any matrix A: `[m, n]`, with k = min(m, n).
public struct SingularValueDecomposition<Scalar: MatrixScalar>: Sendable {
    /// U, `[m, k]`, with orthonormal columns.
    public let left: Matrix<Scalar>
    /// The singular values, `[k]`, descending, not negative.
    public let values: [Scalar]
    /// V, `[k, n]`, with orthonormal rows, whose entries of greatest magnitude are positive.
    public let right: Matrix<Scalar>
}

extension Matrix {
    /// Eigenvalues and eigenvectors of a symmetric matrix, by divide and conquer (LAPACK's SYEVD).
    ///
    /// Only the lower triangle is read; that the upper one equals it is the caller's word.
    ///
    /// - Throws: `.invalidInput` if the matrix is empty, not square or has a value that is not finite, or if the
    ///   iteration does not converge; `.unsupported` beyond about 32,000 rows; `.notFound` without OpenBLAS.
    /// - Complexity: O(n³) time on one thread, O(n²) memory.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func symmetricEigenDecomposition() throws -> EigenDecomposition<Scalar> {
        let purpose = "an eigendecomposition"
        try requireSquare(for: purpose)
        let size = try checkedSizes(for: purpose).rows
        // What SYEVD asks for when it writes vectors.
        var work = [Scalar](repeating: 0, count: 1 + 6 * rows + 2 * rows * rows)
        var integers = [Int32](repeating: 0, count: 3 + 5 * rows)
        let (workSize, integerSize) = (try blasSize(work.count), try blasSize(integers.count))
        var ascending = [Scalar](repeating: 0, count: rows)
        var vectors = self
        let routine = try Scalar.linearAlgebra.syevd
        // By columns, which LAPACK means, the lower triangle of rows is the upper one, and column i is row i.
        let info = vectors.withElements { a in
            a.baseAddress.map { routine(size, $0, &ascending, &work, workSize, &integers, integerSize) } ?? 0
        }
        try check(info, purpose)
        let order = (0..<rows).reversed()
        var result = Matrix(rows: rows, columns: rows)
        for (target, source) in order.enumerated() {
            let vector = vectors.row(source)
            let sign = Self.sign(of: vector)
            for (column, value) in vector.enumerated() { result[target, column] = sign * value }
        }
        return EigenDecomposition(values: order.map { ascending[$0] }, vectors: result)
    }

    /// The thin singular value decomposition, by divide and conquer (LAPACK's GESDD).
    ///
    /// - Throws: `.invalidInput` if the matrix is empty or has a value that is not finite, or if the iteration does not
    ///   converge; `.unsupported` if its work does not fit 32-bit sizes, from a smaller side of about 20,000 on;
    ///   `.notFound` without OpenBLAS.
    /// - Complexity: O(max(m, n) k²) time on one thread, O(m n) memory.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func singularValueDecomposition() throws -> SingularValueDecomposition<Scalar> {
        let purpose = "a singular value decomposition"
        let size = try checkedSizes(for: purpose)
        let least = min(rows, columns)
        var copy = self
        var values = [Scalar](repeating: 0, count: least)
        var left = Matrix(rows: rows, columns: least)
        var right = Matrix(rows: least, columns: columns)
        var integers = [Int32](repeating: 0, count: 8 * least)
        let routine = try Scalar.linearAlgebra.gesdd
        // By columns, which LAPACK means, this is the transpose: its left vectors are our right ones.
        func run(_ work: inout [Scalar], _ workSize: Int32) -> Int32 {
            copy.withElements { a in
                left.withElements { left in
                    right.withElements { right in
                        guard let a = a.baseAddress, let left = left.baseAddress, let right = right.baseAddress else {
                            return 0
                        }
                        return routine(size.columns, size.rows, a, &values, right, left, &work, workSize, &integers)
                    }
                }
            }
        }
        var query: [Scalar] = [0]
        try check(run(&query, -1), purpose)
        // The size comes back as a scalar, in single precision perhaps rounded down; the formula is the documented least.
        let workSize = max(Int(query[0].nextUp.rounded(.up)), 4 * least * least + 7 * least + max(rows, columns))
        var work = [Scalar](repeating: 0, count: workSize)
        try check(run(&work, try blasSize(workSize)), purpose)
        for index in 0..<least where Self.sign(of: right.row(index)) < 0 {
            for column in 0..<columns { right[index, column].negate() }
            for row in 0..<rows { left[row, index].negate() }
        }
        return SingularValueDecomposition(left: left, values: values, right: right)
    }

    /// The singular values alone, `[min(m, n)]`, descending (LAPACK's GESDD).
    ///
    /// - Throws: As `singularValueDecomposition`.
    /// - Complexity: O(max(m, n) k²) time on one thread, a third of the whole decomposition's; O(m n) memory.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func singularValues() throws -> [Scalar] {
        let purpose = "a singular value decomposition"
        let size = try checkedSizes(for: purpose)
        var copy = self
        var values = [Scalar](repeating: 0, count: min(rows, columns))
        var integers = [Int32](repeating: 0, count: 8 * values.count)
        let routine = try Scalar.linearAlgebra.gesdd
        func run(_ work: inout [Scalar], _ workSize: Int32) -> Int32 {
            copy.withElements { a in
                a.baseAddress.map {
                    routine(size.columns, size.rows, $0, &values, nil, nil, &work, workSize, &integers)
                } ?? 0
            }
        }
        var query: [Scalar] = [0]
        try check(run(&query, -1), purpose)
        var work = [Scalar](repeating: 0, count: Int(query[0].nextUp.rounded(.up)) + 7 * values.count)
        try check(run(&work, try blasSize(work.count)), purpose)
        return values
    }

    /// Vectors are defined up to their sign: this one makes the entry of greatest magnitude, the first such, positive.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    private static func sign(of vector: ArraySlice<Scalar>) -> Scalar {
        var greatest: Scalar = 0
        for value in vector where abs(value) > abs(greatest) { greatest = value }
        return greatest < 0 ? -1 : 1
    }

    private func check(_ info: Int32, _ purpose: String) throws {
        precondition(info >= 0, "argument \(-info) of a LAPACK routine")
        guard info == 0 else {
            throw TrawlError(.invalidInput, "\(purpose) of a matrix of \(rows) x \(columns) did not converge")
        }
    }
}
