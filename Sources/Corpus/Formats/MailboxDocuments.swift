import TrawlCore

/// A mailbox (mbox): messages that begin with a line `From …` at the start of the file or after a blank line. The id of a
/// message is its number in the file, since a message may be in a mailbox twice.
final class MailboxSource: RawDocumentSource {
    private let lines: LineReader
    private let path: String
    private let numberPrefix: String
    private var message: [UInt8] = []
    private var startLine: Int?
    private var isAfterBlank = true
    private var number = 0
    private(set) var resumesAfterError = false

    /// - Parameter numberPrefix: goes before the number of a message.
    init(_ source: ByteSource, numberPrefix: String) {
        lines = LineReader(source)
        path = source.name
        self.numberPrefix = numberPrefix
    }

    func next() throws -> RawDocument? {
        resumesAfterError = false
        while true {
            var finished: (bytes: [UInt8], line: Int)?
            let given: Void? = try lines.withNextLine { line in
                if isAfterBlank, line.starts(with: "From ".utf8) {
                    finished = takeMessage()
                    startLine = lines.lineNumber
                } else if startLine != nil {
                    // `>From ` is how a mailbox writes a line that begins with `From `.
                    message.append(contentsOf: line.starts(with: ">From ".utf8) ? line.dropFirst() : line[...])
                    message.append(10)
                } else if !line.isEmpty {
                    throw TrawlError(
                        .invalidInput, "is not a mailbox: its first line does not begin with 'From '", path: path,
                        line: lines.lineNumber, remedy: "check the file, or say another format")
                }
                isAfterBlank = line.isEmpty
            }
            if message.count > maximumRecordBytes { throw recordTooLong("the message", path: path, line: startLine) }
            if given == nil { finished = takeMessage() }
            if let finished { return try document(finished.bytes, line: finished.line) }
            if given == nil { return nil }
        }
    }

    private func takeMessage() -> (bytes: [UInt8], line: Int)? {
        guard let line = startLine else { return nil }
        defer {
            message.removeAll(keepingCapacity: true)
            startLine = nil
        }
        return (message, line)
    }

    private func document(_ bytes: [UInt8], line: Int) throws -> RawDocument {
        number += 1
        resumesAfterError = true
        let content = try MailMessage(bytes[...], path: path, line: line).content
        return RawDocument(
            id: numberPrefix + String(number), title: content.title, text: content.body.text,
            metadata: content.metadata,
            headings: content.body.headings, line: line, repair: content.repair)
    }
}
