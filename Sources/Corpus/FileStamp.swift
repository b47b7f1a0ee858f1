/// A file of a corpus, and what tells whether it has changed: its size and the time of its last change.
public struct FileStamp: Hashable, Sendable {
    /// The file below the paths that the user named: the same however those are spelt.
    public let key: String
    /// As in the origins of its documents.
    public let path: String
    /// In bytes.
    public let size: Int
    /// In nanoseconds since 1970.
    public let modified: Int
}

extension CorpusReader {
    /// The files that will be read; standard input is none.
    public var stamps: [FileStamp] {
        files.compactMap { file in
            guard let path = file.path, let modified = file.modified else { return nil }
            return FileStamp(
                key: "\(file.root)/\(file.relativePath)", path: path, size: file.size, modified: modified)
        }
    }

    /// Whether all of the files that the named paths lead to were found.
    public var isComplete: Bool { unreadable.count == 0 }

    /// The documents of some of the files, in the usual order; there may be none.
    public func documents(ofFilesAt paths: Set<String>) -> DocumentIterator {
        DocumentIterator(
            CorpusReader(self, files: files.filter { $0.path.map(paths.contains) ?? false }), mayBeEmpty: true)
    }
}
