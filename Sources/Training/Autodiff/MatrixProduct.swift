internal import CTrawlKernels
internal import TrawlTensors

/// Products of matrices in memory, in the three orders that a linear layer and its gradients need.
///
/// The right-hand matrix is packed in tiles that fit the second-level cache; tiles are distributed over threads. The order
/// of summation does not depend on the number of threads.
struct MatrixProduct {
    let pool: ThreadPool

    private static let rowTile = 192
    /// The inputs whose products are summed in one pass.
    private static let depth = 1024
    /// The floats of a packed tile.
    private static let tileFloats = 1 << 16

    /// y = x wᵀ, or y += x wᵀ; x: `[m, k]`, w: `[n, k]`, y: `[m, n]`.
    func outputs(
        _ x: UnsafePointer<Float>, _ w: UnsafePointer<Float>, m: Int, n: Int, k: Int, adding: Bool = false,
        into y: UnsafeMutablePointer<Float>
    ) {
        multiply(x, m: m, n: n, k: k, adding: adding, into: y) { first, count, start, size, panels in
            Kernels.pack(outputs: w + first * k + start, k, count, size, into: panels)
        }
    }

    /// y = x w, or y += x w; x: `[m, k]`, w: `[k, n]`, y: `[m, n]`.
    func inputs(
        _ x: UnsafePointer<Float>, _ w: UnsafePointer<Float>, m: Int, n: Int, k: Int, adding: Bool = false,
        into y: UnsafeMutablePointer<Float>
    ) {
        multiply(x, m: m, n: n, k: k, adding: adding, into: y) { first, count, start, size, panels in
            Kernels.pack(inputs: w + start * n + first, n, count, size, into: panels)
        }
    }

    /// y += xᵀ w; x: `[k, m]`, w: `[k, n]`, y: `[m, n]`. `transposed` is scratch memory for the transposed x, `[m, k]`.
    func transposed(
        _ x: UnsafePointer<Float>, _ w: UnsafePointer<Float>, m: Int, n: Int, k: Int,
        transposed: UnsafeMutablePointer<Float>, into y: UnsafeMutablePointer<Float>
    ) {
        let tile = 64
        pool.parallelFor((m + tile - 1) / tile) { index in
            let first = index * tile
            trawl_transpose(x + first, m, k, min(tile, m - first), transposed + first * k)
        }
        inputs(transposed, w, m: m, n: n, k: k, adding: true, into: y)
    }

    /// out += aᵀ b; a: `[k, m]`, b: `[k, n]`, out: `[m, n]`, with m or n so small that packing costs more than it saves.
    func narrowTransposed(
        _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, m: Int, n: Int, k: Int,
        into out: UnsafeMutablePointer<Float>
    ) {
        // Parts of the longer side, some cache lines wide.
        let part = 64
        pool.parallelFor((max(m, n) + part - 1) / part) { index in
            let first = index * part
            if m > n {
                trawl_add_transposed_product(a + first, m, b, n, min(part, m - first), n, k, out + first * n, n)
            } else {
                trawl_add_transposed_product(a, m, b + first, n, m, min(part, n - first), k, out + first, n)
            }
        }
    }

    /// The outputs of a tile, whole panels: as many as fit, or fewer, down to half, where every thread then gets the same number
    /// of tiles.
    private func tileOutputs(_ n: Int, depth: Int) -> Int {
        let width = Kernels.panelWidth
        let panels = (n + width - 1) / width
        let most = min(max(1, Self.tileFloats / depth / width), 256 / width)
        let tiles = { (size: Int) in (panels + size - 1) / size }
        let even = stride(from: most, through: max(1, most / 2), by: -1).first { tiles($0) % pool.threadCount == 0 }
        let count = tiles(even ?? most)
        return (panels + count - 1) / count * width
    }

    /// `pack` writes the weights of outputs `first ..< first + count` for inputs `start ..< start + size` as panels.
    private func multiply(
        _ x: UnsafePointer<Float>, m: Int, n: Int, k: Int, adding: Bool, into y: UnsafeMutablePointer<Float>,
        pack: (
            _ first: Int, _ count: Int, _ start: Int, _ size: Int, _ panels: UnsafeMutablePointer<Float>
        ) -> Void
    ) {
        guard m > 0, n > 0, k > 0 else { return }
        let depth = min(k, Self.depth)
        let outputs = tileOutputs(n, depth: depth)
        let tiles = (n + outputs - 1) / outputs
        // A tile is packed for each part of the rows: few parts where that costs.
        let rows = tiles >= 2 * pool.threadCount ? m : min(m, max(Self.rowTile, (m + 3) / 4))
        let parts = (m + rows - 1) / rows
        pool.parallelFor(tiles * parts) { index in
            let first = index / parts * outputs
            let count = min(outputs, n - first)
            let begin = index % parts * rows
            let end = min(begin + rows, m)
            let panels = ThreadScratch.floats(.weights, Kernels.packedCount(count, depth))
            var start = 0
            while start < k {
                let size = min(depth, k - start)
                pack(first, count, start, size, panels)
                var row = begin
                while row < end {
                    let some = min(Self.rowTile, end - row)
                    Kernels.multiply(
                        some, count, size, x + row * k + start, k, panels: panels, accumulating: adding || start > 0,
                        into: y + row * n + first, n)
                    row += some
                }
                start += size
            }
        }
    }
}
