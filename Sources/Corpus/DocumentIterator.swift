package import TrawlCore

/// Pulls the documents of a corpus. For one thread at a time.
public final class DocumentIterator: DocumentSource {
    /// What has been read so far.
    public private(set) var summary = CorpusSummary()

    /// The paths of files that could not be read to their ends.
    public private(set) var incompleteFiles: Set<String> = []

    /// Which documents are given; nil for all. The others are counted and passed over before they are cleaned, those of JSON
    /// when their ids are known, and files that are one document before they are read.
    package var takes: ((DocumentID) -> Bool)?

    private let reader: CorpusReader
    private let mayBeEmpty: Bool
    private var nextFile = 0
    private var current: OpenFile?
    private var bytesOfFinishedFiles = 0
    /// The records so far; `Document.position` is the number of records before.
    private var records: UInt64 = 0
    /// The first error that was passed over, for a corpus in which nothing can be read.
    private var firstError: TrawlError?

    private struct OpenFile {
        let file: CorpusFile
        let format: CorpusFormat
        let bytes: ByteSource
        let documents: any RawDocumentSource
    }

    /// - Parameter mayBeEmpty: Whether a corpus without documents is accepted.
    init(_ reader: CorpusReader, mayBeEmpty: Bool = false) {
        self.reader = reader
        self.mayBeEmpty = mayBeEmpty
        summary.skipped = reader.unreadable
        summary.excluded = reader.excluded
    }

    public var totalBytes: Int? { reader.totalBytes }
    public var bytesRead: Int { summary.bytesRead }
    public var warnings: [String] { summary.warnings }
    public var corpus: DocumentIterator? { self }

    /// The files that are read, and the named paths that they are below.
    public var stamps: [FileStamp] { reader.stamps }
    public var roots: [String] { reader.roots }

    /// The next document, nil at the end.
    ///
    /// - Throws: `TrawlError` with file and line: `invalidInput` for what cannot be understood and for a corpus
    ///   without any document, `corrupted` for damaged or truncated files, `io` when the system refuses. When bad input
    ///   is skipped: only if the corpus is one file and cannot be read to its end, or if there is no document at all.
    public func next() throws -> Document? {
        while true {
            guard let current else {
                if try openNextFile() { continue }
                if summary.documents == 0, summary.passedOver == 0, !mayBeEmpty { throw nothingRead() }
                return nil
            }
            let raw: RawDocument
            do {
                guard let next = try current.documents.next(taking: takes) else {
                    close(current)
                    summary.files += 1
                    continue
                }
                raw = next
            } catch let error as TrawlError {
                let goesOn = current.documents.resumesAfterError
                // Another shard may pass over this record without seeing what is wrong with it.
                if goesOn { records += 1 }
                try skip(error.at(path: current.bytes.name), wholeFile: !goesOn)
                if !goesOn { close(current) }
                continue
            }
            summary.bytesRead = bytesOfFinishedFiles + current.bytes.bytesRead
            if !current.format.isOneDocument { records += 1 }
            do {
                if let document = try checked(raw, current) { return document }
            } catch let error as TrawlError {
                try skip(error, wholeFile: current.format.isOneDocument)
            }
        }
    }

    /// Counts what cannot be read, or throws it.
    private func skip(_ error: TrawlError, wholeFile: Bool) throws {
        let isOnlyFile = reader.files.count == 1 && reader.files[0].wasNamed && !mayBeEmpty
        if reader.onBadInput == .stop || (wholeFile && isOnlyFile) { throw error }
        firstError = firstError ?? error
        summary.skipped.add(InputIssue(error))
        if wholeFile, let path = error.path { incompleteFiles.insert(path) }
    }

    private func nothingRead() -> TrawlError {
        if let firstError, summary.skipped.count == 1, summary.ignoredFiles == 0 { return firstError }
        return reader.emptyCorpus(skipped: summary.skipped, ignored: summary.ignoredFiles)
    }

    private func close(_ file: OpenFile) {
        let replaced = file.bytes.replacedCharacters
        if replaced > 0 {
            summary.repaired.add(
                InputIssue(
                    origin: Origin(path: file.bytes.name),
                    reason: "malformed UTF-16, replaced by U+FFFD \(replaced) \(replaced == 1 ? "time" : "times")"))
        }
        bytesOfFinishedFiles += file.file.path == nil ? file.bytes.bytesRead : file.file.size
        summary.bytesRead = bytesOfFinishedFiles
        current = nil
    }

    /// False when there is no further file.
    private func openNextFile() throws -> Bool {
        while nextFile < reader.files.count {
            let file = reader.files[nextFile]
            nextFile += 1
            do {
                current = try open(file)
                if current != nil { return true }
            } catch let error as TrawlError {
                try skip(error.at(path: file.path ?? "standard input"), wholeFile: true)
            }
            bytesOfFinishedFiles += file.size
            summary.bytesRead = bytesOfFinishedFiles
        }
        return false
    }

    /// Nil for a file in no known format, and for one that is passed over.
    private func open(_ file: CorpusFile) throws -> OpenFile? {
        let bytes =
            if let path = file.path {
                try ByteSource(path: path)
            } else {
                try ByteSource(descriptor: reader.standardInput, name: "standard input")
            }
        guard let format = try file.format ?? detectFormat(bytes, of: file) else {
            summary.ignoredFiles += 1
            if summary.firstIgnoredFiles.count < 5 { summary.firstIgnoredFiles.append(bytes.name) }
            return nil
        }
        // A file counts whether or not it can be read, which only the shard that it belongs to finds out.
        if format.isOneDocument {
            records += 1
            if passesOver(file.relativePath) { return nil }
        }
        return OpenFile(file: file, format: format, bytes: bytes, documents: documentSource(format, bytes, file))
    }

    private func documentSource(_ format: CorpusFormat, _ bytes: ByteSource, _ file: CorpusFile)
        -> any RawDocumentSource
    {
        let prefix = reader.namesFilesInNumbers ? file.relativePath + ":" : ""
        return switch format {
        case .beir, .jsonLines: JSONLinesSource(bytes, fields: reader.fields, numberPrefix: prefix)
        case .json: JSONFileSource(bytes, fields: reader.fields, numberPrefix: prefix)
        case .tsv: TSVSource(bytes, fields: reader.fields, numberPrefix: prefix)
        case .csv: CSVSource(bytes, fields: reader.fields, numberPrefix: prefix)
        case .trec: TRECSource(bytes)
        case .mbox: MailboxSource(bytes, numberPrefix: file.path == nil ? "" : file.relativePath + ":")
        case .lines: LinesSource(bytes, numberPrefix: prefix)
        case .text, .markdown, .html, .restructuredText, .code, .pdf, .docx, .odt, .epub, .email:
            FileSource(bytes, format: format, file: file)
        }
    }

    /// Whether the document called `id` belongs to another shard.
    private func passesOver(_ id: String) -> Bool {
        guard let takes, !takes(DocumentID(id)) else { return false }
        summary.passedOver += 1
        return true
    }

    /// Nil for a document without title and text, and for one that is passed over.
    private func checked(_ raw: RawDocument, _ file: OpenFile) throws -> Document? {
        let origin = Origin(path: file.bytes.name, line: raw.line)
        try DocumentID.check(raw.id, origin)
        if passesOver(raw.id) { return nil }
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
        var metadata = raw.metadata
        if file.format.isOneDocument {
            metadata += file.file.metadata(file.format).filter { field in !raw.metadata.contains { $0.key == field.key }
            }
        }
        count(raw, origin)
        summary.documents += 1
        summary.textBytes += title.utf8.count + text.utf8.count
        var document = Document(
            id: DocumentID(raw.id), title: title, text: text, metadata: metadata,
            headings: raw.headings.located(in: text), origin: origin)
        document.position = records - 1
        return document
    }

    private func count(_ raw: RawDocument, _ origin: Origin) {
        if let repair = raw.repair { summary.repaired.add(InputIssue(origin: origin, reason: repair)) }
        if raw.isNumbered {
            summary.numberedDocuments += 1
            summary.firstNumberedDocument = summary.firstNumberedDocument ?? origin
        }
    }
}
