import CTrawlKernels
import Testing
import TrawlCore
import TrawlTestSupport

@testable import TrawlTensors

/// Products with weights as they lie in the file have the bits of those with packed weights.
@Suite struct DirectProductTests {
    private let n = 48
    private let k = 96

    /// Rows of blocks with three bytes between them; scales and offsets are modest halves.
    private func weights(_ element: ElementType, rowSize: Int) -> [UInt8] {
        if element == .f32 {
            return (0..<n).flatMap { row in
                randomFloats(k, seed: UInt64(row)).withUnsafeBytes { Array($0) } + [UInt8](repeating: 9, count: 3)
            }
        }
        var generator = SplitMix64(seed: 21)
        var bytes = (0..<n * rowSize).map { _ in UInt8.random(in: 0...255, using: &generator) }
        for row in 0..<n {
            for block in 0..<k / 32 {
                let header = row * rowSize + block * element.blockSize
                for half in [1, 3] { bytes[header + half] = bytes[header + half] & 0x83 | 0x28 }
            }
        }
        return bytes
    }

    @Test(arguments: [
        (ElementType.f32, TRAWL_BLOCK_F32), (.q40, TRAWL_BLOCK_Q4_0), (.q41, TRAWL_BLOCK_Q4_1),
        (.q80, TRAWL_BLOCK_Q8_0),
    ])
    func singlePrecision(_ element: ElementType, _ type: trawl_block_type) {
        let rowSize = k / element.blockCount * element.blockSize + 3
        guard trawl_has_direct_gemm(trawl_best_isa(), type, k, rowSize) else {
            #expect(trawl_best_isa() != TRAWL_ISA_AVX512)
            return
        }
        let bytes = weights(element, rowSize: rowSize)
        var decoded = [Float](repeating: 0, count: n * k)
        for row in 0..<n {
            bytes.withUnsafeBytes { source in
                decoded.withUnsafeMutableBufferPointer { out in
                    element.decode(
                        source.baseAddress.unsafelyUnwrapped + row * rowSize, blocks: k / element.blockCount,
                        into: out.baseAddress.unsafelyUnwrapped + row * k)
                }
            }
        }
        var panels = [Float](repeating: 0, count: Kernels.packedCount(n, k))
        trawl_pack_outputs(decoded, k, n, k, 1, &panels)
        let ldy = n + 2
        for m in Array(0...13) + [25] {
            let x = randomFloats(m * (k + 1) + 1, seed: 22)
            var expected = randomFloats(m * ldy + 1, seed: 23)
            var y = expected
            for pass in 0..<2 {
                trawl_gemm(m, n, k, x, k + 1, panels, pass == 1, &expected, ldy)
                trawl_direct_gemm(type, m, n, k, x, k + 1, bytes, rowSize, pass == 1, &y, ldy)
            }
            #expect(y.map(\.bitPattern) == expected.map(\.bitPattern), "\(m) rows")
        }
    }

    @Test(arguments: [
        (ElementType.q40, TRAWL_BLOCK_Q4_0), (.q41, TRAWL_BLOCK_Q4_1), (.q80, TRAWL_BLOCK_Q8_0),
    ])
    func eightBits(_ element: ElementType, _ type: trawl_block_type) {
        let rowSize = k / 32 * element.blockSize + 3
        guard trawl_has_direct_gemm(trawl_best_isa(), type, k, rowSize) else {
            #expect(trawl_best_isa() != TRAWL_ISA_AVX512)
            return
        }
        let bytes = weights(element, rowSize: rowSize)
        let panelSize = trawl_int8_panel_size(k)
        var panels = [UInt8](repeating: 0, count: n / 16 * panelSize)
        for panel in 0..<n / 16 {
            panels.withUnsafeMutableBufferPointer { panels in
                bytes.withUnsafeBufferPointer {
                    _ = trawl_int8_pack_blocks_on(
                        trawl_best_isa(), type, $0.baseAddress.unsafelyUnwrapped + 16 * panel * rowSize, rowSize,
                        k / 32, panels.baseAddress.unsafelyUnwrapped + panel * panelSize)
                }
            }
        }
        let ldy = n + 2
        for m in Array(0...13) + [25] {
            var q = [Int8](repeating: 0, count: m * k)
            var scales = [Float](repeating: 0, count: m * k / 16)
            trawl_int8_quantise(m, k, randomFloats(m * k, seed: 24), &q, &scales)
            var expected = randomFloats(m * ldy + 1, seed: 25)
            var y = expected
            for pass in 0..<2 {
                trawl_int8_gemm(m, n, k, q, scales, panels, pass == 1, &expected, ldy)
                trawl_direct_int8_gemm(type, m, n, k, q, scales, bytes, rowSize, pass == 1, &y, ldy)
            }
            #expect(y.map(\.bitPattern) == expected.map(\.bitPattern), "\(m) rows")
        }
    }
}
