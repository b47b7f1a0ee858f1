import CTrawlKernels
import Glibc
import Testing
import TrawlCore
import TrawlTestSupport

@testable import TrawlTensors

/// OpenBLAS in place of kernels, whatever this process uses.
@Suite struct BLASProductTests {
    private static let core = getenv("OPENBLAS_CORETYPE").map { String(cString: $0) }
    private let blas: BLASProduct

    init() throws { blas = BLASProduct(try OpenBLAS.shared.get()) }

    /// A matrix of single precision in a file of its own, or the same in halves.
    private func matrix(_ rows: Int, _ columns: Int, _ type: ElementType) throws -> WeightMatrix {
        let values = randomFloats(rows * columns, seed: 31)
        let bytes =
            type == .f32
            ? values.withUnsafeBytes { Array($0) } : values.map { Float16($0) }.withUnsafeBytes { Array($0) }
        let name = type == .f32 ? "F32" : "F16"
        let header =
            #"{"w":{"dtype":"\#(name)","shape":[\#(rows),\#(columns)],"data_offsets":[0,\#(bytes.count)]}}"#
        let length = withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Array($0) }
        let folder = try TemporaryFolder()
        let file = try folder.write("w.safetensors", length + Array(header.utf8) + bytes)
        return try WeightMatrix(Safetensors(path: file).requiredTensor("w"), rows: rows, columns: columns)
    }

    @Test(arguments: [ElementType.f32, .f16]) func productsAgreeWithThePortableTwin(_ type: ElementType) throws {
        let (n, k) = (83, 96)
        let matrix = try matrix(n, k, type)
        var weights = [Float](repeating: 0, count: n * k)
        matrix.decode(row: 0, count: n, into: &weights)
        let (first, count) = (16, 61)
        var panels = [Float](repeating: 0, count: Kernels.packedCount(count, k))
        trawl_pack_outputs_on(
            TRAWL_ISA_PORTABLE, Array(weights[first * k..<(first + count) * k]), k, count, k, 1, &panels)
        for m in Array(1...17) + [32, 67] {
            let x = randomFloats(m * k, seed: 32)
            for adding in [false, true] {
                var expected = randomFloats(m * n, seed: 33)
                var y = expected
                trawl_gemm_on(TRAWL_ISA_PORTABLE, m, count, k, x, k, panels, adding, &expected, n)
                blas.multiply(matrix, first, count, x, m: m, adding: adding, into: &y)
                // What lies between the rows of y stays.
                for (index, (a, b)) in zip(y, expected).enumerated() {
                    #expect(index % n < count ? abs(a - b) < 1e-5 : a == b, "\(m) rows, index \(index)")
                }
            }
        }
    }

    /// The kernels of processors without AVX2, which OpenBLAS uses here when told to: `make test-isas`.
    @Test(
        .enabled(
            if: ["Sandybridge", "Nehalem", "Core2", "Prescott", "Barcelona"].contains(core ?? "")),
        arguments: [(384, 384), (100, 1536), (129, 576)])
    func aRowHasTheSameBitsInEveryBatch(n: Int, k: Int) throws {
        let matrix = try matrix(n, k, .f32)
        let all = 67
        let x = randomFloats(all * k, seed: 34)
        for adding in [false, true] {
            let before = randomFloats(all * n, seed: 35)
            var expected = before
            blas.multiply(matrix, 0, n, x, m: all, adding: adding, into: &expected)
            for m in Array(1...17) + [24, 33, 50] {
                for first in [0, 1, 9, 17] {
                    var y = Array(before[first * n..<(first + m) * n])
                    blas.multiply(
                        matrix, 0, n, Array(x[first * k..<(first + m) * k]), m: m, adding: adding, into: &y)
                    #expect(y == Array(expected[first * n..<(first + m) * n]), "rows \(first) to \(first + m)")
                }
            }
        }
    }

    @Test func threadsChangeNoBit() throws {
        let matrix = try matrix(300, 200, .f32)
        let x = randomFloats(270 * 200, seed: 36)
        let one = matrix.multiply(x, pool: ThreadPool(threadCount: 1))
        for threads in 2...3 { #expect(matrix.multiply(x, pool: ThreadPool(threadCount: threads)) == one) }
    }

    /// What the environment asks for is what is used.
    @Test func theProcessUsesWhatItIsAskedFor() {
        let wanted = getenv("TRAWL_ISA").map { String(cString: $0) }
        if wanted == "blas" { #expect(BLASProduct.ofThisProcess != nil && trawl_best_isa() == TRAWL_ISA_PORTABLE) }
        if wanted == "portable" || trawl_best_isa() != TRAWL_ISA_PORTABLE {
            #expect(BLASProduct.ofThisProcess == nil)
        }
    }
}
