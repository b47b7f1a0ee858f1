internal import CTrawlKernels
internal import TrawlCore

/// The product of last resort: OpenBLAS multiplies the weights where `CKernels` has no vector kernel for the processor.
///
/// With AVX but without AVX2, OpenBLAS multiplies many rows about 2.5 times as fast as our portable loops. With SSE alone
/// it is slightly slower, and half as fast for one row (`eval/results/speed.md`). So processors of the first kind use it, if
/// it is installed, and those of the second only if TRAWL_ISA says `blas`. Other processors than x86 use it too; they
/// were not measured. Only products of weight matrices in single precision go this way: those in 8 bits, attention and
/// training stay with the portable loops.
///
/// A text's result must not depend on the texts beside it. OpenBLAS gives no such promise: its kernels sum a group of
/// rows in one order and the rows left over in another. So every call has a multiple of eight rows, the largest group
/// of the kernels in question, padded with zeros. By test (`make test-isas`), a row then has the same bits in every
/// batch with the kernels for Sandybridge, Nehalem, Core2, Prescott and Barcelona; those for AMD's Bulldozer family
/// cannot run elsewhere and are not tested. On processors with AVX2, which come here only if TRAWL_ISA says `blas`, the
/// last bits of a row may depend on the number of rows. The number of threads changes no bit anywhere.
struct BLASProduct: Sendable {
    private static let group = 8
    private let routines: LinearAlgebraRoutines<Float>

    init(_ library: OpenBLAS) { routines = library.single }

    /// What this process uses, if TRAWL_ISA or the processor asks for it and OpenBLAS is installed.
    static let ofThisProcess: BLASProduct? =
        trawl_use_of_blas() == TRAWL_BLAS_NEVER ? nil : (try? OpenBLAS.shared.get()).map(BLASProduct.init)

    /// Where TRAWL_ISA says `blas` the library must be there; elsewhere the portable loops take its place.
    ///
    /// - Throws: `.notFound` if it is not installed.
    static func requireIfAsked() throws {
        guard trawl_use_of_blas() == TRAWL_BLAS_ALWAYS else { return }
        do {
            _ = try OpenBLAS.shared.get()
        } catch {
            throw TrawlError(.notFound, "TRAWL_ISA=blas cannot be followed", cause: error)
        }
    }

    /// y = x Wᵀ, or y += x Wᵀ, for outputs `first ..< first + count` of W; x: `[m, columns]`, y: `[m, rows]` from the
    /// first of the outputs on.
    func multiply(
        _ matrix: WeightMatrix, _ first: Int, _ count: Int, _ x: UnsafePointer<Float>, m: Int, adding isAdded: Bool,
        into y: UnsafeMutablePointer<Float>
    ) {
        let (columns, rows) = (matrix.columns, matrix.rows)
        let weights = matrix.floats(first, count)
        let padded = (m + Self.group - 1) / Self.group * Self.group
        if padded == m {
            return call(m, count, columns, x, weights, adding: isAdded, into: y, rows)
        }
        let scratch = ThreadScratch.floats(.padded, padded * (columns + count))
        let result = scratch + padded * columns
        scratch.update(from: x, count: m * columns)
        scratch.advanced(by: m * columns).update(repeating: 0, count: (padded - m) * columns)
        // Sums begin with what y holds here too, so that they have the same bits.
        if isAdded {
            for row in 0..<m { (result + row * count).update(from: y + row * rows, count: count) }
            (result + m * count).update(repeating: 0, count: (padded - m) * count)
        }
        call(padded, count, columns, scratch, weights, adding: isAdded, into: result, count)
        for row in 0..<m { (y + row * rows).update(from: result + row * count, count: count) }
    }

    /// y = x Wᵀ, or y += x Wᵀ; x: `[m, k]`, weights: `[n, k]`, y: `[m, n]`, rows `stride` floats apart.
    func call(
        _ m: Int, _ n: Int, _ k: Int, _ x: UnsafePointer<Float>, _ weights: UnsafePointer<Float>, adding isAdded: Bool,
        into y: UnsafeMutablePointer<Float>, _ stride: Int
    ) {
        routines.multiply(
            .init(
                m: Int32(m), n: Int32(n), k: Int32(k), a: .init(base: x, stride: Int32(k)),
                b: .init(base: weights, stride: Int32(k), isTransposed: true), c: y, stride: Int32(stride),
                beta: isAdded ? 1 : 0))
    }
}

extension WeightMatrix {
    /// Rows `first ..< first + count` in single precision, `[count, columns]`: in place, or in this thread's scratch.
    fileprivate func floats(_ first: Int, _ count: Int) -> UnsafePointer<Float> {
        if type == .f32 { return (start + first * rowSize).assumingMemoryBound(to: Float.self) }
        let decoded = ThreadScratch.floats(.weights, count * columns)
        decode(row: first, count: count, into: decoded)
        return UnsafePointer(decoded)
    }
}
