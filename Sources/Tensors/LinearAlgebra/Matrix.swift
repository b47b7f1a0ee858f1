internal import TrawlCore

/// A dense matrix in memory of its own, row after row.
///
/// ```
/// let a = try Matrix<Double>(rows: 2, columns: 2, values: [2, 1, 1, 2])
/// let eigen = try a.symmetricEigenDecomposition()   // eigen.values == [3, 1]
/// ```
///
/// The functions that compute call OpenBLAS, which is loaded by the first of them; they throw `.notFound` if it is not
/// installed. Results are the same for the same input on any number of threads, and may differ in their last bits from
/// one processor type to another, for OpenBLAS has other loops for each.
public struct Matrix<Scalar: MatrixScalar>: Equatable, Sendable {
    public let rows: Int
    public let columns: Int
    @usableFromInline var elements: [Scalar]

    /// The elements, row after row, `[rows, columns]`.
    @inlinable public var values: [Scalar] { elements }

    /// A matrix of `values`, `[rows, columns]`.
    ///
    /// - Throws: `.invalidInput` if a size is negative or `values` has not rows times columns elements.
    public init(rows: Int, columns: Int, values: [Scalar]) throws {
        let (count, overflow) = rows.multipliedReportingOverflow(by: columns)
        guard rows >= 0, columns >= 0, !overflow, count == values.count else {
            throw TrawlError(.invalidInput, "a matrix of \(rows) x \(columns) is not made of \(values.count) values")
        }
        self.init(unchecked: values, rows, columns)
    }

    /// A matrix of zeros. Sizes are not negative.
    @inlinable
    public init(rows: Int, columns: Int) {
        precondition(rows >= 0 && columns >= 0)
        self.init(unchecked: [Scalar](repeating: 0, count: rows * columns), rows, columns)
    }

    @inlinable
    init(unchecked values: [Scalar], _ rows: Int, _ columns: Int) {
        self.rows = rows
        self.columns = columns
        elements = values
    }

    /// The square matrix with `diagonal` on its diagonal and zeros elsewhere.
    @inlinable
    public init(diagonal: [Scalar]) {
        self.init(rows: diagonal.count, columns: diagonal.count)
        for (index, value) in diagonal.enumerated() { self[index, index] = value }
    }

    @inlinable
    public subscript(row: Int, column: Int) -> Scalar {
        get {
            precondition(row >= 0 && row < rows && column >= 0 && column < columns)
            return elements[row * columns + column]
        }
        set {
            precondition(row >= 0 && row < rows && column >= 0 && column < columns)
            elements[row * columns + column] = newValue
        }
    }

    /// One row, `[columns]`, in place.
    @inlinable
    public func row(_ row: Int) -> ArraySlice<Scalar> {
        precondition(row >= 0 && row < rows)
        return elements[row * columns..<(row + 1) * columns]
    }

    /// The transpose, `[columns, rows]`.
    @inlinable
    public var transposed: Matrix {
        var result = Matrix(rows: columns, columns: rows)
        for row in 0..<rows {
            for column in 0..<columns { result.elements[column * rows + row] = elements[row * columns + column] }
        }
        return result
    }

    /// Calls `body` with the elements, to be changed in place.
    mutating func withElements<Result>(_ body: (UnsafeMutableBufferPointer<Scalar>) throws -> Result) rethrows -> Result
    {
        try elements.withUnsafeMutableBufferPointer { try body($0) }
    }

    /// Calls `body` with each row, `[columns]`, to be changed in place.
    package mutating func withRows(_ body: (_ row: Int, UnsafeMutableBufferPointer<Scalar>) -> Void) {
        let (rows, columns) = (rows, columns)
        withElements { elements in
            for row in 0..<rows {
                body(row, UnsafeMutableBufferPointer(rebasing: elements[row * columns..<(row + 1) * columns]))
            }
        }
    }
}

extension Matrix {
    /// Sizes as LAPACK takes them.
    ///
    /// - Throws: `.invalidInput` if the matrix is empty or has a value that is not finite, `.unsupported` if it is too
    ///   large for 32-bit sizes.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    func checkedSizes(for purpose: String) throws -> (rows: Int32, columns: Int32) {
        guard rows > 0, columns > 0 else {
            throw TrawlError(.invalidInput, "\(purpose) of an empty matrix, \(rows) x \(columns), is not defined")
        }
        if let index = values.firstIndex(where: { !$0.isFinite }) {
            throw TrawlError(
                .invalidInput,
                "\(purpose) of a matrix with the value \(values[index]) in row \(index / columns), column "
                    + "\(index % columns) is not defined")
        }
        return (try blasSize(rows), try blasSize(columns))
    }

    func requireSquare(for purpose: String) throws {
        guard rows == columns else {
            throw TrawlError(.invalidInput, "\(purpose) takes a square matrix, not one of \(rows) x \(columns)")
        }
    }
}

/// A size as OpenBLAS takes it.
///
/// - Throws: `.unsupported` beyond 2³¹ - 1.
func blasSize(_ size: Int) throws -> Int32 {
    guard let result = Int32(exactly: size) else {
        throw TrawlError(.unsupported, "OpenBLAS takes sizes up to \(Int32.max), not \(size)")
    }
    return result
}
