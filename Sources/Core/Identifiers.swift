/// A token of some tokenizer's vocabulary, counted from 0.
public typealias TokenID = UInt32

/// The name that a corpus gives a document, such as `MED-10`.
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

    public static func < (a: DocumentID, b: DocumentID) -> Bool { a.rawValue < b.rawValue }

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
