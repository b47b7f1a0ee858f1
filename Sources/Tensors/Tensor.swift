internal import CTrawlKernels
package import TrawlCore

/// How a tensor's numbers are stored. The quantised types are those of GGUF: blocks of numbers along the last axis that
/// share a scale.
public enum ElementType: String, Sendable, CaseIterable {
    case f32 = "F32"
    case f16 = "F16"
    case bf16 = "BF16"
    case q80 = "Q8_0"
    case q40 = "Q4_0"
    case q41 = "Q4_1"
    case q50 = "Q5_0"
    case q51 = "Q5_1"
    case q4K = "Q4_K"
    case q5K = "Q5_K"
    case q6K = "Q6_K"
    // Stored beside weights (position ids, masks) and never computed with.
    case f64 = "F64"
    case i64 = "I64"
    case i32 = "I32"
    case i16 = "I16"
    case i8 = "I8"
    case u8 = "U8"
    case bool = "BOOL"

    /// The numbers in a block.
    public var blockCount: Int {
        switch self {
        case .q80, .q40, .q41, .q50, .q51: 32
        case .q4K, .q5K, .q6K: 256
        default: 1
        }
    }

    /// The bytes of a block.
    public var blockSize: Int {
        switch self {
        case .f64, .i64: 8
        case .f32, .i32: 4
        case .f16, .bf16, .i16: 2
        case .i8, .u8, .bool: 1
        case .q40: 18
        case .q41: 20
        case .q50: 22
        case .q51: 24
        case .q80: 34
        case .q4K: 144
        case .q5K: 176
        case .q6K: 210
        }
    }

    public var isFloatingPoint: Bool {
        switch self {
        case .f64, .i64, .i32, .i16, .i8, .u8, .bool: false
        default: true
        }
    }

    /// The bytes of a tensor of this shape; nil when it overflows or the last axis is not whole blocks.
    package func byteCount(shape: [Int]) -> Int? {
        var elements = 1
        for extent in shape {
            guard extent >= 0 else { return nil }
            let (product, overflow) = elements.multipliedReportingOverflow(by: extent)
            if overflow { return nil }
            elements = product
        }
        guard (shape.last ?? 1) % blockCount == 0 else { return nil }
        let (bytes, overflow) = (elements / blockCount).multipliedReportingOverflow(by: blockSize)
        return overflow ? nil : bytes
    }

    /// The name of the kernels that take this type as it lies in the file.
    var blockType: trawl_block_type? {
        switch self {
        case .f32: TRAWL_BLOCK_F32
        case .q40: TRAWL_BLOCK_Q4_0
        case .q41: TRAWL_BLOCK_Q4_1
        case .q80: TRAWL_BLOCK_Q8_0
        default: nil
        }
    }

    /// Decodes 16 rows of `blocks` blocks, `rowSize` bytes apart, into a panel; false where there is no kernel for it.
    func packPanel(
        _ rows: UnsafeRawPointer, rowSize: Int, blocks: Int, into panel: UnsafeMutablePointer<Float>
    ) -> Bool {
        guard let blockType else { return false }
        return trawl_pack_blocks_on(
            trawl_best_isa(), blockType, rows.assumingMemoryBound(to: UInt8.self), rowSize, blocks, panel)
    }

    /// Whether 8-bit products take this type's numbers as they are, on this processor.
    var isMultipliedInBlocks: Bool { self != .f32 && blockType != nil && trawl_best_isa() == TRAWL_ISA_AVX512 }

    /// As `packPanel`, into an 8-bit panel.
    func packQuantisedPanel(
        _ rows: UnsafeRawPointer, rowSize: Int, blocks: Int, into panel: UnsafeMutableRawPointer
    ) -> Bool {
        guard let blockType else { return false }
        return trawl_int8_pack_blocks_on(
            trawl_best_isa(), blockType, rows.assumingMemoryBound(to: UInt8.self), rowSize, blocks,
            panel.assumingMemoryBound(to: UInt8.self))
    }

    /// Decodes `blocks` blocks that begin at `source` to single precision.
    func decode(_ source: UnsafeRawPointer, blocks: Int, into out: UnsafeMutablePointer<Float>) {
        let bytes = source.assumingMemoryBound(to: UInt8.self)
        switch self {
        case .f32: UnsafeMutableRawPointer(out).copyMemory(from: source, byteCount: 4 * blocks)
        case .f16: trawl_dequantise_f16(bytes, blocks, out)
        case .bf16: trawl_dequantise_bf16(bytes, blocks, out)
        case .q80: trawl_dequantise_q8_0(bytes, blocks, out)
        case .q40: trawl_dequantise_q4_0(bytes, blocks, out)
        case .q41: trawl_dequantise_q4_1(bytes, blocks, out)
        case .q50: trawl_dequantise_q5_0(bytes, blocks, out)
        case .q51: trawl_dequantise_q5_1(bytes, blocks, out)
        case .q4K: trawl_dequantise_q4_k(bytes, blocks, out)
        case .q5K: trawl_dequantise_q5_k(bytes, blocks, out)
        case .q6K: trawl_dequantise_q6_k(bytes, blocks, out)
        case .f64, .i64, .i32, .i16, .i8, .u8, .bool: preconditionFailure("checked by Tensor.requireFloatingPoint")
        }
    }
}

/// A named array in a mapped file: its bytes are inside the file and as many as its shape asks for.
public struct Tensor: Sendable {
    public let name: String
    /// Row-major, the slowest axis first.
    public let shape: [Int]
    public let type: ElementType
    package let file: MappedFile
    package let offset: Int
    package let byteCount: Int

    public var path: String { file.path }

    /// A tensor whose bytes have been found to lie in `file` and to be as many as its shape asks for.
    package init(name: String, shape: [Int], type: ElementType, file: MappedFile, offset: Int, byteCount: Int) {
        self.name = name
        self.shape = shape
        self.type = type
        self.file = file
        self.offset = offset
        self.byteCount = byteCount
    }

    /// Calls `body` with the tensor's bytes in the mapped file.
    package func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try file.withBytes { try body(UnsafeRawBufferPointer(rebasing: $0[offset..<offset + byteCount])) }
    }

    /// - Throws: `TrawlError.incompatible` that names the tensor, the shape expected and the one found.
    package func requireShape(_ expected: [Int]) throws {
        guard shape == expected else {
            throw TrawlError(
                .incompatible, "tensor '\(name)' has the shape \(shape), the configuration asks for \(expected)",
                path: path, remedy: "use the configuration file that belongs to these weights")
        }
        guard type.isFloatingPoint else {
            throw TrawlError(
                .unsupported, "tensor '\(name)' is stored as \(type.rawValue), which holds no weights", path: path,
                remedy: "convert the model to F32, F16 or BF16")
        }
    }

    /// All numbers in single precision, row-major.
    public func floats() throws -> [Float] {
        try requireShape(shape)
        return floats(0..<shape.reduce(1, *))
    }

    /// Some of the numbers; the range begins and ends at whole blocks, and the type is one of floating point.
    package func floats(_ range: Range<Int>) -> [Float] {
        precondition(range.lowerBound % type.blockCount == 0 && range.count % type.blockCount == 0)
        return [Float](unsafeUninitializedCapacity: range.count) { buffer, initialised in
            withBytes { bytes in
                if let out = buffer.baseAddress, let source = bytes.baseAddress, !range.isEmpty {
                    let start = range.lowerBound / type.blockCount * type.blockSize
                    type.decode(source + start, blocks: range.count / type.blockCount, into: out)
                }
            }
            initialised = range.count
        }
    }
}

/// The tensors of a model, from one file or several.
public protocol TensorCollection: Sendable {
    /// In the order of the file.
    var tensors: [Tensor] { get }
    func tensor(named name: String) -> Tensor?
    /// The file, or the folder's index of files, for messages.
    var path: String { get }
}

extension TensorCollection {
    package func requiredTensor(_ name: String) throws -> Tensor {
        if let found = tensor(named: name) { return found }
        throw TrawlError(
            .corrupted, "the tensor '\(name)' is missing", path: path, remedy: "download the model again, all files")
    }
}
