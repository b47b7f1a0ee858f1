internal import CTrawlKernels
internal import TrawlCore

/// A weight matrix `[rows, columns]` = `[out, in]` in any floating-point storage, usually in the mapped file itself.
///
/// Few rows use the weights as they lie, decoded in registers. For many, weights are decoded and packed a tile at a time
/// into a buffer that fits the second-level cache. So the memory taken stays that of the file and nothing is prepared when
/// a model opens, but for 8-bit products with weights that are not of 8 bits or less already. A row's product depends on
/// nothing but the row and the weights, to the bit: not on the other rows, not on the number of threads. `BLASProduct` has
/// the one exception.
public struct WeightMatrix: Sendable {
    /// The outputs.
    public let rows: Int
    /// The inputs.
    public let columns: Int
    public let type: ElementType
    nonisolated(unsafe) let start: UnsafeRawPointer
    private let owner: any AnyObject & Sendable
    let rowSize: Int
    /// The inputs that share a scale in 8-bit products.
    static let group = Int(TRAWL_INT8_GROUP)
    /// Whether products are of 8 bits; then columns are whole groups.
    package private(set) var isQuantised = false
    /// Panels for 8-bit products, made beforehand; nil where the blocks of the file are taken as they are.
    private(set) var preparedPanels: FloatBuffer?

    /// The matrix in `tensor`, in place.
    ///
    /// - Throws: `.incompatible` when its shape is not `[rows, columns]`, `.notFound` when TRAWL_ISA says `blas` and there
    ///   is no OpenBLAS.
    public init(_ tensor: Tensor, rows: Int, columns: Int) throws {
        try BLASProduct.requireIfAsked()
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

    /// This matrix + up down, in single precision and memory of its own; up: `[rows, rank]`, down: `[rank, columns]`.
    package func adding(productOf up: [Float], _ down: [Float], rank: Int, pool: ThreadPool = .shared) -> WeightMatrix {
        precondition(up.count == rows * rank && down.count == rank * columns)
        let sum = FloatBuffer(capacity: rows * columns)
        decode(row: 0, count: rows, into: sum.base)
        let turned = FloatBuffer(capacity: rank * columns)
        down.withUnsafeBufferPointer { down in
            if let base = down.baseAddress { trawl_transpose(base, columns, rank, columns, turned.base) }
        }
        up.withUnsafeBufferPointer { up in
            if let base = up.baseAddress {
                WeightMatrix(turned, rows: columns, columns: rank).multiply(
                    base, m: rows, finish: .init(isAdded: true), into: sum.base, pool: pool)
            }
        }
        return WeightMatrix(sum, rows: rows, columns: columns)
    }

    /// A matrix in single precision that lies in `buffer`.
    private init(_ buffer: FloatBuffer, rows: Int, columns: Int) {
        (self.rows, self.columns, rowSize, type) = (rows, columns, 4 * columns, .f32)
        (start, owner) = (UnsafeRawPointer(buffer.base), buffer)
    }

    /// Some of the outputs, in place; not of a matrix prepared for 8-bit products.
    package func outputs(_ range: Range<Int>) -> WeightMatrix {
        precondition(!isQuantised && !range.isEmpty && range.lowerBound >= 0 && range.upperBound <= rows)
        return WeightMatrix(outputs: range, of: self)
    }

    private init(outputs range: Range<Int>, of whole: WeightMatrix) {
        rows = range.count
        (columns, rowSize, type, owner) = (whole.columns, whole.rowSize, whole.type, whole.owner)
        start = whole.start + range.lowerBound * whole.rowSize
    }

    /// The same weights for products in `precision`, which stays single where the inputs are not whole groups of 32.
    ///
    /// GGUF's blocks are multiplied as they lie in the file; other weights are quantised now, which takes a byte and a
    /// quarter for each.
    package func prepared(for precision: Precision, pool: ThreadPool = .shared) -> WeightMatrix {
        guard precision == .int8, columns % Self.group == 0 else { return self }
        var matrix = self
        matrix.isQuantised = true
        if type.isMultipliedInBlocks { return matrix }
        let width = Kernels.panelWidth
        let panelSize = trawl_int8_panel_size(columns)
        let panels = FloatBuffer(capacity: (rows + width - 1) / width * panelSize / 4)
        pool.parallelFor((rows + width - 1) / width) { index in
            let target = UnsafeMutableRawPointer(panels.base) + index * panelSize
            quantise(index * width, min(width, rows - index * width), into: target)
        }
        matrix.preparedPanels = panels
        return matrix
    }

    /// Rows `row ..< row + count`, 16 at most, as an 8-bit panel.
    func quantise(_ row: Int, _ count: Int, into panel: UnsafeMutableRawPointer) {
        let decoded = ThreadScratch.floats(.rows, count * columns)
        decode(row: row, count: count, into: decoded)
        trawl_int8_pack(count, columns, decoded, columns, panel.assumingMemoryBound(to: UInt8.self))
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
}

extension Optional where Wrapped == [Float] {
    /// Calls `body` with the array's elements, or nil.
    fileprivate func withPointer(_ body: (UnsafePointer<Float>?) -> Void) {
        if let self { self.withUnsafeBufferPointer { body($0.baseAddress) } } else { body(nil) }
    }
}
