import Glibc
import TrawlCore

/// TREC's SGML: `<DOC>` … `</DOC>`, many to a file; what is between them is passed over. The id is what `<DOCNO>` holds,
/// or the `id` of `<DOC id="…">` (newswire); other attributes of that tag are metadata.
final class TRECSource: RawDocumentSource {
    private let lines: LineReader
    private let path: String
    private var document: [UInt8] = []
    /// The line of the `<DOC>` that is open.
    private var openedAt: Int?
    private var attributes: [MetadataField] = []
    /// What is wrong with the document that is open.
    private var fault: TrawlError?
    /// Documents that ended in the line last read, in reverse order.
    private var ready: [Result<RawDocument, TrawlError>] = []
    private var count = 0
    private(set) var resumesAfterError = false

    init(_ source: ByteSource) {
        lines = LineReader(source)
        path = source.name
    }

    func next() throws -> RawDocument? {
        resumesAfterError = false
        while ready.isEmpty {
            if try lines.withNextLine({ try take($0) }) == nil {
                try finish()
                return nil
            }
            ready.reverse()
        }
        resumesAfterError = true
        return try ready.popLast()?.get()
    }

    private func finish() throws {
        if let openedAt {
            self.openedAt = nil
            throw TrawlError(
                .corrupted, "the file ends before the </DOC> of this <DOC>", path: path, line: openedAt,
                remedy: "download the file again")
        }
        if count == 0, lines.lineNumber > 0 {
            throw TrawlError(
                .invalidInput, "there is no <DOC> in this file", path: path,
                remedy: "check that it is in TREC's format, or say another format")
        }
    }

    private func take(_ line: UnsafeBufferPointer<UInt8>) throws {
        var rest = line[...]
        while true {
            if openedAt == nil {
                guard let tag = openingTag(in: rest) else { return }
                openedAt = lines.lineNumber
                document.removeAll(keepingCapacity: true)
                rest = rest[tag.upperBound...]
            }
            let end = find("</doc>", in: rest)
            let content = UnsafeBufferPointer(rebasing: rest[..<(end?.lowerBound ?? rest.endIndex)])
            do {
                try requireUTF8(content, path: path, firstLine: lines.lineNumber)
            } catch let error as TrawlError {
                fault = fault ?? error
            }
            document.append(contentsOf: content)
            document.append(10)
            if document.count > maximumRecordBytes { throw recordTooLong("the document", path: path, line: openedAt) }
            guard let end else { return }
            ready.append(close())
            rest = rest[end.upperBound...]
        }
    }

    /// Finds `<DOC>` or `<DOC id="…" …>` and takes its attributes.
    private func openingTag(in bytes: Slice<UnsafeBufferPointer<UInt8>>) -> Range<Int>? {
        var rest = bytes
        while let start = find("<doc", in: rest) {
            rest = rest[start.upperBound...]
            let isWholeName = rest.first == 0x3E || rest.first == 0x20 || rest.first == 0x09
            guard isWholeName else { continue }
            // Nor do later tags of this line end in it.
            guard let end = rest.firstIndex(of: 0x3E) else { return nil }
            attributes = Self.attributes(String(decoding: rest[..<end], as: UTF8.self))
            return start.lowerBound..<end + 1
        }
        return nil
    }

    /// `name="value"`, `name='value'` or `name=value`, names in lower case.
    private static func attributes(_ text: String) -> [MetadataField] {
        var fields: [MetadataField] = []
        var rest = text[...]
        while let equals = rest.firstIndex(of: "=") {
            let key = rest[..<equals].split(whereSeparator: \.isWhitespace).last.map { $0.lowercased() } ?? ""
            rest = rest[rest.index(after: equals)...].drop { $0.isWhitespace }
            let value: Substring
            if let quote = rest.first, quote == "\"" || quote == "'" {
                let inner = rest.dropFirst()
                value = inner.prefix { $0 != quote }
                rest = inner[value.endIndex...].dropFirst()
            } else {
                value = rest.prefix { !$0.isWhitespace }
                rest = rest[value.endIndex...]
            }
            if !key.isEmpty {
                fields.append(MetadataField(key: cleaned(key), value: cleaned(decodingEntities(String(value)))))
            }
        }
        return fields
    }

    private func close() -> Result<RawDocument, TrawlError> {
        defer {
            openedAt = nil
            fault = nil
        }
        count += 1
        if let fault { return .failure(fault) }
        let parts = document.withUnsafeBufferPointer { SGMLDocument($0) }
        guard let id = parts.docno ?? attributes.first(where: { $0.key == "id" })?.value else {
            return .failure(
                TrawlError(
                    .invalidInput, "the document has no <DOCNO>", path: path, line: openedAt,
                    remedy: "give every <DOC> a <DOCNO> or an id"))
        }
        let title = parts.title.isEmpty ? attributes.first { $0.key == "title" }?.value : parts.title
        return .success(
            RawDocument(
                id: id, title: title ?? "", text: parts.text,
                metadata: attributes.filter { $0.key != "id" && $0.key != "title" }, line: openedAt))
    }

    /// `word`, in lower case, in any case.
    private func find(_ word: StaticString, in bytes: Slice<UnsafeBufferPointer<UInt8>>) -> Range<Int>? {
        let length = word.utf8CodeUnitCount
        var from = bytes.startIndex
        guard let base = bytes.base.baseAddress else { return nil }
        while bytes.endIndex - from >= length, let found = memchr(base + from, 0x3C, bytes.endIndex - from) {
            let start = base.distance(to: UnsafePointer(found.assumingMemoryBound(to: UInt8.self)))
            guard bytes.endIndex - start >= length else { return nil }
            if (1..<length).allSatisfy({ lowercase(base[start + $0]) == word.utf8Start[$0] }) {
                return start..<start + length
            }
            from = start + 1
        }
        return nil
    }
}
