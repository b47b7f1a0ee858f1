/// A passage and how well it answers a query; higher is better.
@frozen
public struct ScoredPassage: Hashable, Sendable {
    public let passage: PassageID
    public let score: Float

    @inlinable
    public init(_ passage: PassageID, _ score: Float) {
        self.passage = passage
        self.score = score
    }

    /// True when `self` stands before `other`: by score, descending, then by passage, ascending.
    @inlinable
    public func precedes(_ other: ScoredPassage) -> Bool {
        score != other.score ? score > other.score : passage < other.passage
    }
}

/// Passages in descending order of score, each at most once. Every retriever, fusion and reranker speaks in rankings.
public struct Ranking: Hashable, Sendable, RandomAccessCollection {
    public let entries: [ScoredPassage]

    /// Orders `entries`, which must not name a passage twice.
    public init(_ entries: [ScoredPassage]) {
        self.entries = entries.sorted { $0.precedes($1) }
    }

    public var startIndex: Int { 0 }
    public var endIndex: Int { entries.count }
    public subscript(position: Int) -> ScoredPassage { entries[position] }

    /// The best `count` entries.
    public func top(_ count: Int) -> Ranking {
        count >= entries.count ? self : Ranking(Array(entries.prefix(count)))
    }
}
