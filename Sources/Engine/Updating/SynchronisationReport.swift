/// What a synchronisation with a corpus did, for people and scripts.
public struct SynchronisationReport: Codable, Sendable {
    /// Documents.
    public let added: Int
    public let replaced: Int
    public let removed: Int
    /// Files that were read because they are new or have changed, and the others.
    public let filesRead: Int
    public let filesUnchanged: Int
    public let index: IndexSummary
}
