internal import TrawlCore

/// A safetensors file or a set of shards (`model.safetensors.index.json`), mapped in place.
///
/// ```
/// | u64 header length N | N bytes of JSON: name -> dtype, shape, data_offsets | data |
/// ```
/// Format: github.com/huggingface/safetensors. Offsets count from the start of the data; tensors fill it without gaps
/// or overlaps.
public struct Safetensors: TensorCollection {
    public let path: String
    public let tensors: [Tensor]
    /// The texts beside the tensors; of a single file only.
    public let metadata: [String: String]
    private let positions: [String: Int]

    /// Opens a `.safetensors` file, a `.safetensors.index.json`, or a folder with either (the single file is preferred).
    ///
    /// - Throws: `TrawlError.notFound`, `.corrupted` for a truncated or contradictory file, `.unsupported` for a type
    ///   of numbers that is not known.
    public init(path: String) throws {
        if path.hasSuffix(".json") {
            try self.init(indexPath: path)
        } else if path.hasSuffix(".safetensors") {
            let (tensors, metadata) = try Self.contents(ofFile: path)
            self = try Safetensors(path: path, tensors: tensors, metadata: metadata)
        } else if fileExists(path + "/model.safetensors") {
            try self.init(path: path + "/model.safetensors")
        } else if fileExists(path + "/model.safetensors.index.json") {
            try self.init(indexPath: path + "/model.safetensors.index.json")
        } else if let pickle = regularFiles(in: path).first(where: { $0.hasPrefix("pytorch_model") }) {
            // A pickle is a program, which whoever made the file wrote.
            throw TrawlError(
                .unsupported, "the weights are a pickle of PyTorch (\(pickle)), which is not opened", path: path,
                remedy: "load the model in Python and save it again: save_pretrained writes model.safetensors")
        } else {
            throw TrawlError(
                .notFound, "the folder has no model.safetensors and no model.safetensors.index.json", path: path,
                remedy: "download the weights in the safetensors format")
        }
    }

    /// Opens one file of this format, whatever its name.
    ///
    /// - Throws: as `init(path:)`.
    public init(file path: String) throws {
        let (tensors, metadata) = try Self.contents(ofFile: path)
        self = try Safetensors(path: path, tensors: tensors, metadata: metadata)
    }

    private init(path: String, tensors: [Tensor], metadata: [String: String] = [:]) throws {
        self.path = path
        self.metadata = metadata
        self.tensors = tensors
        var positions: [String: Int] = [:]
        for (position, tensor) in tensors.enumerated() where positions.updateValue(position, forKey: tensor.name) != nil
        {
            throw TrawlError(
                .corrupted, "two shards hold the tensor '\(tensor.name)'", path: path, remedy: "download them again")
        }
        self.positions = positions
    }

    private init(indexPath: String) throws {
        let folder = indexPath.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
        guard let map = try JSON(contentsOf: indexPath)["weight_map"]?.members else {
            throw TrawlError(
                .corrupted, "the object 'weight_map' is missing", path: indexPath, remedy: "download it again")
        }
        var shards: [String] = []
        for entry in map {
            guard let shard = entry.value.string, !shard.contains("/"), !shard.isEmpty else {
                throw TrawlError(
                    .corrupted, "the shard of '\(entry.name)' is not a file name", path: indexPath,
                    remedy: "download it again")
            }
            if !shards.contains(shard) { shards.append(shard) }
        }
        let all = try shards.flatMap { try Self.contents(ofFile: (folder.isEmpty ? "." : folder) + "/" + $0).tensors }
        try self.init(path: indexPath, tensors: all)
        for entry in map where positions[entry.name] == nil {
            throw TrawlError(
                .corrupted, "no shard holds the tensor '\(entry.name)'", path: indexPath,
                remedy: "download all shards again")
        }
    }

    public func tensor(named name: String) -> Tensor? { positions[name].map { tensors[$0] } }

    private static func contents(ofFile path: String) throws -> (tensors: [Tensor], metadata: [String: String]) {
        let file = try MappedFile(path: path)
        func corrupted(_ message: String) -> TrawlError {
            TrawlError(.corrupted, message, path: path, remedy: "download it again")
        }
        var cursor = ByteCursor(file: file, offset: 0)
        let headerLength = try cursor.count("the header", itemSize: 1)
        let header = try cursor.withBytes(headerLength, "the header") { bytes in
            guard bytes.first == UInt8(ascii: "{") else { throw corrupted("the header does not begin with {") }
            return try JSON(parsing: bytes, path: path)
        }
        let dataStart = cursor.offset
        let dataCount = file.count - dataStart

        var tensors: [Tensor] = []
        for member in header.members ?? [] where member.name != "__metadata__" {
            let (name, description) = (member.name, member.value)
            guard let typeName = description["dtype"]?.string, let extents = description["shape"]?.array,
                let offsets = description["data_offsets"]?.array?.compactMap(\.int), offsets.count == 2
            else { throw corrupted("the header does not describe the tensor '\(name)'") }
            guard let type = ElementType(rawValue: typeName), type.blockCount == 1 else {
                throw TrawlError(
                    .unsupported, "the tensor '\(name)' has the type \(typeName)", path: path,
                    remedy: "convert the model to F32, F16 or BF16")
            }
            let shape = extents.compactMap(\.int)
            let (begin, end) = (offsets[0], offsets[1])
            guard shape.count == extents.count, let size = type.byteCount(shape: shape) else {
                throw corrupted("the tensor '\(name)' has an impossible shape")
            }
            guard begin >= 0, begin <= end, end <= dataCount else {
                throw corrupted("the tensor '\(name)' ends at byte \(end) of the data, which has \(dataCount)")
            }
            guard end - begin == size else {
                throw corrupted("the tensor '\(name)' takes \(end - begin) bytes, its shape \(shape) needs \(size)")
            }
            tensors.append(
                Tensor(name: name, shape: shape, type: type, file: file, offset: dataStart + begin, byteCount: size))
        }
        try requireDisjoint(tensors, path: path)
        let used = tensors.map { $0.offset + $0.byteCount }.max() ?? dataStart
        guard used == file.count else { throw corrupted("\(file.count - used) bytes follow the last tensor") }
        var metadata: [String: String] = [:]
        for member in header["__metadata__"]?.members ?? [] { metadata[member.name] = member.value.string }
        return (tensors, metadata)
    }
}

/// - Throws: `TrawlError.corrupted` when two tensors share bytes.
package func requireDisjoint(_ tensors: [Tensor], path: String) throws {
    let sorted = tensors.filter { $0.byteCount > 0 }.sorted { ($0.offset, $0.name) < ($1.offset, $1.name) }
    for (a, b) in zip(sorted, sorted.dropFirst()) where a.offset + a.byteCount > b.offset {
        throw TrawlError(
            .corrupted, "the tensors '\(a.name)' and '\(b.name)' overlap", path: path, remedy: "download it again")
    }
}
