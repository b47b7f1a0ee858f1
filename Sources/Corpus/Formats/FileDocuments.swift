import TrawlCore

/// A file that is one document.
final class FileSource: RawDocumentSource {
    private let source: ByteSource
    private let format: CorpusFormat
    private let file: CorpusFile
    private var isDone = false

    init(_ source: ByteSource, format: CorpusFormat, file: CorpusFile) {
        self.source = source
        self.format = format
        self.file = file
    }

    func next() throws -> RawDocument? {
        if isDone { return nil }
        isDone = true
        let content = try content(of: wholeFile())
        return RawDocument(
            id: file.relativePath, title: content.title, text: content.body.text, metadata: content.metadata,
            headings: content.body.headings, fallbackTitle: FileName(file.relativePath).stem, repair: content.repair)
    }

    private func content(of bytes: [UInt8]) throws -> FileContent {
        switch format {
        case .markdown: return MarkdownFile.content(of: try utf8Text(bytes, path: source.name))
        case .html: return try bytes.withUnsafeBufferPointer { try HTMLPage($0, path: source.name).content }
        case .restructuredText: return RestructuredText.content(of: try utf8Text(bytes, path: source.name))
        case .code:
            var content = FileContent(body: MarkedText(text: try utf8Text(bytes, path: source.name)))
            if let language = ProgrammingLanguage.name(ofExtension: FileName(file.relativePath).fileExtension) {
                content.metadata = [MetadataField(key: "language", value: language)]
            }
            return content
        case .pdf: return try PDFText.content(of: bytes, path: source.name)
        case .docx: return try WordDocument.content(of: archive(bytes))
        case .odt: return try OpenDocument.content(of: archive(bytes))
        case .epub: return try EPUBBook.content(of: archive(bytes))
        case .email: return try MailMessage(bytes[...], path: source.name).content
        case .text, .beir, .jsonLines, .json, .tsv, .csv, .trec, .mbox, .lines:
            return FileContent(body: MarkedText(text: try utf8Text(bytes, path: source.name)))
        }
    }

    private func archive(_ bytes: [UInt8]) throws -> ZipArchive {
        try ZipArchive(bytes, path: source.name, limit: maximumRecordBytes)
    }

    private func wholeFile() throws -> [UInt8] {
        var bytes: [UInt8] = []
        let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 64)
        defer { chunk.deallocate() }
        while true {
            let count = try source.read(into: chunk)
            if count == 0 { return bytes }
            bytes.append(contentsOf: chunk[..<count])
            if bytes.count > maximumRecordBytes { throw recordTooLong("the file", path: source.name, line: nil) }
        }
    }
}

/// What a file that is one document says.
struct FileContent {
    var title = ""
    var body = MarkedText()
    var metadata: [MetadataField] = []
    /// See `RawDocument.repair`.
    var repair: String?

    /// Adds a field unless its value is blank.
    mutating func add(_ key: String, _ value: String?) {
        guard let value = value.map(cleaned)?.trimmed(), !value.isEmpty else { return }
        metadata.append(MetadataField(key: key, value: value))
    }
}

/// The text of a file in UTF-8, without its byte order mark.
///
/// - Throws: `invalidInput` with the line for bytes that are not UTF-8, and for UTF-16 without a byte order mark.
func utf8Text(_ bytes: [UInt8], path: String) throws -> String {
    try bytes.withUnsafeBufferPointer { bytes in
        let head = bytes.prefix(1 << 12)
        let zeros = head.indices.filter { head[$0] == 0 }
        let odd = zeros.count { $0 % 2 == 1 }
        if zeros.count * 4 > head.count, odd == zeros.count || odd == 0 {
            throw TrawlError(
                .invalidInput, "looks like UTF-16 without a byte order mark", path: path,
                remedy: "convert the file, with iconv -f UTF-16\(odd == 0 ? "BE" : "LE") -t UTF-8")
        }
        try requireUTF8(bytes, path: path, firstLine: 1)
        let hasMark = bytes.starts(with: [0xEF, 0xBB, 0xBF])
        return String(decoding: UnsafeBufferPointer(rebasing: bytes.dropFirst(hasMark ? 3 : 0)), as: UTF8.self)
    }
}
