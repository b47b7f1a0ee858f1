public import TrawlCore

/// Reads the documents of files, folders and standard input in a fixed order, in bounded memory.
///
/// ```
/// let documents = try CorpusReader(paths: ["wikipedia.jsonl.zst"]).makeIterator()
/// while let document = try documents.next() { … }
/// ```
/// Files may be compressed with gzip or zstd. A single record (line, object, document file) may have 256 MiB.
public struct CorpusReader: Sendable {
    let files: [CorpusFile]
    let paths: [String]
    let fields: FieldMapping
    let onBadInput: BadInputPolicy
    /// What was found in folders and cannot be read.
    let unreadable: InputIssues
    /// What was found in folders and is left out by patterns.
    let excluded: ExcludedPaths
    let standardInput: Int32
    /// Whether the numbers of documents without ids have their file's name before them: numbers are unique within a file only.
    let namesFilesInNumbers: Bool
    /// The paths that the user named, without links; standard input is none.
    public let roots: [String]
    /// What of the named paths could not be looked into, as keys of `FileStamp`.
    let unseen: [String]

    /// The size of all files as stored, which `CorpusSummary.bytesRead` grows to; nil with standard input.
    public var totalBytes: Int? {
        files.contains { $0.path == nil } ? nil : files.reduce(0) { $0 + $1.size }
    }

    /// Finds the files; reads none yet.
    ///
    /// - Parameters:
    ///   - paths: Files, folders, and `-` for standard input.
    ///   - format: Nil to tell it from folder, name and first bytes.
    ///   - exclude: Patterns of gitignore(5) for what is left out of folders, relative to those that are named. They go before those of
    ///     files.
    ///   - usesIgnoreFiles: Whether what the `.gitignore` and `.ignore` of a folder name is left out.
    ///   - onBadInput: What is done with a file or record that cannot be read, where there are others. A file that is
    ///     the whole corpus must be readable to its end in any case.
    ///   - standardInput: The descriptor that `-` stands for.
    /// - Throws: `notFound` for a path that does not exist; `invalidInput` for folders without files to read.
    public init(
        paths: [String], format: CorpusFormat? = nil, fields: FieldMapping = .default, exclude: [String] = [],
        usesIgnoreFiles: Bool = true, onBadInput: BadInputPolicy = .skip, standardInput: Int32 = 0
    ) throws {
        var finder = CorpusFileFinder(
            format: format, exclude: exclude, usesIgnoreFiles: usesIgnoreFiles, onBadInput: onBadInput)
        for path in paths { try finder.add(path) }
        files = finder.files
        unreadable = finder.skipped
        excluded = finder.excluded
        unseen = finder.unseen
        namesFilesInNumbers = finder.files.count > 1
        roots = paths.filter { $0 != "-" }.map(realPath)
        self.paths = paths
        self.fields = fields
        self.onBadInput = onBadInput
        self.standardInput = standardInput
        if files.isEmpty { throw emptyCorpus(skipped: unreadable, ignored: 0) }
    }

    /// The same reader over other files.
    init(_ reader: CorpusReader, files: [CorpusFile]) {
        self.files = files
        unreadable = reader.unreadable
        excluded = reader.excluded
        unseen = reader.unseen
        namesFilesInNumbers = reader.namesFilesInNumbers
        roots = reader.roots
        paths = reader.paths
        fields = reader.fields
        onBadInput = reader.onBadInput
        standardInput = reader.standardInput
    }

    public func makeIterator() -> DocumentIterator { DocumentIterator(self) }

    /// Gives every document to `body`, reporting stored bytes as progress and what was left out as warnings.
    @discardableResult
    public func readAll(
        progress: some ProgressReporter = .silent, _ body: (Document) throws -> Void
    ) throws -> CorpusSummary {
        let documents = makeIterator()
        var reported = 0
        progress.begin("Reading", total: totalBytes, unit: "B")
        while let document = try documents.next() {
            try body(document)
            let bytes = documents.summary.bytesRead
            if bytes > reported { progress.advance(bytes - reported) }
            reported = bytes
        }
        progress.end()
        for warning in documents.summary.warnings { progress.warn(warning) }
        return documents.summary
    }

    func emptyCorpus(skipped: InputIssues, ignored: Int) -> TrawlError {
        var notes: [String] = []
        if skipped.count > 0 {
            notes.append("\(skipped.count) files or records cannot be read, the first being \(skipped.first[0])")
        }
        if ignored > 0 { notes.append("\(ignored) files are in no known format") }
        if let first = excluded.first.first {
            notes.append("patterns leave out \(excluded.count) files or folders, the first being \(first)")
        }
        return TrawlError(
            .invalidInput,
            "the corpus is empty: there is no document in it" + (notes.isEmpty ? "" : ", and ")
                + notes.joined(separator: ", and "),
            path: paths.joined(separator: ", "),
            remedy: "name files or folders with documents, or say the format")
    }
}
