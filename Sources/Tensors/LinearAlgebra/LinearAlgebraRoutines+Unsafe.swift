internal import CTrawlOpenBLAS

/// `Float` or `Double`: what matrices of linear algebra hold.
public protocol MatrixScalar: BinaryFloatingPoint, BitwiseCopyable, Sendable {
    /// The routines of this precision, for the functions of `Matrix`.
    ///
    /// - Throws: `.notFound` if OpenBLAS is not installed.
    static var linearAlgebra: LinearAlgebraRoutines<Self> { get throws }
}

extension Float: MatrixScalar {
    public static var linearAlgebra: LinearAlgebraRoutines<Float> { get throws { try OpenBLAS.shared.get().single } }
}

extension Double: MatrixScalar {
    public static var linearAlgebra: LinearAlgebraRoutines<Double> { get throws { try OpenBLAS.shared.get().double } }
}

/// The routines of OpenBLAS in one precision. Opaque outside this module. They check nothing: `Matrix` does.
public struct LinearAlgebraRoutines<Scalar: MatrixScalar>: Sendable {
    typealias Pointer = UnsafeMutablePointer<Scalar>

    /// A matrix of a product, by rows that are `stride` scalars apart.
    struct Operand {
        var base: UnsafePointer<Scalar>
        var stride: Int32
        var isTransposed = false
    }

    /// c = alpha a b + beta c; c: [m, n], rows `stride` apart, a: [m, k], b: [k, n].
    struct Product {
        var (m, n, k): (Int32, Int32, Int32)
        var a: Operand
        var b: Operand
        var c: Pointer
        var stride: Int32
        var alpha: Scalar = 1
        var beta: Scalar = 0
    }

    let multiply: @Sendable (Product) -> Void
    /// n, a, w, work, lwork, iwork, liwork; returns `info`. See the shim header for this and those below.
    let syevd: @Sendable (Int32, Pointer, Pointer, Pointer, Int32, UnsafeMutablePointer<Int32>, Int32) -> Int32
    /// m, n, a, s, u, vt, work, lwork, iwork.
    let gesdd:
        @Sendable (
            Int32, Int32, Pointer, Pointer, Pointer?, Pointer?, Pointer, Int32, UnsafeMutablePointer<Int32>
        ) -> Int32
    /// n, nrhs, a, b.
    let posv: @Sendable (Int32, Int32, Pointer, Pointer) -> Int32
}

extension LinearAlgebraRoutines<Float> {
    init(
        gemm: @escaping trawl_sgemm_function, syevd: @escaping trawl_ssyevd_function,
        gesdd: @escaping trawl_sgesdd_function, posv: @escaping trawl_sposv_function
    ) {
        multiply = { p in
            gemm(
                CblasRowMajor, p.a.transposition, p.b.transposition, p.m, p.n, p.k, p.alpha, p.a.base, p.a.stride,
                p.b.base, p.b.stride, p.beta, p.c, p.stride)
        }
        self.syevd = { trawl_ssyevd(syevd, $0, $1, $2, $3, $4, $5, $6) }
        self.gesdd = { trawl_sgesdd(gesdd, $0, $1, $2, $3, $4, $5, $6, $7, $8) }
        self.posv = { trawl_sposv(posv, $0, $1, $2, $3) }
    }
}

extension LinearAlgebraRoutines<Double> {
    init(
        gemm: @escaping trawl_dgemm_function, syevd: @escaping trawl_dsyevd_function,
        gesdd: @escaping trawl_dgesdd_function, posv: @escaping trawl_dposv_function
    ) {
        multiply = { p in
            gemm(
                CblasRowMajor, p.a.transposition, p.b.transposition, p.m, p.n, p.k, p.alpha, p.a.base, p.a.stride,
                p.b.base, p.b.stride, p.beta, p.c, p.stride)
        }
        self.syevd = { trawl_dsyevd(syevd, $0, $1, $2, $3, $4, $5, $6) }
        self.gesdd = { trawl_dgesdd(gesdd, $0, $1, $2, $3, $4, $5, $6, $7, $8) }
        self.posv = { trawl_dposv(posv, $0, $1, $2, $3) }
    }
}

extension LinearAlgebraRoutines.Operand {
    fileprivate var transposition: CBLAS_TRANSPOSE { isTransposed ? CblasTrans : CblasNoTrans }
}
