import TrawlCore

/// How the documents of a corpus are written down.
public enum CorpusFormat: String, CaseIterable, Sendable, Codable {
    // MARK: Files of many documents

    /// A folder with `corpus.jsonl` in it, plain, `.gz` or `.zst` (BEIR, Thakur et al. 2021).
    case beir
    /// One JSON object per line; the id of an object that has none is the number of its line.
    case jsonLines = "jsonl"
    /// One array of objects, one object of key to object (the key is the id of an object that has none), or objects
    /// one after the other.
    case json
    /// `id<TAB>text`, `id<TAB>title<TAB>text`, `id<TAB>url<TAB>title<TAB>text` (MS MARCO), or what a header line says.
    case tsv
    /// Comma-separated values with a header line and quotes (RFC 4180); semicolons and tabs separate too.
    case csv
    /// `<DOC><DOCNO>…</DOCNO> … <TEXT>…</TEXT></DOC>` or `<DOC id="…">`, many to a file.
    case trec
    /// A mailbox: messages, each after a line `From …`.
    case mbox
    /// A line is a document and its number is the id.
    case lines

    // MARK: Files that are one document each

    /// Plain text.
    case text
    /// The title is that of the front matter, or the first heading.
    case markdown
    /// `<title>` is the title; navigation and other parts around the main content are left out.
    case html
    /// reStructuredText; its first heading is the title.
    case restructuredText = "rst"
    /// Source code, with its language as metadata.
    case code
    /// Read by `pdftotext` of poppler-utils, which must be installed.
    case pdf
    /// Office Open XML text (Word).
    case docx
    /// OpenDocument text (LibreOffice).
    case odt
    /// EPUB; its chapters are sections of one document.
    case epub
    /// An e-mail message; its subject is the title.
    case email = "eml"

    /// Whether each file is one document. Such documents have the fields `path` (relative to the folder that was named),
    /// `size` (bytes), `modified` (ISO 8601, UTC) and `format` in their metadata, unless the document itself says another
    /// value, as front matter may. The text does not have them.
    public var isOneDocument: Bool {
        switch self {
        case .beir, .jsonLines, .json, .tsv, .csv, .trec, .mbox, .lines: false
        case .text, .markdown, .html, .restructuredText, .code, .pdf, .docx, .odt, .epub, .email: true
        }
    }

    /// Whether its files are no text, so that what a byte order mark or a compression says does not apply to them.
    var isBinary: Bool { [.pdf, .docx, .odt, .epub].contains(self) }

    /// The format that a file's name promises, without regard to a compression suffix.
    init?(fileName: String) {
        let name = FileName(fileName)
        switch name.fileExtension {
        case "jsonl", "ndjson": self = .jsonLines
        case "json": self = .json
        case "tsv", "tab": self = .tsv
        case "csv": self = .csv
        case "trec", "sgml", "sgm": self = .trec
        case "mbox", "mbx": self = .mbox
        case "txt", "text", "log", "org", "tex", "yaml", "yml", "toml", "ini", "cfg", "conf", "properties", "adoc":
            self = .text
        case "md", "markdown", "mkd", "mdown", "mdx", "qmd", "rmd": self = .markdown
        case "html", "htm", "xhtml": self = .html
        case "rst", "rest": self = .restructuredText
        case "pdf": self = .pdf
        case "docx", "docm", "dotx": self = .docx
        case "odt", "ott": self = .odt
        case "epub": self = .epub
        case "eml": self = .email
        case let other where ProgrammingLanguage.name(ofExtension: other) != nil: self = .code
        case "" where Self.plainTextNames.contains(name.stem): self = .text
        default: return nil
        }
    }

    /// Files of projects that have no extension.
    private static let plainTextNames: Set<String> = [
        "AUTHORS", "CHANGELOG", "CHANGES", "CONTRIBUTING", "COPYING", "HISTORY", "INSTALL", "LICENCE", "LICENSE",
        "NEWS",
        "NOTICE", "README", "THANKS", "TODO",
    ]
}
