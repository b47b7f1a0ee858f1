internal import CTrawlKernels
import TrawlStore

extension RowFormat {
    var kernelType: trawl_row_type {
        switch self {
        case .f32: TRAWL_ROW_F32
        case .f16: TRAWL_ROW_F16
        case .int8: TRAWL_ROW_INT8
        }
    }

    /// A vector as it is stored.
    func encode(_ values: [Float]) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: rowBytes(dimension: values.count)) { buffer, count in
            trawl_encode_row(kernelType, values, values.count, buffer.baseAddress)
            count = rowBytes(dimension: values.count)
        }
    }

    /// The numbers of a stored vector.
    func decode(_ stored: [UInt8], dimension: Int) -> [Float] {
        [Float](unsafeUninitializedCapacity: dimension) { buffer, count in
            trawl_decode_row(kernelType, stored, dimension, buffer.baseAddress)
            count = dimension
        }
    }
}

/// The vectors of a segment, read in place.
struct VectorRows: Sendable {
    let blob: Blob
    let format: RowFormat
    let dimension: Int
    /// The rows of a chunk; what comes next lies elsewhere.
    let rowsPerChunk: Int

    init(_ blob: Blob, format: RowFormat, dimension: Int) {
        self.blob = blob
        self.format = format
        self.dimension = dimension
        rowsPerChunk = blob.chunkBytes / blob.recordSize
    }

    var count: Int { blob.recordCount }
    var rowBytes: Int { blob.recordSize }

    @inline(__always)
    func address(_ row: Int) -> UnsafeRawPointer {
        let (chunk, place) = row.quotientAndRemainder(dividingBy: rowsPerChunk)
        return blob.chunks[chunk] + place * blob.recordSize
    }

    func decode(_ row: Int, into out: UnsafeMutablePointer<Float>) {
        trawl_decode_row(format.kernelType, address(row), dimension, out)
    }

    subscript(row: Int) -> [Float] {
        [Float](unsafeUninitializedCapacity: dimension) { buffer, count in
            if let base = buffer.baseAddress { decode(row, into: base) }
            count = dimension
        }
    }

    /// The dot products of `query`, `[dimension]`, with rows anywhere.
    func products(
        _ query: UnsafePointer<Float>, rows: UnsafeBufferPointer<UInt32>, into out: UnsafeMutablePointer<Float>
    ) {
        let ahead = 4
        for index in 0..<min(ahead, rows.count) { prefetch(Int(rows[index])) }
        for index in 0..<rows.count {
            if index + ahead < rows.count { prefetch(Int(rows[index + ahead])) }
            trawl_dot_rows(
                format.kernelType, address(Int(rows[index])), blob.recordSize, 1, query, 1, dimension, out + index)
        }
    }

    /// The dot products of `queries`, `[queryCount, dimension]`, with the neighbouring rows of one chunk: `[queryCount, rows]`.
    func products(
        _ queries: UnsafePointer<Float>, _ queryCount: Int, chunkRows rows: Range<Int>,
        into out: UnsafeMutablePointer<Float>
    ) {
        trawl_dot_rows(
            format.kernelType, address(rows.lowerBound), blob.recordSize, rows.count, queries, queryCount, dimension,
            out
        )
    }

    /// All rows in runs of at most `size`, each within a chunk.
    func tiles(_ size: Int) -> [Range<Int>] {
        stride(from: 0, to: count, by: rowsPerChunk).flatMap { start in
            let end = min(start + rowsPerChunk, count)
            return stride(from: start, to: end, by: size).map { $0..<min($0 + size, end) }
        }
    }

    private func prefetch(_ row: Int) { trawl_prefetch_bytes(address(row), blob.recordSize) }
}
