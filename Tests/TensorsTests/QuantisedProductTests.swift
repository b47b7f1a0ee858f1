import CTrawlKernels
import Foundation
import Testing
import TrawlCore
import TrawlTestSupport

@testable import TrawlTensors

/// 8-bit products, on every instruction set that this processor has.
@Suite struct QuantisedProductTests {
    private static let versions = [TRAWL_ISA_PORTABLE, TRAWL_ISA_AVX2, TRAWL_ISA_AVX512].filter {
        $0.rawValue <= trawl_best_isa().rawValue
    }

    private struct Quantised {
        var values: [Int8]
        /// A scale, and that times the sum of values, for each group.
        var scales: [Float]
    }

    private func quantise(_ x: [Float], on version: trawl_isa = TRAWL_ISA_PORTABLE) -> Quantised {
        var result = Quantised(values: Array(repeating: 99, count: x.count), scales: [])
        result.scales = Array(repeating: .nan, count: x.count / 16)
        trawl_int8_quantise_on(version, 1, x.count, x, &result.values, &result.scales)
        return result
    }

    private func pack(_ w: [Float], outputs: Int, inputs: Int) -> [UInt8] {
        let size = trawl_int8_panel_size(inputs)
        var panels = [UInt8](repeating: 0, count: (outputs + 15) / 16 * size)
        for first in stride(from: 0, to: outputs, by: 16) {
            panels.withUnsafeMutableBufferPointer { panels in
                w.withUnsafeBufferPointer {
                    trawl_int8_pack(
                        min(16, outputs - first), inputs, $0.baseAddress.unsafelyUnwrapped + first * inputs,
                        inputs, panels.baseAddress.unsafelyUnwrapped + first / 16 * size)
                }
            }
        }
        return panels
    }

    @Test(arguments: [
        (1, 1, 32), (1, 16, 64), (1, 64, 384), (1, 100, 576), (2, 130, 64), (2, 15, 96),
        (3, 5, 128), (5, 80, 64), (12, 32, 32), (13, 33, 64), (25, 47, 192), (0, 4, 64),
    ])
    func everyVersionMatchesExactSums(_ m: Int, _ n: Int, _ k: Int) {
        let (x, w) = (randomFloats(m * k, seed: 3), randomFloats(n * k, seed: 4))
        let quantised = quantise(x)
        let panels = pack(w, outputs: n, inputs: k)
        let ldy = n + 3
        // The weights as the panels say them, group by group.
        let weights = (0..<n).map { output in quantise(Array(w[output * k..<(output + 1) * k])) }
        var first: [Float]?
        for version in Self.versions {
            var y = [Float](repeating: 7, count: m * ldy)
            for pass in 0..<2 {
                trawl_int8_gemm_on(
                    version, m, n, k, quantised.values, quantised.scales, panels, pass == 1, &y, ldy)
            }
            // Sums within a group are exact, and groups are added in order.
            #expect(y == first ?? y, "version \(version)")
            first = y
            for i in 0..<m {
                for j in 0..<n {
                    var sum = 0.0
                    for p in 0..<k {
                        let scale =
                            Double(quantised.scales[2 * ((i * k + p) / 32)])
                            * Double(weights[j].scales[2 * (p / 32)])
                        sum += scale * Double(Int(quantised.values[i * k + p]) * Int(weights[j].values[p]))
                    }
                    #expect(abs(Double(y[i * ldy + j]) - 2 * sum) < 1e-4, "version \(version), \(i), \(j)")
                }
                #expect(y[i * ldy + n..<(i + 1) * ldy].allSatisfy { $0 == 7 })
            }
        }
    }

    @Test func everyVersionQuantisesAlike() {
        let group = 32
        var x = randomFloats(8 * 64, seed: 5)
        for index in 0..<group { x[index] = 0 }
        x[group] = 1e30
        x[2 * group] = .infinity
        x[3 * group] = -300
        let plain = quantise(x)
        for version in Self.versions {
            let other = quantise(x, on: version)
            #expect(plain.values == other.values)
            #expect(plain.scales.map(\.bitPattern) == other.scales.map(\.bitPattern))
        }
        #expect(plain.values[0..<group].allSatisfy { $0 == 0 } && plain.scales[0] == 0)
        #expect(plain.values[group] == 127)
        #expect(plain.scales[4].isNaN, "what is not finite shows in the product")
        #expect(plain.values[3 * group] == -127)
        for index in 4 * group..<x.count {
            let scale = plain.scales[2 * (index / 32)]
            #expect(abs(scale * Float(plain.values[index]) - x[index]) <= 0.5001 * scale)
        }
    }

    @Test func aRowDependsNeitherOnTheOthersNorOnTheTile() {
        let (m, n, k) = (29, 137, 128)
        let quantised = quantise(randomFloats(m * k, seed: 6))
        let panels = pack(randomFloats(n * k, seed: 7), outputs: n, inputs: k)
        for version in Self.versions {
            func product(_ rows: Range<Int>) -> [Float] {
                var y = [Float](repeating: 0, count: rows.count * n)
                trawl_int8_gemm_on(
                    version, rows.count, n, k,
                    Array(quantised.values[rows.lowerBound * k..<rows.upperBound * k]),
                    Array(quantised.scales[2 * rows.lowerBound * k / 32..<2 * rows.upperBound * k / 32]), panels,
                    false, &y, n)
                return y
            }
            let all = product(0..<m)
            for count in 1...14 { #expect(product(10..<10 + count) == Array(all[10 * n..<(10 + count) * n])) }
        }
    }

    @Test(arguments: [
        (ElementType.q40, TRAWL_BLOCK_Q4_0), (.q41, TRAWL_BLOCK_Q4_1), (.q80, TRAWL_BLOCK_Q8_0),
    ])
    func blocksKeepTheirNumbers(_ element: ElementType, _ type: trawl_block_type) {
        let (n, blocks) = (16, 3)
        let k = 32 * blocks
        let rowSize = blocks * element.blockSize
        var generator = SplitMix64(seed: 11)
        var bytes = (0..<n * rowSize).map { _ in UInt8.random(in: 0...255, using: &generator) }
        // Scales and offsets that are halves of modest size.
        for block in 0..<n * blocks {
            for half in 0..<(type == TRAWL_BLOCK_Q4_1 ? 2 : 1) {
                bytes[block * element.blockSize + 2 * half + 1] = UInt8.random(in: 0x28...0x30, using: &generator)
            }
        }
        var panel = [UInt8](repeating: 0, count: trawl_int8_panel_size(k))
        guard trawl_int8_pack_blocks_on(trawl_best_isa(), type, bytes, rowSize, blocks, &panel) else {
            #expect(trawl_best_isa() != TRAWL_ISA_AVX512)
            return
        }
        var decoded = [Float](repeating: 0, count: n * k)
        bytes.withUnsafeBytes { element.decode($0.baseAddress.unsafelyUnwrapped, blocks: n * blocks, into: &decoded) }
        let quantised = quantise(randomFloats(k, seed: 12))
        var y = [Float](repeating: 0, count: n)
        trawl_int8_gemm(1, n, k, quantised.values, quantised.scales, panel, false, &y, n)
        for output in 0..<n {
            let sum = (0..<k).reduce(0.0) {
                $0 + Double(decoded[output * k + $1]) * Double(quantised.scales[2 * ($1 / 32)])
                    * Double(quantised.values[$1])
            }
            #expect(abs(Double(y[output]) - sum) < 1e-4 * (1 + abs(sum)))
        }
    }

    @Test(arguments: [1, 2, 30, 300]) func aMatrixIsNearItsSinglePrecision(_ m: Int) throws {
        let (rows, columns) = (200, 192)
        let weights = randomFloats(rows * columns, seed: 13)
        let exact = try matrix(weights, rows, columns)
        let x = randomFloats(m * columns, seed: 14)
        let (pool, alone) = (ThreadPool(threadCount: 2), ThreadPool(threadCount: 1))
        let reference = exact.multiply(x, pool: alone)
        let matrix = exact.prepared(for: .int8)
        let y = matrix.multiply(x, pool: alone)
        #expect(y == matrix.multiply(x, pool: pool), "threads change nothing")
        let error = zip(y, reference).reduce(0) { $0 + pow(Double($1.0 - $1.1), 2) }
        let norm = reference.reduce(0) { $0 + pow(Double($1), 2) }
        #expect(error > 0 && (error / norm).squareRoot() < 0.01)
        // The first row alone gives the same bits, whichever kernel takes it; 200 outputs are no whole number of panels.
        #expect(exact.multiply(Array(x[0..<columns]), pool: alone) == Array(reference[0..<rows]))
        #expect(matrix.multiply(Array(x[0..<columns]), pool: alone) == Array(y[0..<rows]))
        let odd = try self.matrix(randomFloats(5 * 33, seed: 15), 5, 33)
        let row = randomFloats(33, seed: 16)
        #expect(odd.prepared(for: .int8).multiply(row) == odd.multiply(row), "33 inputs stay in single precision")
    }

    /// A matrix in a safetensors file of its own.
    private func matrix(_ values: [Float], _ rows: Int, _ columns: Int) throws -> WeightMatrix {
        let header =
            #"{"w":{"dtype":"F32","shape":[\#(rows),\#(columns)],"data_offsets":[0,\#(4 * values.count)]}}"#
        let length = withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Array($0) }
        let folder = try TemporaryFolder()
        let path = try folder.write("a.safetensors", length + Array(header.utf8) + values.withUnsafeBytes { Array($0) })
        let tensor = try Safetensors(path: path).requiredTensor("w")
        return try WeightMatrix(tensor, rows: rows, columns: columns)
    }
}
