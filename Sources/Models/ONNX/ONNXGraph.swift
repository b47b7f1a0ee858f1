internal import TrawlCore
internal import TrawlTensors

/// The nodes and the weights of an ONNX model. Weights are read in place.
struct ONNXGraph {
    struct Node {
        var type = ""
        var inputs: [String] = []
        var outputs: [String] = []
    }

    /// In the order of computation.
    private(set) var nodes: [Node] = []
    private(set) var weights: [String: Tensor] = [:]

    private static let maximumNodes = 1 << 20

    /// - Throws: `TrawlError.notFound`, `.corrupted` for a file that is truncated or contradicts itself, `.unsupported` for
    ///   weights outside of the file. All lengths are checked before they are used.
    init(path: String) throws {
        let file = try MappedFile(path: path)
        var model = ProtobufReader(file)
        var parts: [Range<Int>] = []
        while let (field, value) = try model.next() {
            if field == 7, case .bytes(let range) = value { parts.append(range) }
        }
        guard let part = parts.last else {
            throw TrawlError(.corrupted, "the file has no ONNX graph", path: path, remedy: "download it again")
        }
        var graph = ProtobufReader(file, part: part)
        var tensors: [Tensor] = []
        while let (field, value) = try graph.next() {
            guard case .bytes(let range) = value else { continue }
            if field == 1 { nodes.append(try Self.node(file, range)) }
            if field == 5, let tensor = try Self.tensor(file, range) { tensors.append(tensor) }
            guard nodes.count <= Self.maximumNodes, tensors.count <= Self.maximumNodes else {
                throw TrawlError(
                    .unsupported, "the graph has more than \(Self.maximumNodes) nodes or weights", path: path)
            }
        }
        for tensor in tensors where weights.updateValue(tensor, forKey: tensor.name) != nil {
            throw TrawlError(
                .corrupted, "the weights '\(tensor.name)' occur twice", path: path, remedy: "download it again")
        }
    }

    private static func node(_ file: MappedFile, _ range: Range<Int>) throws -> Node {
        var reader = ProtobufReader(file, part: range)
        var node = Node()
        while let (field, value) = try reader.next() {
            guard case .bytes(let range) = value else { continue }
            switch field {
            case 1: node.inputs.append(try reader.text(range))
            case 2: node.outputs.append(try reader.text(range))
            case 4: node.type = try reader.text(range)
            default: continue
            }
        }
        return node
    }

    /// nil for numbers that are no weights, such as shapes.
    private static func tensor(_ file: MappedFile, _ range: Range<Int>) throws -> Tensor? {
        var reader = ProtobufReader(file, part: range)
        var (name, shape, type): (String, [Int], UInt64) = ("", [], 0)
        var data: Range<Int>?
        var isOutside = false
        while let (field, value) = try reader.next() {
            switch (field, value) {
            case (1, _): shape += try reader.numbers(value).map { Int(clamping: $0) }
            case (2, .number(let number)): type = number
            case (8, .bytes(let range)): name = try reader.text(range)
            case (9, .bytes(let range)): data = range
            case (13, _): isOutside = true
            default: continue
            }
        }
        let types: [UInt64: ElementType] = [1: .f32, 10: .f16, 16: .bf16]
        guard let element = types[type] else { return nil }
        guard !isOutside, let data else {
            throw TrawlError(
                .unsupported, "the weights '\(name)' are not stored as raw data in the file", path: file.path,
                remedy: "export the model again, to one file")
        }
        guard element.byteCount(shape: shape) == data.count else {
            throw TrawlError(
                .corrupted, "the weights '\(name)' have \(data.count) bytes, which the shape \(shape) does not take",
                path: file.path, remedy: "download it again")
        }
        return Tensor(
            name: name, shape: shape, type: element, file: file, offset: data.lowerBound, byteCount: data.count)
    }
}
