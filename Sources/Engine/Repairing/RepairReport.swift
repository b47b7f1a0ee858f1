public import TrawlCore

/// What became of a damaged index in a repair.
public struct RepairReport: Encodable, Sendable {
    /// What was done with a segment.
    public enum Outcome: String, Encodable, Sendable {
        /// It was sound, and was copied as it is.
        case copied
        /// The documents that are intact were indexed again.
        case rebuilt
    }

    public struct Segment: Encodable, Sendable {
        public let segment: UInt32
        public let outcome: Outcome
        /// The documents that the new index has of it.
        public let documents: Int
        /// What is damaged; nil for a segment that is sound.
        public let damage: String?
    }

    /// A document that could not be read.
    public struct LostDocument: Encodable, Sendable {
        /// nil when the id cannot be read either.
        public let document: DocumentID?
        public let segment: UInt32
        /// The document's number in the segment.
        public let number: UInt32
    }

    public let index: IndexSummary
    public let segments: [Segment]
    public let lost: [LostDocument]
    public let lostDocuments: Int
    /// The segments of which it cannot be read what was deleted: all their documents are in the new index, but for those
    /// that were written again later.
    public let resurrectedSegments: [UInt32]
    /// What else is lost, in words.
    public let problems: [String]
    /// Checks that could not be made, such as those that need a model that is missing, in words.
    public let unverified: [String]

    /// Whether the new index has everything.
    public var isComplete: Bool { lost.isEmpty && resurrectedSegments.isEmpty && problems.isEmpty }

    enum CodingKeys: String, CodingKey {
        case index, segments, lost, problems, unverified
        case lostDocuments = "lost_documents"
        case resurrectedSegments = "resurrected_segments"
    }
}
