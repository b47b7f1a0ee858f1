import CTrawlKernels
import Testing
import TrawlTestSupport

@testable import TrawlTensors

/// Products of packed matrices, on every instruction set that this processor has.
@Suite struct ProductKernelTests {
    private static let versions = [TRAWL_ISA_PORTABLE, TRAWL_ISA_AVX2, TRAWL_ISA_AVX512].filter {
        $0.rawValue <= trawl_best_isa().rawValue
    }

    @Test(arguments: [
        (1, 1, 1), (1, 128, 40), (2, 200, 17), (3, 5, 7), (4, 3, 8), (5, 80, 64), (7, 48, 20), (12, 32, 9),
        (13, 33, 33),
        (15, 96, 576), (30, 65, 100), (70, 31, 130), (3, 4, 0), (0, 4, 3),
    ])
    func everyVersionMatchesPlainLoops(_ m: Int, _ n: Int, _ k: Int) {
        // Rows lie apart, unaligned, and what is between them stays.
        let (ldx, ldw, ldy) = (k + 3, k + 1, n + 5)
        let (x, w) = (randomFloats(m * ldx + 1, seed: 3), randomFloats(n * ldw + 1, seed: 4))
        for version in Self.versions {
            var panels = [Float](repeating: .nan, count: Kernels.packedCount(n, k))
            w.withUnsafeBufferPointer {
                trawl_pack_outputs_on(version, $0.baseAddress.unsafelyUnwrapped + 1, ldw, n, k, 0.5, &panels)
            }
            var y = [Float](repeating: 7, count: m * ldy + 1)
            for pass in 0..<2 {
                x.withUnsafeBufferPointer { x in
                    trawl_gemm_on(
                        version, m, n, k, x.baseAddress.unsafelyUnwrapped + 1, ldx, panels, pass == 1, &y, ldy)
                }
            }
            for i in 0..<m {
                for j in 0..<n {
                    var sum = 0.0
                    for p in 0..<k { sum += Double(x[1 + i * ldx + p]) * Double(w[1 + j * ldw + p]) }
                    // Half of it, twice.
                    #expect(
                        abs(Double(y[i * ldy + j]) - sum) < 1e-6 + 1e-7 * Double(k), "version \(version), \(i), \(j)")
                }
                #expect(y[i * ldy + n..<(i + 1) * ldy].allSatisfy { $0 == 7 })
            }
        }
    }

    @Test func inputsAreTheTransposeOfOutputs() {
        let (n, k) = (21, 19)
        let w = randomFloats(n * k, seed: 8)
        let transposed = (0..<k * n).map { w[$0 % n * k + $0 / n] }
        var (a, b) = ([Float](repeating: .nan, count: Kernels.packedCount(n, k)), [Float]())
        b = a
        trawl_pack_outputs(w, k, n, k, 1, &a)
        trawl_pack_inputs(transposed, n, n, k, &b)
        #expect(a == b && !a.contains(where: \.isNaN))
    }

    @Test func aRowDependsNeitherOnTheOthersNorOnTheTile() {
        let (m, n, k) = (29, 137, 100)
        let (x, w) = (randomFloats(m * k, seed: 6), randomFloats(n * k, seed: 7))
        var panels = [Float](repeating: 0, count: Kernels.packedCount(n, k))
        trawl_pack_outputs(w, k, n, k, 1, &panels)
        for version in Self.versions {
            var all = [Float](repeating: 0, count: m * n)
            trawl_gemm_on(version, m, n, k, x, k, panels, false, &all, n)
            for count in 1...14 {
                var some = [Float](repeating: 0, count: count * n)
                trawl_gemm_on(version, count, n, k, Array(x[10 * k..<(10 + count) * k]), k, panels, false, &some, n)
                #expect(some == Array(all[10 * n..<(10 + count) * n]))
                // One panel alone: outputs 16 to 31.
                var panel = [Float](repeating: 0, count: count * 16)
                trawl_gemm_on(
                    version, count, 16, k, Array(x[10 * k..<(10 + count) * k]), k, Array(panels[16 * k..<32 * k]),
                    false, &panel, 16)
                #expect(Array(panel[0..<16]) == Array(all[10 * n + 16..<10 * n + 32]))
            }
        }
    }
}
