public import TrawlCore

/// The rows of one segment's suffix order that an n-gram stands at: `low..<high`.
@frozen
public struct RowRange: Hashable, Sendable {
    public let low: UInt32
    public let high: UInt32

    /// - Precondition: `low <= high`.
    @inlinable
    public init(_ low: UInt32, _ high: UInt32) {
        self.low = low
        self.high = high
    }

    /// How often the n-gram occurs in the segment as it was written.
    @inlinable
    public var count: Int { Int(high &- low) }

    @inlinable
    public var isEmpty: Bool { low >= high }

    @inlinable
    static var empty: RowRange { RowRange(0, 0) }
}

/// Where an n-gram stands in an index: a range of rows in each of the segments that it occurs in. Carried from token to
/// token, it makes each further token cost one step in each of these; it means nothing to another index.
public struct SuffixRange: Hashable, Sendable {
    /// The rows in the segment with this place in the index.
    struct Part: Hashable, Sendable {
        let segment: UInt32
        let rows: RowRange

        /// What the root of an index without segments has.
        static let none = Part(segment: 0, rows: .empty)
    }

    // The first part has a place of its own, so that an n-gram that occurs in one segment allocates nothing.
    let first: Part
    /// The other segments, ascending.
    let others: [Part]

    /// How often the n-gram occurs in the live passages of the index.
    public let count: Int

    init(first: Part, others: [Part] = [], count: Int) {
        self.first = first
        self.others = others
        self.count = count
    }

    var partCount: Int { 1 + others.count }

    @inline(__always)
    func forEachPart(_ body: (Part) throws -> Void) rethrows {
        try body(first)
        for part in others { try body(part) }
    }
}

/// A token and how often it follows an n-gram.
@frozen
public struct TokenCount: Hashable, Sendable {
    public let token: TokenID
    public let count: Int

    @inlinable
    public init(_ token: TokenID, _ count: Int) {
        self.token = token
        self.count = count
    }
}

/// A passage and how often an n-gram occurs in it.
@frozen
public struct PassageCount: Hashable, Sendable {
    public let passage: PassageID
    public let count: Int

    @inlinable
    public init(_ passage: PassageID, _ count: Int) {
        self.passage = passage
        self.count = count
    }
}

/// A place where an n-gram occurs.
@frozen
public struct TokenPosition: Hashable, Sendable {
    public let passage: PassageID
    /// The place of the n-gram's first token among the passage's tokens; -1 when that is the boundary before it.
    public let offset: Int

    @inlinable
    public init(_ passage: PassageID, _ offset: Int) {
        self.passage = passage
        self.offset = offset
    }
}
