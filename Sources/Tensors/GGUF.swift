internal import TrawlCore

/// A GGUF file, version 2 or 3, little-endian, with its tensors mapped in place; also one that was split into several files.
///
/// ```
/// | "GGUF" | u32 version | u64 tensors | u64 entries | entries: key, type, value | tensors: name, extents, type, offset |
/// | padding to `general.alignment` | data |
/// ```
/// Format: github.com/ggml-org/ggml, docs/gguf.md. A tensor's extents are stored fastest first; `Tensor.shape` has
/// them slowest first, so a weight matrix is `[out, in]`.
public struct GGUF: TensorCollection {
    /// As given: of a split model, any of its files.
    public let path: String
    /// Of a split model, that of its first file.
    public let metadata: GGUFMetadata
    public let tensors: [Tensor]
    private let positions: [String: Int]

    /// - Throws: `TrawlError.notFound` for a missing file, also of a split model, `.corrupted` for a truncated or contradictory
    ///   file, `.unsupported` for another version, byte order or quantisation.
    public init(path: String) throws {
        let contents = try GGUFParts.contents(of: path)
        var positions: [String: Int] = [:]
        for (position, tensor) in contents.tensors.enumerated()
        where positions.updateValue(position, forKey: tensor.name) != nil {
            throw TrawlError(
                .corrupted, "the tensor '\(tensor.name)' occurs twice", path: path, remedy: "download it again")
        }
        self.path = path
        (metadata, tensors) = contents
        self.positions = positions
    }

    typealias Contents = (metadata: GGUFMetadata, tensors: [Tensor])

    /// What one file holds.
    static func contents(ofFile path: String) throws -> Contents {
        let file = try MappedFile(path: path)
        func corrupted(_ message: String) -> TrawlError {
            TrawlError(.corrupted, message, path: path, remedy: "download it again")
        }
        var cursor = ByteCursor(file: file, offset: 0)
        guard try cursor.integer(UInt32.self, "the magic number") == 0x4655_4747 else {
            throw TrawlError(.corrupted, "it is no GGUF file", path: path, remedy: "name a .gguf file")
        }
        let version = try cursor.integer(UInt32.self, "the version")
        guard version == 2 || version == 3 else {
            throw TrawlError(
                .unsupported, "GGUF version \(version)", path: path,
                remedy: "convert the model to version 3, little-endian")
        }
        let tensorCount = try cursor.count("the number of tensors", itemSize: 24)
        let entryCount = try cursor.count("the number of metadata entries", itemSize: 13)
        let metadata = try GGUFMetadata(reading: entryCount, from: &cursor)
        let alignment = metadata.integer("general.alignment") ?? 32
        guard alignment > 0, alignment <= 1 << 20, alignment & (alignment - 1) == 0 else {
            throw corrupted("general.alignment is \(alignment)")
        }

        struct Description {
            let name: String
            let shape: [Int]
            let type: ElementType
            let offset: Int
        }
        var descriptions: [Description] = []
        for _ in 0..<tensorCount {
            let name = try cursor.string("a tensor's name")
            let rank = try cursor.integer(UInt32.self, "the rank of '\(name)'")
            guard rank <= 4 else { throw corrupted("the tensor '\(name)' has \(rank) axes") }
            var shape: [Int] = []
            for _ in 0..<rank {
                guard let extent = Int(exactly: try cursor.integer(UInt64.self, "the shape of '\(name)'")) else {
                    throw corrupted("the tensor '\(name)' has an impossible shape")
                }
                shape.append(extent)
            }
            let code = try cursor.integer(UInt32.self, "the type of '\(name)'")
            guard let type = types[code] else {
                throw TrawlError(
                    .unsupported, "the tensor '\(name)' has the quantisation type number \(code)", path: path,
                    remedy: "quantise to Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, Q4_K, Q5_K or Q6_K")
            }
            guard let offset = Int(exactly: try cursor.integer(UInt64.self, "the offset of '\(name)'")) else {
                throw corrupted("the tensor '\(name)' has an impossible offset")
            }
            descriptions.append(Description(name: name, shape: shape.reversed(), type: type, offset: offset))
        }

        // No overflow: the cursor is inside the file and the alignment small.
        let dataStart = (cursor.offset + alignment - 1) / alignment * alignment
        var tensors: [Tensor] = []
        for description in descriptions {
            let name = description.name
            guard let size = description.type.byteCount(shape: description.shape) else {
                throw corrupted("the tensor '\(name)' has a shape that \(description.type.rawValue) cannot store")
            }
            guard description.offset % alignment == 0 else {
                throw corrupted("the tensor '\(name)' is not aligned to \(alignment) bytes")
            }
            guard dataStart <= file.count, description.offset <= file.count - dataStart,
                size <= file.count - dataStart - description.offset
            else { throw corrupted("the tensor '\(name)' ends beyond the end of the file (\(file.count) bytes)") }
            tensors.append(
                Tensor(
                    name: name, shape: description.shape, type: description.type, file: file,
                    offset: dataStart + description.offset, byteCount: size))
        }
        try requireDisjoint(tensors, path: path)
        return (metadata, tensors)
    }

    public func tensor(named name: String) -> Tensor? { positions[name].map { tensors[$0] } }

    private static let types: [UInt32: ElementType] = [
        0: .f32, 1: .f16, 2: .q40, 3: .q41, 6: .q50, 7: .q51, 8: .q80, 12: .q4K, 13: .q5K, 14: .q6K, 24: .i8,
        25: .i16, 26: .i32, 27: .i64, 28: .f64, 30: .bf16,
    ]
}
