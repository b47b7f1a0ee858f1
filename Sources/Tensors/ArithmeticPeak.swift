internal import CTrawlKernels

/// What the processor's products reach when everything lies in its caches: the roof over every model.
package enum ArithmeticPeak {
    /// Operations a second, a multiply-add being two, of all threads of `pool` together. Takes a quarter of a second.
    package static func measure(_ precision: Precision, pool: ThreadPool) -> Double {
        // 160 KiB of weights at most and 12 rows: a first-level cache's work on a second-level cache's weights.
        let (m, n, k) = (12, 128, 256)
        let share = pool.threadCount
        let products = 200
        let work = 2 * Double(share * products * m * n * k)
        let x = [Float](repeating: 0.5, count: m * k)
        let panels = FloatBuffer(capacity: Kernels.packedCount(n, k) * 5 / 4)
        let panelSize = trawl_int8_panel_size(k)
        let outputs = (0..<share).map { _ in FloatBuffer(capacity: m * n) }
        var q = [Int8](repeating: 0, count: m * k)
        var scales = [Float](repeating: 0, count: 2 * m * k / 32)
        let weights = [Float](repeating: 0.25, count: n * k)
        switch precision {
        case .f32: Kernels.pack(outputs: weights, k, n, k, into: panels.base)
        case .int8:
            trawl_int8_quantise(m, k, x, &q, &scales)
            let bytes = UnsafeMutableRawPointer(panels.base).assumingMemoryBound(to: UInt8.self)
            for panel in 0..<n / Kernels.panelWidth {
                trawl_int8_pack(Kernels.panelWidth, k, weights, k, bytes + panel * panelSize)
            }
        }
        let values = q
        let factors = scales
        var best = 0.0
        let clock = ContinuousClock()
        let end = clock.now + .milliseconds(250)
        repeat {
            let time = clock.measure {
                pool.parallelFor(share) { index in
                    for _ in 0..<products {
                        switch precision {
                        case .f32:
                            if let blas = BLASProduct.ofThisProcess {
                                blas.call(m, n, k, x, weights, adding: false, into: outputs[index].base, n)
                            } else {
                                Kernels.multiply(m, n, k, x, k, panels: panels.base, into: outputs[index].base, n)
                            }
                        case .int8:
                            trawl_int8_gemm(
                                m, n, k, values, factors,
                                UnsafeRawPointer(panels.base).assumingMemoryBound(to: UInt8.self), false,
                                outputs[index].base, n)
                        }
                    }
                }
            }
            best = max(best, work / (time / .seconds(1)))
        } while clock.now < end
        return best
    }
}
