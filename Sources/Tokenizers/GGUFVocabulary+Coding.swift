import TrawlCore

/// A vocabulary as bytes, for an index that keeps its tokenizer. All integers are little-endian.
///
/// ```
/// "TGV1" | model | preTokenizer? | tokens | merges | scores: count, f32... | types: count, i32... | characters map
/// | ids: bos, eos, unk, pad, sep, cls, mask, each u32 or 2^32 - 1 | flags: addBOS, addEOS, addSpacePrefix,
/// | removeExtraWhitespaces, each 0, 1 or 2 for none
/// ```
/// A string is its length (u32) and its UTF-8; a list is its count (u32) and its members.
extension GGUFVocabulary {
    private static let magic = Array("TGV1".utf8)
    private static let none = UInt32.max

    public func encoded() -> [UInt8] {
        var writer = ByteWriter()
        writer.bytes += Self.magic
        writer.string(model)
        writer.list(preTokenizer.map { [$0] } ?? []) { $0.string($1) }
        writer.list(tokens) { $0.string($1) }
        writer.list(merges) { $0.string($1) }
        writer.list(scores) { $0.integer($1.bitPattern) }
        writer.list(tokenTypes) { $0.integer(UInt32(bitPattern: Int32(truncatingIfNeeded: $1))) }
        writer.integer(UInt32(precompiledCharsMap.count))
        writer.bytes += precompiledCharsMap
        for id in [bosID, eosID, unkID, padID, sepID, clsID, maskID] { writer.integer(id ?? Self.none) }
        for flag in [addBOS, addEOS, addSpacePrefix, removeExtraWhitespaces] {
            writer.bytes.append(flag.map { $0 ? 1 : 0 } ?? 2)
        }
        return writer.bytes
    }

    /// nil for bytes of another kind.
    ///
    /// - Throws: `TrawlError.corrupted` for bytes that are cut.
    init?(encoded bytes: UnsafeRawBufferPointer, path: String) throws {
        guard bytes.starts(with: Self.magic) else { return nil }
        var reader = ByteReader(rest: bytes.dropFirst(Self.magic.count), path: path)
        let model = try reader.string()
        let preTokenizer = try reader.list { try $0.string() }.first
        self.init(model: model, tokens: try reader.list { try $0.string() })
        self.preTokenizer = preTokenizer
        merges = try reader.list { try $0.string() }
        scores = try reader.list { Float(bitPattern: try $0.integer()) }
        tokenTypes = try reader.list { Int(Int32(bitPattern: try $0.integer())) }
        precompiledCharsMap = Array(try reader.take(Int(reader.integer())))
        var ids: [TokenID?] = []
        for _ in 0..<7 {
            let id = try reader.integer()
            ids.append(id == Self.none ? nil : id)
        }
        (bosID, eosID, unkID, padID) = (ids[0], ids[1], ids[2], ids[3])
        (sepID, clsID, maskID) = (ids[4], ids[5], ids[6])
        let flags = try reader.take(4).map { $0 == 2 ? nil : $0 == 1 }
        (addBOS, addEOS, addSpacePrefix, removeExtraWhitespaces) = (flags[0], flags[1], flags[2], flags[3])
        self.path = path
    }
}

private struct ByteWriter {
    var bytes: [UInt8] = []

    mutating func integer(_ value: UInt32) { withUnsafeBytes(of: value.littleEndian) { bytes += $0 } }

    mutating func string(_ text: String) {
        integer(UInt32(text.utf8.count))
        bytes += text.utf8
    }

    mutating func list<Member>(_ members: [Member], _ write: (inout ByteWriter, Member) -> Void) {
        integer(UInt32(members.count))
        for member in members { write(&self, member) }
    }
}

private struct ByteReader {
    var rest: Slice<UnsafeRawBufferPointer>
    let path: String

    mutating func take(_ count: Int) throws -> Slice<UnsafeRawBufferPointer> {
        guard count <= rest.count else {
            throw TrawlError(.corrupted, "the stored vocabulary is cut", path: path, remedy: "build the index again")
        }
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count)
    }

    mutating func integer() throws -> UInt32 { try take(4).reversed().reduce(0) { $0 << 8 | UInt32($1) } }

    mutating func string() throws -> String { String(decoding: try take(Int(integer())), as: UTF8.self) }

    mutating func list<Member>(_ read: (inout ByteReader) throws -> Member) throws -> [Member] {
        let count = Int(try integer())
        var members: [Member] = []
        // A member takes at least four bytes, so a damaged count reserves no more than there is.
        members.reserveCapacity(min(count, rest.count / 4))
        for _ in 0..<count { members.append(try read(&self)) }
        return members
    }
}
