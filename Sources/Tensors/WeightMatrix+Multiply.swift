internal import CTrawlKernels

extension WeightMatrix {
    /// The rows of x that a step takes: with a tile of weights they fit the second-level cache.
    private static let rowTile = 256

    /// What a product's results become before they are written.
    package struct Finish {
        package var bias: UnsafePointer<Float>?
        package var activation: Activation
        /// Whether the product is added to what y holds; then nothing else is.
        package var isAdded: Bool

        package init(bias: UnsafePointer<Float>? = nil, activation: Activation = .identity, isAdded: Bool = false) {
            self.bias = bias
            self.activation = activation
            self.isAdded = isAdded
        }
    }

    /// y = activation(x Wᵀ + bias) or y += x Wᵀ on memory of the caller's, `[m, columns]` and `[m, rows]` without gaps.
    package func multiply(
        _ x: UnsafePointer<Float>, m: Int, finish: Finish = Finish(), into y: UnsafeMutablePointer<Float>,
        pool: ThreadPool
    ) {
        Self.multiplyAll([(self, y)], x, m: m, finish: finish, pool: pool)
    }

    /// Several products of the same x in one loop, so that threads meet once.
    package static func multiplyAll(
        _ products: [(matrix: WeightMatrix, y: UnsafeMutablePointer<Float>)], _ x: UnsafePointer<Float>, m: Int,
        finish: Finish = Finish(), pool: ThreadPool
    ) {
        guard m > 0, let first = products.first?.matrix else { return }
        if products.contains(where: { $0.matrix.isQuantised != first.isQuantised }) {
            for product in products { multiplyAll([product], x, m: m, finish: finish, pool: pool) }
            return
        }
        let rows = first.inputs(x, m: m, pool: pool)
        let threads = pool.threadCount
        let rowTiles = (m + rowTile - 1) / rowTile
        let tiles = products.reduce(0) { $0 + $1.matrix.outputTiles(m, threads) }
        pool.parallelFor(rowTiles * tiles) { index in
            var tile = index / rowTiles
            var product = 0
            while tile >= products[product].matrix.outputTiles(m, threads) {
                tile -= products[product].matrix.outputTiles(m, threads)
                product += 1
            }
            let first = index % rowTiles * rowTile
            let (matrix, y) = products[product]
            matrix.multiplyTile(
                tile, rows.dropping(first), m: min(rowTile, m - first), of: m, threads: threads, finish: finish,
                into: y + first * matrix.rows)
        }
    }

    /// The most rows that are multiplied with weights as they lie, decoded anew for every sixteen; from more on, packing
    /// them once is quicker (`eval/results/speed.md`).
    private func isDirect(_ m: Int) -> Bool {
        guard let blockType = type.blockType, preparedPanels == nil else { return false }
        return m <= (type == .f32 ? 48 : isQuantised ? 32 : 16)
            && trawl_has_direct_gemm(trawl_best_isa(), blockType, columns, rowSize)
    }

    /// The outputs that a step computes. Used as they lie, they are as many as a thread can have, for each panel fetches
    /// the next; packed ones take 256 KiB at most, unless one panel alone takes more. OpenBLAS packs for itself, and the
    /// inputs once for each tile.
    private func outputTile(_ m: Int, _ threads: Int) -> Int {
        let width = Kernels.panelWidth
        if !isQuantised && BLASProduct.ofThisProcess != nil { return 128 }
        guard isDirect(m) else { return max(width, min(128, (1 << 16) / columns / 32 * 32)) }
        let panels = (rows + width - 1) / width
        return min(32, (panels + threads - 1) / threads) * width
    }

    private func outputTiles(_ m: Int, _ threads: Int) -> Int {
        let tile = outputTile(m, threads)
        return (rows + tile - 1) / tile
    }

    private func multiplyTile(
        _ index: Int, _ x: Inputs, m: Int, of all: Int, threads: Int, finish: Finish,
        into y: UnsafeMutablePointer<Float>
    ) {
        let tile = outputTile(all, threads)
        let first = index * tile
        let count = min(tile, rows - first)
        let y = y + first
        // Panels are whole; a few outputs may be left.
        let direct = isDirect(all) ? count / Kernels.panelWidth * Kernels.panelWidth : 0
        if direct > 0 { multiplyDirectly(first, direct, x, m: m, finish, into: y) }
        if direct < count { multiplyPacked(first + direct, count - direct, x, m: m, finish, into: y + direct) }
        if finish.bias == nil && finish.activation == .identity { return }
        for row in 0..<m {
            let out = y + row * rows
            if let bias = finish.bias { Kernels.add(bias + first, to: out, count) }
            finish.activation.apply(out, count)
        }
    }

    private func multiplyDirectly(
        _ first: Int, _ count: Int, _ x: Inputs, m: Int, _ finish: Finish, into y: UnsafeMutablePointer<Float>
    ) {
        guard let blockType = type.blockType else { return }
        let weights = (start + first * rowSize).assumingMemoryBound(to: UInt8.self)
        switch x {
        case .floats(let x, _):
            trawl_direct_gemm(blockType, m, count, columns, x, columns, weights, rowSize, finish.isAdded, y, rows)
        case .quantised(let q, let scales, _):
            trawl_direct_int8_gemm(
                blockType, m, count, columns, q, scales, weights, rowSize, finish.isAdded, y, rows)
        }
    }

    private func multiplyPacked(
        _ first: Int, _ count: Int, _ x: Inputs, m: Int, _ finish: Finish, into y: UnsafeMutablePointer<Float>
    ) {
        switch x {
        case .floats(let x, _):
            if let blas = BLASProduct.ofThisProcess {
                return blas.multiply(self, first, count, x, m: m, adding: finish.isAdded, into: y)
            }
            Kernels.multiply(
                m, count, columns, x, columns, panels: pack(first, count), accumulating: finish.isAdded, into: y, rows)
        case .quantised(let q, let scales, _):
            let panels = quantisedPanels(first, count)
            trawl_int8_gemm(m, count, columns, q, scales, panels, finish.isAdded, y, rows)
        }
    }

    /// Rows `first ..< first + count` as panels in this thread's scratch.
    private func pack(_ first: Int, _ count: Int) -> UnsafePointer<Float> {
        let panels = ThreadScratch.floats(.weights, Kernels.packedCount(count, columns))
        if type == .f32 {
            let weights = (start + first * rowSize).assumingMemoryBound(to: Float.self)
            Kernels.pack(outputs: weights, columns, count, columns, into: panels)
            return UnsafePointer(panels)
        }
        let width = Kernels.panelWidth
        let decoded = ThreadScratch.floats(.rows, width * columns)
        for panel in stride(from: 0, to: count, by: width) {
            let outputs = min(width, count - panel)
            let target = panels + panel * columns
            if outputs == width
                && type.packPanel(
                    start + (first + panel) * rowSize, rowSize: rowSize, blocks: columns / type.blockCount, into: target
                )
            {
                continue
            }
            decode(row: first + panel, count: outputs, into: decoded)
            Kernels.pack(outputs: decoded, columns, outputs, columns, into: target)
        }
        return UnsafePointer(panels)
    }

    /// Rows `first ..< first + count` as 8-bit panels: those made beforehand, or the file's blocks in this thread's scratch.
    private func quantisedPanels(_ first: Int, _ count: Int) -> UnsafePointer<UInt8> {
        let width = Kernels.panelWidth
        let panelSize = trawl_int8_panel_size(columns)
        if let preparedPanels {
            let panels = UnsafeRawPointer(preparedPanels.base).assumingMemoryBound(to: UInt8.self)
            return panels + first / width * panelSize
        }
        let scratch = ThreadScratch.floats(.weights, (count + width - 1) / width * panelSize / 4)
        let panels = UnsafeMutableRawPointer(scratch)
        for (index, panel) in stride(from: 0, to: count, by: width).enumerated() {
            let outputs = min(width, count - panel)
            let target = panels + index * panelSize
            let source = start + (first + panel) * rowSize
            if outputs < width
                || !type.packQuantisedPanel(source, rowSize: rowSize, blocks: columns / type.blockCount, into: target)
            {
                quantise(first + panel, outputs, into: target)
            }
        }
        return UnsafePointer(panels.assumingMemoryBound(to: UInt8.self))
    }

    /// x as the products of this matrix take it. Quantised rows lie in this thread's scratch until its next product.
    private func inputs(_ x: UnsafePointer<Float>, m: Int, pool: ThreadPool) -> Inputs {
        guard isQuantised else { return .floats(x, columns: columns) }
        let groups = columns / Self.group
        let scales = ThreadScratch.floats(.quantised, m * (2 * groups + columns / 4))
        let q = UnsafeMutableRawPointer(scales + 2 * m * groups).assumingMemoryBound(to: Int8.self)
        let tile = 16
        pool.parallelFor((m + tile - 1) / tile) { index in
            let first = index * tile
            trawl_int8_quantise(
                min(tile, m - first), columns, x + first * columns, q + first * columns,
                scales + 2 * first * groups)
        }
        return .quantised(q, scales: scales, columns: columns)
    }
}

/// Rows of x, in the form that a product reads.
private enum Inputs {
    case floats(UnsafePointer<Float>, columns: Int)
    case quantised(UnsafePointer<Int8>, scales: UnsafePointer<Float>, columns: Int)

    /// All rows but the first `count`.
    func dropping(_ count: Int) -> Inputs {
        switch self {
        case .floats(let x, let columns): .floats(x + count * columns, columns: columns)
        case .quantised(let q, let scales, let columns):
            .quantised(
                q + count * columns, scales: scales + 2 * count * (columns / WeightMatrix.group), columns: columns)
        }
    }
}
