import CTrawlKernels
import Testing
import TrawlCore

/// The kernels of training and their portable twins: the same values but for the rounding of fused multiply-adds.
@Suite struct KernelTests {
    /// No multiple of a vector's width.
    private static let (rows, columns) = (5, 43)
    private static var count: Int { rows * columns }

    private static func values(_ count: Int, seed: UInt64) -> [Float] {
        var random = SplitMix64(seed: seed)
        return (0..<count).map { _ in 4 * (Float(random.next() >> 40) / Float(1 << 23) - 1) }
    }

    private static func expectClose(
        _ a: [Float], _ b: [Float], sourceLocation: SourceLocation = #_sourceLocation
    ) {
        for (x, y) in zip(a, b) {
            #expect(abs(x - y) <= 2e-5 * max(1, abs(x)), "\(x), \(y)", sourceLocation: sourceLocation)
        }
    }

    @Test func derivativesAgreeWithTheirTwins() {
        let (x, dy) = (Self.values(Self.count, seed: 1), Self.values(Self.count, seed: 2))
        var (a, b) = (x, x)
        trawl_gelu_erf_backward(x, dy, &a, Self.count)
        trawl_gelu_erf_backward_portable(x, dy, &b, Self.count)
        Self.expectClose(a, b)
        let gate = Self.values(Self.count, seed: 5)
        var (da, db) = (dy, dy)
        (a, b) = (x, x)
        trawl_silu_multiply_backward(gate, x, dy, &a, &da, Self.count)
        trawl_silu_multiply_backward_portable(gate, x, dy, &b, &db, Self.count)
        Self.expectClose(a, b)
        Self.expectClose(da, db)
        (a, b) = (dy, dy)
        let p = Self.values(Self.count, seed: 3).map { abs($0) / Float(4 * Self.count) }
        trawl_softmax_backward(p, &a, 0.25, Self.count)
        trawl_softmax_backward_portable(p, &b, 0.25, Self.count)
        Self.expectClose(a, b)
        (a, b) = (x, x)
        trawl_cross_entropy_backward(&a, 5, 0.5, 1e-3, Self.count)
        trawl_cross_entropy_backward_portable(&b, 5, 0.5, 1e-3, Self.count)
        Self.expectClose(a, b)
        let weight = Self.values(Self.columns, seed: 4)
        func norm(_ kernel: (UnsafeMutablePointer<Float>) -> Void) -> [Float] {
            var out = [Float](repeating: 0.5, count: Self.count + 2 * Self.columns)
            out.withUnsafeMutableBufferPointer { if let base = $0.baseAddress { kernel(base) } }
            return out
        }
        let (n, c) = (Self.count, Self.columns)
        Self.expectClose(
            norm { trawl_layer_norm_backward(x, weight, 1e-5, dy, Self.rows, c, $0, $0 + n, $0 + n + c) },
            norm { trawl_layer_norm_backward_portable(x, weight, 1e-5, dy, Self.rows, c, $0, $0 + n, $0 + n + c) })
    }

    @Test func theOptimisersStepAgreesWithItsTwin() {
        let gradient = Self.values(Self.count, seed: 1)
        func step(
            _ kernel: (
                UnsafeMutablePointer<Float>?, UnsafePointer<Float>?, UnsafeMutablePointer<Float>?,
                UnsafeMutablePointer<Float>?, Int, Float, Float, Float, Float, Float, Float, Float, Float
            ) -> Void
        ) -> [Float] {
            var weights = Self.values(Self.count, seed: 2)
            var first = Self.values(Self.count, seed: 3)
            var second = Self.values(Self.count, seed: 4).map { abs($0) }
            kernel(
                &weights, gradient, &first, &second, Self.count, 0.5, 1e-2, 0.9, 0.98, 1e-8, 0.01, 1.5, 1.2)
            return weights + first + second
        }
        Self.expectClose(step(trawl_adamw), step(trawl_adamw_portable))
    }

    /// Whole blocks of sums and parts of them.
    @Test(arguments: [(16, 8), (3, 40), (21, 16), (8, 32)])
    func transposedProductsAgreeWithTheirTwinAndTheirDefinition(m: Int, n: Int) {
        let k = 37
        let (a, b) = (Self.values(k * (m + 2), seed: 1), Self.values(k * (n + 1), seed: 2))
        var (x, y) = ([Float](repeating: 1, count: m * (n + 3)), [Float](repeating: 1, count: m * (n + 3)))
        trawl_add_transposed_product(a, m + 2, b, n + 1, m, n, k, &x, n + 3)
        trawl_add_transposed_product_portable(a, m + 2, b, n + 1, m, n, k, &y, n + 3)
        for row in 0..<m {
            for column in 0..<n + 3 {
                let exact = (0..<k).reduce(1.0) {
                    $0 + (column < n ? Double(a[$1 * (m + 2) + row]) * Double(b[$1 * (n + 1) + column]) : 0)
                }
                #expect(abs(Double(x[row * (n + 3) + column]) - exact) < 1e-3)
                #expect(abs(Double(y[row * (n + 3) + column]) - exact) < 1e-3)
            }
        }
    }

    @Test func sumsAndTransposesAgreeWithTheirTwins() {
        let x = Self.values(Self.count, seed: 1)
        var (a, b) = (0.0, 0.0)
        trawl_sum(x, Self.count, &a)
        trawl_sum_portable(x, Self.count, &b)
        #expect(a == b)
        var (turned, twin) = ([Float](repeating: 0, count: Self.count), [Float](repeating: 0, count: Self.count))
        trawl_transpose(x, Self.columns, Self.rows, Self.columns, &turned)
        trawl_transpose_portable(x, Self.columns, Self.rows, Self.columns, &twin)
        #expect(turned == twin)
        #expect(turned[3 * Self.rows + 2] == x[2 * Self.columns + 3])
    }
}
