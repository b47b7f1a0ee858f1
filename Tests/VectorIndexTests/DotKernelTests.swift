import CTrawlKernels
import Testing
import TrawlTestSupport

/// The instruction sets that this machine has.
let versions = [TRAWL_ISA_PORTABLE, TRAWL_ISA_AVX2, TRAWL_ISA_AVX512].filter {
    $0.rawValue <= trawl_best_isa().rawValue
}

@Suite struct DotKernelTests {
    private func encoded(_ rows: [Float], _ count: Int, _ dimension: Int, _ type: trawl_row_type, _ rowSize: Int)
        -> [UInt8]
    {
        var bytes = [UInt8](repeating: 0, count: count * rowSize)
        bytes.withUnsafeMutableBytes { bytes in
            rows.withUnsafeBufferPointer { rows in
                for row in 0..<count {
                    trawl_encode_row(
                        type, rows.baseAddress.unsafelyUnwrapped + row * dimension, dimension,
                        bytes.baseAddress.unsafelyUnwrapped + row * rowSize)
                }
            }
        }
        return bytes
    }

    private let types: [(trawl_row_type, (Int) -> Int)] = [
        (TRAWL_ROW_F32, { 4 * $0 }), (TRAWL_ROW_F16, { 2 * $0 }), (TRAWL_ROW_INT8, { 4 + $0 }),
    ]

    @Test(arguments: [1, 3, 7, 8, 9, 16, 31, 100, 384, 1027]) func allVersionsAgreeWithDoublePrecision(dimension: Int) {
        for (type, rowSize) in types {
            for (rowCount, queryCount) in [(1, 1), (3, 2), (4, 1), (9, 5), (0, 3), (5, 0), (17, 4)] {
                let size = rowSize(dimension)
                let rows = encoded(randomFloats(rowCount * dimension, seed: 1), rowCount, dimension, type, size)
                let queries = randomFloats(queryCount * dimension, seed: 2)
                var stored = [Float](repeating: 0, count: rowCount * dimension)
                for row in 0..<rowCount {
                    var one = [Float](repeating: 0, count: dimension)
                    trawl_decode_row(type, Array(rows[row * size..<(row + 1) * size]), dimension, &one)
                    stored.replaceSubrange(row * dimension..<(row + 1) * dimension, with: one)
                }
                for isa in versions {
                    var found = [Float](repeating: .nan, count: rowCount * queryCount)
                    trawl_dot_rows_on(isa, type, rows, size, rowCount, queries, queryCount, dimension, &found)
                    for query in 0..<queryCount {
                        for row in 0..<rowCount {
                            var exact = 0.0
                            for i in 0..<dimension {
                                exact += Double(stored[row * dimension + i]) * Double(queries[query * dimension + i])
                            }
                            #expect(abs(Double(found[query * rowCount + row]) - exact) < 1e-6 * Double(dimension))
                        }
                    }
                }
            }
        }
    }

    @Test func aPairHasTheSameValueInEveryBlock() {
        let (dimension, rowCount, queryCount) = (77, 11, 5)
        for (type, rowSize) in types {
            let size = rowSize(dimension)
            let rows = encoded(randomFloats(rowCount * dimension, seed: 3), rowCount, dimension, type, size)
            let queries = randomFloats(queryCount * dimension, seed: 4)
            var block = [Float](repeating: 0, count: rowCount * queryCount)
            trawl_dot_rows(type, rows, size, rowCount, queries, queryCount, dimension, &block)
            for row in 0..<rowCount {
                for query in 0..<queryCount {
                    var single: Float = 0
                    trawl_dot_rows(
                        type, Array(rows[row * size..<(row + 1) * size]), size, 1,
                        Array(queries[query * dimension..<(query + 1) * dimension]), 1, dimension, &single)
                    #expect(single == block[query * rowCount + row])
                }
            }
        }
    }

    @Test func halvesAreTheNearestOnes() {
        // Written by struct.pack("<e") of Python: nearest, ties to even, subnormals, the greatest.
        let expected: [(Float, UInt16)] = [
            (0, 0), (-0.0, 0x8000), (1, 0x3C00), (-2, 0xC000), (0.1, 0x2E66), (65504, 0x7BFF), (1e9, 0x7BFF),
            (-1e9, 0xFBFF), (1.000_488_3, 0x3C00), (1.001_464_8, 0x3C02), (5.960_464_5e-8, 1), (2e-8, 0),
            (6.097_555e-5, 0x03FF), (6.103_515_6e-5, 0x0400), (65519, 0x7BFF),
        ]
        for (value, bits) in expected {
            var stored: UInt16 = 0
            trawl_encode_row(TRAWL_ROW_F16, [value], 1, &stored)
            #expect(stored == bits, "\(value)")
        }
    }

    @Test func bytesAreOffByHalfAStepAtMost() {
        let row = randomFloats(100, seed: 5)
        var decoded = [Float](repeating: 0, count: 100)
        trawl_decode_row(TRAWL_ROW_INT8, encoded(row, 1, 100, TRAWL_ROW_INT8, 104), 100, &decoded)
        let step = (row.map(abs).max() ?? 0) / 127
        for (a, b) in zip(row, decoded) { #expect(abs(a - b) <= 0.5001 * step) }
        trawl_decode_row(TRAWL_ROW_INT8, encoded([0, 0], 1, 2, TRAWL_ROW_INT8, 6), 2, &decoded)
        #expect(decoded[0] == 0 && decoded[1] == 0)
    }
}
