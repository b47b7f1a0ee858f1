import Testing
import TrawlCore
import TrawlTestSupport

@testable import TrawlTensors

/// Matrices of linear algebra against their definitions, in both precisions.
@Suite struct LinearAlgebraTests {
    private static func random<Scalar: MatrixScalar>(
        _ rows: Int, _ columns: Int, seed: UInt64, _: Scalar.Type
    ) throws -> Matrix<Scalar> {
        try Matrix(
            rows: rows, columns: columns, values: randomFloats(rows * columns, seed: seed).map { Scalar($0) })
    }

    private static func difference<Scalar: MatrixScalar>(_ a: Matrix<Scalar>, _ b: Matrix<Scalar>) -> Double {
        guard a.rows == b.rows, a.columns == b.columns else { return .infinity }
        return zip(a.values, b.values).map { abs(Double($0) - Double($1)) }.max() ?? 0
    }

    /// a b by its definition.
    private static func naive<Scalar: MatrixScalar>(_ a: Matrix<Scalar>, _ b: Matrix<Scalar>) -> Matrix<Scalar> {
        var result = Matrix<Scalar>(rows: a.rows, columns: b.columns)
        for row in 0..<a.rows {
            for column in 0..<b.columns {
                var sum = 0.0
                for index in 0..<a.columns { sum += Double(a[row, index]) * Double(b[index, column]) }
                result[row, column] = Scalar(sum)
            }
        }
        return result
    }

    private func checkProducts<Scalar: MatrixScalar>(_ type: Scalar.Type, tolerance: Double) throws {
        for (m, n, k) in [(1, 1, 1), (3, 5, 7), (300, 20, 33), (20, 300, 64), (257, 513, 3), (0, 4, 3), (4, 0, 3)] {
            let (a, b) = (try Self.random(m, k, seed: 1, type), try Self.random(k, n, seed: 2, type))
            let expected = Self.naive(a, b)
            let (turnedA, turnedB) = (a.transposed, b.transposed)
            for result in [
                try Matrix.product(a, b), try Matrix.product(turnedA, b, transposingFirst: true),
                try Matrix.product(a, turnedB, transposingSecond: true),
                try Matrix.product(turnedA, turnedB, transposingFirst: true, transposingSecond: true),
            ] { #expect(Self.difference(result, expected) < tolerance * Double(k)) }
            var sum = try Self.random(m, n, seed: 3, type)
            let before = sum
            try sum.addProduct(a, b, scale: 0.5, keeping: -2)
            for index in sum.values.indices {
                let wanted = 0.5 * Double(expected.values[index]) - 2 * Double(before.values[index])
                #expect(abs(Double(sum.values[index]) - wanted) < tolerance * Double(k + 1))
            }
        }
    }

    @Test func productsAreThoseOfPlainLoops() throws {
        try checkProducts(Float.self, tolerance: 1e-6)
        try checkProducts(Double.self, tolerance: 1e-15)
    }

    @Test func aProductWithoutTermsKeepsItsShare() throws {
        var sum = try Matrix<Double>(rows: 1, columns: 2, values: [2, 3])
        try sum.addProduct(Matrix(rows: 1, columns: 0), Matrix(rows: 0, columns: 2), keeping: 0.5)
        #expect(sum.values == [1, 1.5])
    }

    @Test func threadsChangeNoBit() throws {
        let (a, b) = (try Self.random(700, 90, seed: 4, Float.self), try Self.random(90, 600, seed: 5, Float.self))
        let one = try Matrix.product(a, b, pool: ThreadPool(threadCount: 1))
        for threads in 2...4 { #expect(try Matrix.product(a, b, pool: ThreadPool(threadCount: threads)) == one) }
    }

    private func checkEigen<Scalar: MatrixScalar>(_ type: Scalar.Type, tolerance: Double) throws {
        for size in [1, 2, 10, 63, 150] {
            let half = try Self.random(size, size, seed: UInt64(size), type)
            var a = half.transposed
            try a.addProduct(half, Matrix(diagonal: [Scalar](repeating: 1, count: size)))
            let eigen = try a.symmetricEigenDecomposition()
            #expect(eigen.values == eigen.values.sorted(by: >))
            let scaled = try Matrix.product(Matrix(diagonal: eigen.values), eigen.vectors)
            let back = try Matrix.product(eigen.vectors, scaled, transposingFirst: true)
            #expect(Self.difference(back, a) < tolerance * Double(size))
            let identity = try Matrix.product(eigen.vectors, eigen.vectors, transposingSecond: true)
            #expect(Self.difference(identity, Matrix(diagonal: [Scalar](repeating: 1, count: size))) < tolerance)
            for row in 0..<size {
                let vector = eigen.vectors.row(row)
                #expect(vector.max() == vector.map(abs).max())
            }
        }
    }

    @Test func eigenvectorsMakeUpTheMatrix() throws {
        try checkEigen(Float.self, tolerance: 2e-5)
        try checkEigen(Double.self, tolerance: 1e-13)
    }

    @Test func knownEigenvaluesAreFoundFromTheLowerTriangle() throws {
        let a = try Matrix<Double>(rows: 2, columns: 2, values: [2, 99, 1, 2])
        let eigen = try a.symmetricEigenDecomposition()
        #expect(zip(eigen.values, [3, 1]).allSatisfy { abs($0 - $1) < 1e-14 })
        #expect(zip(eigen.vectors.row(0), [0.5, 0.5]).allSatisfy { abs($0 * $0 - $1) < 1e-14 })
    }

    private func checkSingularValues<Scalar: MatrixScalar>(_ type: Scalar.Type, tolerance: Double) throws {
        for (rows, columns) in [(1, 1), (1, 9), (9, 1), (40, 17), (17, 40), (120, 120)] {
            let a = try Self.random(rows, columns, seed: UInt64(rows + columns), type)
            let svd = try a.singularValueDecomposition()
            let least = min(rows, columns)
            #expect(svd.values.count == least && svd.left.columns == least && svd.right.rows == least)
            for (value, alone) in zip(svd.values, try a.singularValues()) {
                #expect(abs(Double(value - alone)) <= tolerance * Double(least))
            }
            #expect(svd.values == svd.values.sorted(by: >) && svd.values.allSatisfy { $0 >= 0 })
            let back = try Matrix.product(svd.left, Matrix.product(Matrix(diagonal: svd.values), svd.right))
            #expect(Self.difference(back, a) < tolerance * Double(least))
            let identity = Matrix(diagonal: [Scalar](repeating: 1, count: least))
            #expect(Self.difference(try .product(svd.left, svd.left, transposingFirst: true), identity) < tolerance)
            #expect(Self.difference(try .product(svd.right, svd.right, transposingSecond: true), identity) < tolerance)
            for row in 0..<least {
                let vector = svd.right.row(row)
                #expect(vector.max() == vector.map(abs).max())
            }
        }
    }

    @Test func singularVectorsMakeUpTheMatrix() throws {
        try checkSingularValues(Float.self, tolerance: 1e-5)
        try checkSingularValues(Double.self, tolerance: 1e-13)
    }

    private func checkSolutions<Scalar: MatrixScalar>(_ type: Scalar.Type, tolerance: Double) throws {
        for (size, count) in [(1, 1), (5, 3), (90, 1), (64, 70)] {
            let half = try Self.random(size, size + 20, seed: UInt64(size), type)
            let a = try Matrix.product(half, half, transposingSecond: true)
            let right = try Self.random(size, count, seed: 9, type)
            let solution = try a.solvingPositiveDefinite(right)
            #expect(Self.difference(try .product(a, solution), right) < tolerance * Double(size))
        }
        #expect(try Matrix<Scalar>(diagonal: [1]).solvingPositiveDefinite(Matrix(rows: 1, columns: 0)).columns == 0)
    }

    @Test func solutionsSatisfyTheirEquations() throws {
        try checkSolutions(Float.self, tolerance: 1e-5)
        try checkSolutions(Double.self, tolerance: 1e-13)
    }
}
