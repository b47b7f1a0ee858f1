internal import COpenBLAS
internal import Core

/// A weight matrix `[rows, columns]` = `[out, in]` in any floating-point storage, usually in the mapped file itself.
///
/// Quantised and half-precision weights are decoded a tile at a time into a buffer that fits the second-level cache and
/// used from there, so that the memory taken stays that of the file. The products do not depend on the number of
/// threads, to the bit; with few rows or with weights other than F32 they do not depend on the other rows either.
public struct WeightMatrix: Sendable {
    /// The outputs.
    public let rows: Int
    /// The inputs.
    public let columns: Int
    public let type: ElementType
    private nonisolated(unsafe) let start: UnsafeRawPointer
    private let owner: any AnyObject & Sendable
    private let rowSize: Int

    /// From this many rows of x on, F32 weights go to OpenBLAS, which is then faster than our kernel.
    private static let blasRows = 96

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
                        multiply(x, m: m, bias: bias, into: y, pool: pool)
                    }
                }
            }
            count = m * rows
        }
    }

    /// As above on memory of the caller's; `ldx` and `ldy` are the floats from row to row.
    package func multiply(
        _ x: UnsafePointer<Float>, m: Int, ldx: Int? = nil, bias: UnsafePointer<Float>? = nil,
        into y: UnsafeMutablePointer<Float>, ldy: Int? = nil, pool: ThreadPool
    ) {
        guard m > 0 else { return }
        let (ldx, ldy) = (ldx ?? columns, ldy ?? rows)
        if type == .f32 && m >= Self.blasRows {
            multiplyByBLAS(x, m: m, ldx: ldx, bias: bias, into: y, ldy: ldy, pool: pool)
            return
        }
        let tile = columnTile
        pool.parallelFor((rows + tile - 1) / tile) { index in
            multiplyTile(index, x, m: m, ldx: ldx, bias: bias, into: y, ldy: ldy)
        }
    }

    /// Several products of the same x in one loop, so that threads meet once. Only for what `multiply` would tile itself.
    package static func multiplyAll(
        _ products: [(matrix: WeightMatrix, y: UnsafeMutablePointer<Float>)], _ x: UnsafePointer<Float>, m: Int,
        pool: ThreadPool
    ) {
        if products.contains(where: { $0.matrix.type == .f32 }) && m >= blasRows {
            for product in products { product.matrix.multiply(x, m: m, into: product.y, pool: pool) }
            return
        }
        var tiles: [(product: Int, tile: Int)] = []
        for (index, product) in products.enumerated() {
            let count = (product.matrix.rows + product.matrix.columnTile - 1) / product.matrix.columnTile
            for tile in 0..<count { tiles.append((index, tile)) }
        }
        pool.parallelFor(tiles.count) { index in
            let (matrix, y) = products[tiles[index].product]
            matrix.multiplyTile(
                tiles[index].tile, x, m: m, ldx: matrix.columns, bias: nil, into: y, ldy: matrix.rows)
        }
    }

    /// The outputs that one step of `multiply` computes.
    private var columnTile: Int { type == .f32 ? 96 : max(12, min(96, 64 * 1024 / columns / 12 * 12)) }

    private func multiplyTile(
        _ index: Int, _ x: UnsafePointer<Float>, m: Int, ldx: Int, bias: UnsafePointer<Float>?,
        into y: UnsafeMutablePointer<Float>, ldy: Int
    ) {
        let first = index * columnTile
        let count = min(columnTile, rows - first)
        let weights: UnsafePointer<Float>
        if type == .f32 {
            weights = (start + first * rowSize).assumingMemoryBound(to: Float.self)
        } else {
            let scratch = ThreadScratch.floats(.weights, count * columns)
            decode(row: first, count: count, into: scratch)
            weights = UnsafePointer(scratch)
        }
        Kernels.multiplyTransposed(
            m, count, columns, x, ldx, weights, columns, bias: bias.map { $0 + first }, into: y + first, ldy)
    }

    private func multiplyByBLAS(
        _ x: UnsafePointer<Float>, m: Int, ldx: Int, bias: UnsafePointer<Float>?,
        into y: UnsafeMutablePointer<Float>, ldy: Int, pool: ThreadPool
    ) {
        // Tiles that are the same whatever the number of threads.
        let (rowTile, outputTile) = (256, 768)
        let rowTiles = (m + rowTile - 1) / rowTile
        let outputTiles = (rows + outputTile - 1) / outputTile
        pool.parallelFor(rowTiles * outputTiles) { index in
            let row = index / outputTiles * rowTile
            let output = index % outputTiles * outputTile
            let rowCount = min(rowTile, m - row)
            let outputCount = min(outputTile, rows - output)
            let target = y + row * ldy + output
            if let bias {
                for r in 0..<rowCount { (target + r * ldy).update(from: bias + output, count: outputCount) }
            }
            cblas_sgemm(
                CblasRowMajor, CblasNoTrans, CblasTrans, blasint(rowCount), blasint(outputCount), blasint(columns), 1,
                x + row * ldx, blasint(ldx), (start + output * rowSize).assumingMemoryBound(to: Float.self),
                blasint(columns), bias == nil ? 0 : 1, target, blasint(ldy))
        }
    }
}

extension Optional where Wrapped == [Float] {
    /// Calls `body` with the array's elements, or nil.
    fileprivate func withPointer(_ body: (UnsafePointer<Float>?) -> Void) {
        if let self { self.withUnsafeBufferPointer { body($0.baseAddress) } } else { body(nil) }
    }
}
