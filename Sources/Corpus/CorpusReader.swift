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
    let standardInput: Int32

    /// The size of all files as stored, which `CorpusSummary.bytesRead` grows to; nil with standard input.
    public var totalBytes: Int? {
        files.contains { $0.path == nil } ? nil : files.reduce(0) { $0 + $1.size }
    }

    /// Finds the files; reads none yet.
    ///
    /// - Parameters:
    ///   - paths: Files, folders, and `-` for standard input.
    ///   - format: Nil to tell it from folder, name and first bytes.
    ///   - standardInput: The descriptor that `-` stands for.
    /// - Throws: `notFound` for a path that does not exist; `invalidInput` for folders without files to read.
    public init(
        paths: [String], format: CorpusFormat? = nil, fields: FieldMapping = .default, standardInput: Int32 = 0
    ) throws {
        var finder = CorpusFileFinder(format: format)
        for path in paths { try finder.add(path) }
        guard !finder.files.isEmpty else { throw CorpusReader.emptyCorpus(paths, ignored: finder.unreadableNames) }
        files = finder.files
        self.paths = paths
        self.fields = fields
        self.standardInput = standardInput
    }

    /// The same reader over other files.
    init(_ reader: CorpusReader, files: [CorpusFile]) {
        self.files = files
        paths = reader.paths
        fields = reader.fields
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

    static func emptyCorpus(_ paths: [String], ignored: Int) -> TrawlError {
        TrawlError(
            .invalidInput,
            "the corpus is empty: there is no document in it"
                + (ignored > 0 ? ", and \(ignored) files are in no known format" : ""),
            path: paths.joined(separator: ", "),
            remedy: "name files or folders with .jsonl, .json, .tsv, TREC, .txt, .md or .html files, or say the format")
    }
}

extension CorpusSummary {
    /// What the user should know of: empty documents and ignored files.
    public var warnings: [String] {
        var warnings: [String] = []
        if emptyDocuments > 0 {
            let first = firstEmptyDocuments.map(\.description).joined(separator: ", ")
            warnings.append("left out documents without title and text: \(emptyDocuments), such as \(first)")
        }
        if ignoredFiles > 0 {
            let first = firstIgnoredFiles.joined(separator: ", ")
            warnings.append("left out files in no known format: \(ignoredFiles), such as \(first)")
        }
        return warnings
    }
}

/// Pulls the documents of a corpus. For one thread at a time.
public final class DocumentIterator: DocumentSource {
    /// What has been read so far.
    public private(set) var summary = CorpusSummary()

    private let reader: CorpusReader
    private let mayBeEmpty: Bool
    private var nextFile = 0
    private var current: (bytes: ByteSource, documents: any RawDocumentSource)?
    private var bytesOfFinishedFiles = 0

    /// - Parameter mayBeEmpty: Whether a corpus without any document is no error.
    init(_ reader: CorpusReader, mayBeEmpty: Bool = false) {
        self.reader = reader
        self.mayBeEmpty = mayBeEmpty
    }

    public var totalBytes: Int? { reader.totalBytes }
    public var bytesRead: Int { summary.bytesRead }
    public var warnings: [String] { summary.warnings }

    /// The next document, nil at the end.
    ///
    /// - Throws: `TrawlError` with file and line: `invalidInput` for what cannot be understood and for a corpus
    ///   without any document, `corrupted` for damaged or truncated files, `io` when the system refuses.
    public func next() throws -> Document? {
        while true {
            guard let current else {
                if try openNextFile() { continue }
                if summary.documents == 0, !mayBeEmpty {
                    throw CorpusReader.emptyCorpus(reader.paths, ignored: summary.ignoredFiles)
                }
                return nil
            }
            let raw = try current.documents.next()
            summary.bytesRead = bytesOfFinishedFiles + current.bytes.bytesRead
            guard let raw else {
                bytesOfFinishedFiles = summary.bytesRead
                summary.files += 1
                self.current = nil
                continue
            }
            if let document = try checked(raw, path: current.bytes.name) { return document }
        }
    }

    /// False when there is no further file.
    private func openNextFile() throws -> Bool {
        while nextFile < reader.files.count {
            let file = reader.files[nextFile]
            nextFile += 1
            let bytes =
                if let path = file.path {
                    try ByteSource(path: path)
                } else {
                    try ByteSource(descriptor: reader.standardInput, name: "standard input")
                }
            guard let format = try file.format ?? detectFormat(bytes, of: file) else {
                summary.ignoredFiles += 1
                if summary.firstIgnoredFiles.count < 5 { summary.firstIgnoredFiles.append(bytes.name) }
                bytesOfFinishedFiles += file.size
                summary.bytesRead = bytesOfFinishedFiles
                continue
            }
            current = (bytes, documentSource(format, bytes, file))
            return true
        }
        return false
    }

    private func documentSource(_ format: CorpusFormat, _ bytes: ByteSource, _ file: CorpusFile)
        -> any RawDocumentSource
    {
        switch format {
        case .beir, .jsonLines: JSONLinesSource(bytes, fields: reader.fields)
        case .json: JSONFileSource(bytes, fields: reader.fields)
        case .tsv: TSVSource(bytes, fields: reader.fields)
        case .trec: TRECSource(bytes)
        case .lines: LinesSource(bytes)
        case .text, .markdown, .html: FileSource(bytes, format: format, id: file.relativePath)
        }
    }

    /// Nil for a document without title and text.
    private func checked(_ raw: RawDocument, path: String) throws -> Document? {
        let origin = Origin(path: path, line: raw.line)
        try DocumentID.check(raw.id, origin)
        let text = cleaned(raw.text)
        var title = cleaned(raw.title)
        if isBlank(text) {
            if isBlank(title) {
                summary.emptyDocuments += 1
                if summary.firstEmptyDocuments.count < 5 {
                    summary.firstEmptyDocuments.append(.init(id: raw.id, origin: origin))
                }
                return nil
            }
        } else if let fallback = raw.fallbackTitle, isBlank(title) {
            title = cleaned(fallback)
        }
        summary.documents += 1
        summary.textBytes += title.utf8.count + text.utf8.count
        return Document(
            id: DocumentID(raw.id), title: title, text: text, metadata: raw.metadata,
            headings: raw.headings.located(in: text),
            origin: origin)
    }
}
