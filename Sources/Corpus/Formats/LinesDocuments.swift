import TrawlCore

/// Every line is a document; its number is its id.
final class LinesSource: RawDocumentSource {
    private let lines: LineReader
    private let path: String
    private let numberPrefix: String

    /// - Parameter numberPrefix: goes before the numbers of lines.
    init(_ source: ByteSource, numberPrefix: String = "") {
        lines = LineReader(source)
        path = source.name
        self.numberPrefix = numberPrefix
    }

    var resumesAfterError: Bool { lines.hasGivenLine }

    func next() throws -> RawDocument? {
        try lines.withNextLine { bytes in
            try requireUTF8(bytes, path: path, firstLine: lines.lineNumber)
            return RawDocument(
                id: numberPrefix + String(lines.lineNumber), title: "", text: String(decoding: bytes, as: UTF8.self),
                line: lines.lineNumber)
        }
    }
}
