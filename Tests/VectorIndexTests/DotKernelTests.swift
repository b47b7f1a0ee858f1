import CKernels
import Testing

@Suite struct DotKernelTests {
    private func values(_ count: Int, seed: UInt32) -> [Float] {
        var state = seed
        return (0..<count).map { _ in
            state = state &* 1_664_525 &+ 1_013_904_223
            return Float(state >> 8) / Float(1 << 23) - 1
        }
    }

    @Test(arguments: [1, 3, 7, 8, 9, 16, 31, 100, 384, 1027]) func bothTwinsAgreeWithDoublePrecision(dimension: Int) {
        for (rowCount, queryCount) in [(1, 1), (3, 2), (4, 1), (9, 5), (0, 3), (5, 0), (17, 4)] {
            let rows = values(rowCount * dimension, seed: 1)
            let queries = values(queryCount * dimension, seed: 2)
            var fast = [Float](repeating: .nan, count: rowCount * queryCount)
            var portable = fast
            trawl_dot_rows(rows, rowCount, queries, queryCount, dimension, &fast)
            trawl_dot_rows_portable(rows, rowCount, queries, queryCount, dimension, &portable)
            for query in 0..<queryCount {
                for row in 0..<rowCount {
                    var exact = 0.0
                    for i in 0..<dimension {
                        exact += Double(rows[row * dimension + i]) * Double(queries[query * dimension + i])
                    }
                    let bound = 1e-6 * Double(dimension)
                    #expect(abs(Double(fast[query * rowCount + row]) - exact) < bound)
                    #expect(abs(Double(portable[query * rowCount + row]) - exact) < bound)
                }
            }
        }
    }

    @Test func aPairHasTheSameValueInEveryBlock() {
        let (dimension, rowCount, queryCount) = (77, 11, 5)
        let rows = values(rowCount * dimension, seed: 3)
        let queries = values(queryCount * dimension, seed: 4)
        var block = [Float](repeating: 0, count: rowCount * queryCount)
        trawl_dot_rows(rows, rowCount, queries, queryCount, dimension, &block)
        for row in 0..<rowCount {
            for query in 0..<queryCount {
                var single: Float = 0
                trawl_dot_rows(
                    Array(rows[row * dimension..<(row + 1) * dimension]), 1,
                    Array(queries[query * dimension..<(query + 1) * dimension]), 1, dimension, &single)
                #expect(single == block[query * rowCount + row])
            }
        }
    }
}
