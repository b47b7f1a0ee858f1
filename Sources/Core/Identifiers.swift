/// A token of some tokenizer's vocabulary, counted from 0.
public typealias TokenID = UInt32

/// The name that a corpus gives a document, such as `MED-10`. Names are the same when their bytes are, as they are stored:
/// unlike `String`, which takes other spellings of an accented letter for the same.
public struct DocumentID: Hashable, Comparable, Sendable, Codable, CustomStringConvertible {
    public let rawValue: String

    public init(_ rawValue: String) { self.rawValue = rawValue }

    public init(from decoder: any Decoder) throws {
        rawValue = try decoder.singleValueContainer().decode(String.self)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(rawValue)
    }

    public static func == (a: DocumentID, b: DocumentID) -> Bool {
        a.rawValue.utf8.elementsEqual(b.rawValue.utf8)
    }

    public func hash(into hasher: inout Hasher) {
        var text = rawValue
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
        // No byte of UTF-8; it keeps ids in a row apart.
        hasher.combine(UInt8.max)
    }

    /// By bytes in UTF-8, which is the order of scalars.
    public static func < (a: DocumentID, b: DocumentID) -> Bool {
        a.rawValue.utf8.lexicographicallyPrecedes(b.rawValue.utf8)
    }

    public var description: String { rawValue }
}

/// The number of a passage in an index, counted from 0 over all its segments in the order of indexing.
///
/// A passage is what is searched: a whole document, or a part of one that was too long.
@frozen
public struct PassageID: Hashable, Comparable, Sendable {
    public let rawValue: UInt32

    @inlinable
    public init(_ rawValue: UInt32) { self.rawValue = rawValue }

    @inlinable
    public static func < (a: PassageID, b: PassageID) -> Bool { a.rawValue < b.rawValue }
}
