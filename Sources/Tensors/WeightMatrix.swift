internal import Core

/// A weight matrix `[rows, columns]` = `[out, in]` in any floating-point storage, usually in the mapped file itself.
///
/// Weights are decoded and packed a tile at a time into a buffer that fits the second-level cache and used from there:
/// the memory taken stays that of the file, nothing is prepared when a model opens, and packing costs one instruction for
/// every few multiply-adds of the first row. A row's product depends on nothing but the row and the weights, to the bit:
/// not on the other rows, not on the number of threads.
public struct WeightMatrix: Sendable {
    /// The outputs.
    public let rows: Int
    /// The inputs.
    public let columns: Int
    public let type: ElementType
    private nonisolated(unsafe) let start: UnsafeRawPointer
    private let owner: any AnyObject & Sendable
    private let rowSize: Int

    /// The rows of x that a step takes: with a tile of weights they fit the second-level cache.
    private static let rowTile = 256

    /// The matrix in `tensor`, in place.
    ///
    /// - Throws: `TrawlError.incompatible` when its shape is not `[rows, columns]`.
    public init(_ tensor: Tensor, rows: Int, columns: Int) throws {
        try tensor.requireShape([rows, columns])
        // The address leaves the closure: `owner` keeps the file, or the copy.
        guard let base = tensor.withBytes({ $0.baseAddress }), rows > 0, columns > 0 else {
            throw TrawlError(.corrupted, "tensor '\(tensor.name)' is empty", path: tensor.path)
        }
        self.rows = rows
        self.columns = columns
        rowSize = columns / tensor.type.blockCount * tensor.type.blockSize
        if tensor.type == .f32 && UInt(bitPattern: base) % 4 != 0 {
            let copy = FloatBuffer(capacity: rows * columns)
            tensor.withBytes { UnsafeMutableRawPointer(copy.base).copyMemory(from: base, byteCount: $0.count) }
            (start, owner, type) = (UnsafeRawPointer(copy.base), copy, .f32)
        } else {
            (start, owner, type) = (base, tensor.file, tensor.type)
        }
    }

    /// Matrices with the same inputs, one below the other, in single precision and memory of its own.
    public init(stacking parts: [WeightMatrix]) {
        let columns = parts.first?.columns ?? 0
        precondition(columns > 0 && parts.allSatisfy { $0.columns == columns })
        rows = parts.reduce(0) { $0 + $1.rows }
        self.columns = columns
        rowSize = columns * 4
        type = .f32
        let buffer = FloatBuffer(capacity: rows * columns)
        var next = buffer.base
        for part in parts {
            part.decode(row: 0, count: part.rows, into: next)
            next += part.rows * columns
        }
        (start, owner) = (UnsafeRawPointer(buffer.base), buffer)
    }

    /// Writes rows `row ..< row + count` in single precision, `[count, columns]`.
    package func decode(row: Int, count: Int, into out: UnsafeMutablePointer<Float>) {
        precondition(row >= 0 && count >= 0 && row + count <= rows)
        type.decode(start + row * rowSize, blocks: count * (columns / type.blockCount), into: out)
    }

    /// y = x Wᵀ + bias. x: `[m, columns]`, y: `[m, rows]`.
    public func multiply(_ x: [Float], bias: [Float]? = nil, pool: ThreadPool = .shared) -> [Float] {
        precondition(x.count % columns == 0 && (bias == nil || bias?.count == rows))
        let m = x.count / columns
        return [Float](unsafeUninitializedCapacity: m * rows) { y, count in
            x.withUnsafeBufferPointer { x in
                bias.withPointer { bias in
                    if let x = x.baseAddress, let y = y.baseAddress {
                        multiply(x, m: m, finish: Finish(bias: bias), into: y, pool: pool)
                    }
                }
            }
            count = m * rows
        }
    }

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
        guard m > 0 else { return }
        let rowTiles = (m + rowTile - 1) / rowTile
        let tiles = products.reduce(0) { $0 + $1.matrix.outputTiles }
        pool.parallelFor(rowTiles * tiles) { index in
            var tile = index / rowTiles
            var product = 0
            while tile >= products[product].matrix.outputTiles {
                tile -= products[product].matrix.outputTiles
                product += 1
            }
            let first = index % rowTiles * rowTile
            let (matrix, y) = products[product]
            matrix.multiplyTile(
                tile, x + first * matrix.columns, m: min(rowTile, m - first), finish: finish,
                into: y + first * matrix.rows)
        }
    }

    /// The outputs that a step computes: their panels take 256 KiB at most, unless one alone takes more.
    private var outputTile: Int { max(Kernels.panelWidth, min(128, (1 << 16) / columns / 32 * 32)) }
    private var outputTiles: Int { (rows + outputTile - 1) / outputTile }

    private func multiplyTile(
        _ index: Int, _ x: UnsafePointer<Float>, m: Int, finish: Finish, into y: UnsafeMutablePointer<Float>
    ) {
        let first = index * outputTile
        let count = min(outputTile, rows - first)
        let panels = pack(first, count)
        Kernels.multiply(
            m, count, columns, x, columns, panels: panels, accumulating: finish.isAdded, into: y + first, rows)
        if finish.bias == nil && finish.activation == .identity { return }
        for row in 0..<m {
            let out = y + row * rows + first
            if let bias = finish.bias { Kernels.add(bias + first, to: out, count) }
            finish.activation.apply(out, count)
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
}

extension Optional where Wrapped == [Float] {
    /// Calls `body` with the array's elements, or nil.
    fileprivate func withPointer(_ body: (UnsafePointer<Float>?) -> Void) {
        if let self { self.withUnsafeBufferPointer { body($0.baseAddress) } } else { body(nil) }
    }
}
