public import TrawlCorpus

/// What a synchronisation with a corpus did, for people and scripts.
public struct SynchronisationReport: Codable, Sendable {
    /// Documents.
    public let added: Int
    public let replaced: Int
    public let removed: Int
    /// Files that were read because they are new or have changed, and the others.
    public let filesRead: Int
    public let filesUnchanged: Int
    /// Files, folders and records that cannot be read.
    public let skipped: Int
    public let index: IndexSummary

    private enum CodingKeys: String, CodingKey {
        case added, replaced, removed, skipped, index
        case filesRead = "files_read"
        case filesUnchanged = "files_unchanged"
    }

    init(
        _ changes: IndexBuilder.Changes, filesRead: Int, filesUnchanged: Int, skipped: Int, index: IndexSummary
    ) {
        (added, replaced, removed) = (changes.added, changes.replaced, changes.removed)
        (self.filesRead, self.filesUnchanged) = (filesRead, filesUnchanged)
        self.skipped = skipped
        self.index = index
    }

    /// The first synchronisation, which built `index` from all documents of `corpus`.
    public init(building index: IndexSummary, from corpus: DocumentIterator) {
        self.init(
            IndexBuilder.Changes(added: index.documents), filesRead: corpus.stamps.count, filesUnchanged: 0,
            skipped: corpus.summary.skipped.count, index: index)
    }
}
