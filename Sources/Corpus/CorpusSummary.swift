/// What reading a corpus came to, so far or in the end.
public struct CorpusSummary: Hashable, Sendable {
    /// A document that was left out because its title and text are blank.
    public struct EmptyDocument: Hashable, Sendable, CustomStringConvertible {
        public let id: String
        public let origin: Origin
        public var description: String { "\(id) (\(origin))" }
    }

    /// Documents given.
    public internal(set) var documents = 0
    /// Documents left out because title and text are blank.
    public internal(set) var emptyDocuments = 0
    /// The first five of them.
    public internal(set) var firstEmptyDocuments: [EmptyDocument] = []
    /// Files read to their ends.
    public internal(set) var files = 0
    /// Files in folders that are in no known format.
    public internal(set) var ignoredFiles = 0
    /// The first five of them.
    public internal(set) var firstIgnoredFiles: [String] = []
    /// Bytes taken from files, before decompression.
    public internal(set) var bytesRead = 0
    /// UTF-8 bytes of titles and texts given.
    public internal(set) var textBytes = 0
}
