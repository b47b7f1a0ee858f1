/// A file of a corpus, and what tells whether it has changed.
public struct FileStamp: Hashable, Sendable {
    /// The number of the named path that the file is in, a slash, and the file's path below it.
    public let key: String
    /// As in the origins of its documents.
    public let path: String
    /// In bytes.
    public let size: Int
    /// When the system last saw a change of the file, in nanoseconds since 1970.
    public let changed: Int
}

extension CorpusReader {
    /// The files that will be read; standard input is none.
    public var stamps: [FileStamp] {
        files.compactMap { file in
            file.path.map {
                FileStamp(key: "\(file.root)/\(file.relativePath)", path: $0, size: file.size, changed: file.changed)
            }
        }
    }

    /// Whether a file may be there although it was not found, because a folder above it could not be looked into.
    public func mayHide(_ key: String) -> Bool { unseen.contains { key == $0 || key.hasPrefix($0 + "/") } }

    /// What of the files cannot be read, in words.
    public var warnings: [String] {
        var summary = CorpusSummary()
        summary.skipped = unreadable
        return summary.warnings
    }

    /// The documents of some of the files, in the usual order; there may be none.
    public func documents(ofFilesAt paths: Set<String>) -> DocumentIterator {
        DocumentIterator(
            CorpusReader(self, files: files.filter { $0.path.map(paths.contains) ?? false }), mayBeEmpty: true)
    }
}
