/// One segment of an index. What a segment holds never changes; a new state of the index is a new list of segments, each
/// with what has been deleted from it so far.
public struct SegmentInfo: Codable, Hashable, Sendable {
    /// The number in the keys of everything that the segment owns; never used again.
    public let number: UInt32
    /// The documents that were written, deleted ones included.
    public var documentCount: UInt32
    /// The passages that were written, those of deleted documents included.
    public var passageCount: UInt32
    /// What was deleted; nil when nothing was.
    public var deletions: DeletionInfo?

    public init(number: UInt32, documentCount: UInt32, passageCount: UInt32, deletions: DeletionInfo? = nil) {
        self.number = number
        self.documentCount = documentCount
        self.passageCount = passageCount
        self.deletions = deletions
    }

    public var liveDocumentCount: Int { Int(documentCount) - Int(deletions?.documentCount ?? 0) }
    public var livePassageCount: Int { Int(passageCount) - Int(deletions?.passageCount ?? 0) }

    var isConsistent: Bool { liveDocumentCount >= 0 && livePassageCount >= 0 }
}

/// The deletion set of a segment: where it is stored and how much is in it.
public struct DeletionInfo: Codable, Hashable, Sendable {
    /// The number in the keys of everything that belongs to the set. Like a segment it never changes; when more is
    /// deleted, another set with another number takes its place.
    public let number: UInt32
    public let documentCount: UInt32
    public let passageCount: UInt32

    public init(number: UInt32, documentCount: UInt32, passageCount: UInt32) {
        self.number = number
        self.documentCount = documentCount
        self.passageCount = passageCount
    }
}
