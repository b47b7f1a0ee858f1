internal import CTrawlKernels
import TrawlCore
import TrawlStore

/// Records of one size that are read by number.
struct RecordTable: @unchecked Sendable {
    // @unchecked: the addresses lead into memory that `owner` keeps, and that does not change while it is read.
    let records: trawl_records
    private let owner: any Sendable

    /// Records that lie in one piece, which must outlive the table.
    init(_ start: UnsafeRawPointer, recordSize: Int) {
        let chunk = OneChunk(start)
        owner = chunk
        records = trawl_records(
            chunks: UnsafePointer(chunk.pointer), record_size: recordSize, per_chunk: .max, reciprocal: 0)
    }

    private final class OneChunk: @unchecked Sendable {
        // @unchecked: written once.
        let pointer: UnsafeMutablePointer<UnsafeRawPointer?>
        init(_ start: UnsafeRawPointer) {
            pointer = .allocate(capacity: 1)
            pointer.initialize(to: start)
        }
        deinit { pointer.deallocate() }
    }

    init(_ blob: Blob) {
        let perChunk = blob.chunkBytes / blob.recordSize
        // Records are far smaller than chunks; 2^64 / 1 would not fit.
        precondition(blob.chunkCount <= 1 || perChunk > 1)
        owner = blob
        records = trawl_records(
            chunks: UnsafeRawPointer(blob.chunks.baseAddress)?.assumingMemoryBound(to: UnsafeRawPointer?.self),
            record_size: blob.recordSize, per_chunk: UInt32(perChunk),
            reciprocal: blob.chunkCount <= 1 ? 0 : UInt64.max / UInt64(perChunk) + 1)
    }

    @inline(__always)
    subscript(number: UInt32) -> UnsafeRawPointer {
        let chunk = Int(
            truncatingIfNeeded: records.reciprocal == 0
                ? 0 : UInt64(number).multipliedFullWidth(by: records.reciprocal).high)
        let place = Int(number) &- chunk &* Int(records.per_chunk)
        return records.chunks[chunk].unsafelyUnwrapped + place &* records.record_size
    }
}

/// Four bits a dimension for each vector of a segment: what a walk through the graph compares.
///
/// The images of vectors have nearly Gaussian numbers. A number is coded as one of ±1, ±3 … ±15 steps, with the step that
/// loses least for a Gaussian variable of that variance (Max 1960, doi 10.1109/TIT.1960.1057548, table II); the step that is
/// stored makes dot products right on the average.
enum NibbleCodes {
    /// Half of the best distance between 16 evenly spaced levels, in standard deviations.
    private static let bestStep: Float = 0.3352 / 2
    private static let headBytes = 8

    static func recordBytes(codeDimension: Int) -> Int { headBytes + codeDimension / 2 }

    /// - Parameters:
    ///   - image: `[codeDimension]`.
    ///   - bias: what is added to the dot product of a query and the vector.
    ///   - record: `recordBytes` bytes.
    static func encode(
        _ image: UnsafePointer<Float>, codeDimension: Int, bias: Float, into record: UnsafeMutableRawPointer
    ) {
        var square: Float = 0
        for d in 0..<codeDimension { square += image[d] * image[d] }
        let codes = record + headBytes
        guard CodeSpace.isCodable(square) else {
            record.initializeMemory(as: UInt8.self, repeating: 0, count: recordBytes(codeDimension: codeDimension))
            record.storeBytes(of: bias, toByteOffset: 4, as: Float.self)
            return
        }
        let step = bestStep * (square / Float(codeDimension)).squareRoot()
        let inverse = 0.5 / step
        // The dot product of the image and its levels.
        var agreement: Float = 0
        let half = Int(TRAWL_CODE_BLOCK) / 2
        for block in stride(from: 0, to: codeDimension, by: 2 * half) {
            for i in 0..<half {
                let low = image[block + i]
                let high = image[block + half + i]
                let first = min(15, max(0, (low * inverse + 7.5).rounded(.toNearestOrEven)))
                let second = min(15, max(0, (high * inverse + 7.5).rounded(.toNearestOrEven)))
                agreement += low * (2 * first - 15) + high * (2 * second - 15)
                codes.storeBytes(
                    of: UInt8(truncatingIfNeeded: Int32(first) | Int32(second) << 4), toByteOffset: block / 2 + i,
                    as: UInt8.self)
            }
        }
        record.storeBytes(of: agreement > 0 ? square / agreement : 0, as: Float.self)
        record.storeBytes(of: bias, toByteOffset: 4, as: Float.self)
    }
}

/// Vectors in signed bytes from -127 to 127 and a factor each: what codes are compared with.
enum ByteCodes {
    /// Answers the factor and the sum of the bytes.
    static func encode(
        _ image: UnsafePointer<Float>, codeDimension: Int, into bytes: UnsafeMutablePointer<Int8>
    ) -> (factor: Float, sum: Int32) {
        var greatest: Float = 0
        var square: Float = 0
        for d in 0..<codeDimension {
            greatest = max(greatest, abs(image[d]))
            square += image[d] * image[d]
        }
        guard CodeSpace.isCodable(square) else {
            bytes.update(repeating: 0, count: codeDimension)
            return (0, 0)
        }
        let inverse = 127 / greatest
        var sum: Int32 = 0
        for d in 0..<codeDimension {
            let value = Int32((image[d] * inverse).rounded(.toNearestOrEven))
            bytes[d] = Int8(truncatingIfNeeded: value)
            sum &+= value
        }
        return (greatest / 127, sum)
    }
}

/// A query of a graph: its image in bytes.
struct CodeQuery: Sendable {
    let bytes: [Int8]
    let sum: Int32
    let factor: Float

    init(image: [Float]) {
        var encoded: (factor: Float, sum: Int32) = (0, 0)
        bytes = [Int8](unsafeUninitializedCapacity: image.count) { buffer, count in
            image.withUnsafeBufferPointer { image in
                if let start = image.baseAddress, let bytes = buffer.baseAddress {
                    encoded = ByteCodes.encode(start, codeDimension: image.count, into: bytes)
                }
            }
            count = image.count
        }
        (factor, sum) = encoded
    }
}
