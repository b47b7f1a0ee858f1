import Testing
import TrawlCore
import TrawlTestSupport

@testable import TrawlTensors

@Suite struct LinearAlgebraErrorTests {
    @Test func sizesThatDoNotFitAreNamed() throws {
        #expect(errorText { try Matrix<Float>(rows: 2, columns: 3, values: [1]) }.contains("2 x 3"))
        #expect(throws: TrawlError.self) { try Matrix<Float>(rows: -1, columns: -1, values: [1]) }
        #expect(throws: TrawlError.self) { try Matrix<Float>(rows: .max, columns: 4, values: []) }
        let (a, b) = (Matrix<Float>(rows: 2, columns: 3), Matrix<Float>(rows: 2, columns: 3))
        #expect(errorText { try Matrix.product(a, b) }.contains("2 x 3 and 2 x 3"))
        var wrong = Matrix<Float>(rows: 3, columns: 3)
        #expect(throws: TrawlError.self) { try wrong.addProduct(a, b, transposingSecond: true) }
        #expect(errorText { try a.symmetricEigenDecomposition() }.contains("square"))
        #expect(errorText { try a.solvingPositiveDefinite(b) }.contains("square"))
        let one = Matrix<Float>(diagonal: [1, 1])
        #expect(errorText { try one.solvingPositiveDefinite(Matrix(rows: 3, columns: 1)) }.contains("3 rows"))
        #expect(throws: TrawlError.self) { try blasSize(1 << 31) }
    }

    @Test func emptyMatricesHaveNoDecomposition() {
        for (rows, columns) in [(0, 0), (0, 3), (3, 0)] {
            let empty = Matrix<Double>(rows: rows, columns: columns)
            #expect(errorText { try empty.singularValueDecomposition() }.contains("empty"))
        }
        let none = Matrix<Double>(rows: 0, columns: 0)
        #expect(errorText { try none.symmetricEigenDecomposition() }.contains("empty"))
        #expect(errorText { try none.solvingPositiveDefinite(none) }.contains("empty"))
    }

    @Test(arguments: [Double.nan, .infinity]) func valuesThatAreNotFiniteAreNamed(value: Double) throws {
        let bad = try Matrix(rows: 2, columns: 2, values: [1, 0, value, 1])
        let fact = "the value \(value) in row 1, column 0"
        #expect(errorText { try bad.symmetricEigenDecomposition() }.contains(fact))
        #expect(errorText { try bad.singularValueDecomposition() }.contains(fact))
        #expect(errorText { try bad.solvingPositiveDefinite(bad) }.contains(fact))
        #expect(errorText { try Matrix(diagonal: [1, 1]).solvingPositiveDefinite(bad) }.contains("right-hand side"))
    }

    @Test func matricesThatAreNotPositiveDefiniteAreRefused() throws {
        let right = Matrix<Double>(rows: 3, columns: 1)
        for diagonal in [[1, 1, -1], [1, 1, 0], [-1, 1, 1]] as [[Double]] {
            let text = errorText { try Matrix(diagonal: diagonal).solvingPositiveDefinite(right) }
            #expect(text.contains("not positive definite") && text.contains("diagonal"))
        }
    }

    @Test func aMissingLibraryIsNamedWithItsPackage() {
        #expect {
            try OpenBLAS(library: "libno-such-blas.so.0")
        } throws: { error in
            guard let error = error as? TrawlError else { return false }
            return error.code == .notFound && error.message.contains("libno-such-blas.so.0")
                && error.remedy?.contains("libopenblas0") == true
        }
        let other = errorText { try OpenBLAS(library: "libc.so.6") }
        #expect(other.contains("no function 'openblas_set_num_threads'"))
    }
}
