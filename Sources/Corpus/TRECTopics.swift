import TrawlCore

/// A field of a TREC topic that may be part of its query.
public enum TopicField: String, CaseIterable, Sendable {
    case title, description, narrative
}

/// TREC topics: `<top>` with `<num>`, `<title>`, `<desc>` and `<narr>`, which need not be closed, or XML with
/// `<topic number="…">` and `<query>`, `<question>` or `<description>`, and `<narrative>`. A topic ends where it is closed or
/// the next one begins. Fields may have a language before their names, as CLEF's `<EN-title>` has.
///
/// A number in `<num>` loses its leading zeros, for the judgements of `Number: 051` are of query 51.
final class TRECTopicsSource: RawDocumentSource {
    private var topics: [RawDocument]

    /// - Parameter fields: Those that make the query, one after the other; the others become metadata.
    init(_ source: ByteSource, fields: [TopicField]) throws {
        let bytes = try source.readAll(limit: maximumRecordBytes)
        topics = try bytes.withUnsafeBufferPointer { bytes in
            try requireUTF8(bytes, path: source.name, firstLine: 1)
            var parser = TopicParser(bytes, path: source.name)
            return try parser.topics().map { try $0.query(fields, path: source.name) }
        }
        topics.reverse()
    }

    func next() -> RawDocument? { topics.popLast() }
}

/// A topic as its tags have it.
private struct Topic {
    enum Part {
        case number
        case field(TopicField)
        case ignored
    }

    var number: String?
    var texts: [TopicField: String] = [:]
    /// What is in no field.
    var loose = ""
    let line: Int

    func query(_ fields: [TopicField], path: String) throws -> RawDocument {
        guard let number, !isBlank(number) else {
            throw TrawlError(
                .invalidInput, "the topic has no number", path: path, line: line, remedy: "give every topic a <num>")
        }
        var texts = texts
        if texts.isEmpty { texts[.title] = loose }
        let parts = fields.compactMap { texts[$0] }.filter { !isBlank($0) }
        guard !parts.isEmpty else {
            let known = TopicField.allCases.filter { !isBlank(texts[$0] ?? "") }.map(\.rawValue)
            throw TrawlError(
                .invalidInput, "topic \(number) has no \(fields.map(\.rawValue).joined(separator: " and no "))",
                path: path, line: line, remedy: "it has \(known.isEmpty ? "no text" : known.joined(separator: ", "))",
                topic: .topicFields)
        }
        var raw = RawDocument(id: number, title: "", text: parts.joined(separator: " "), line: line)
        for field in TopicField.allCases where !fields.contains(field) {
            if let text = texts[field] { raw.metadata.append(MetadataField(key: field.rawValue, value: cleaned(text))) }
        }
        return raw
    }
}

/// Reads topics tag by tag. Whatever is not a known tag is text.
private struct TopicParser {
    private let bytes: UnsafeBufferPointer<UInt8>
    private let path: String
    private var position = 0
    private var line = 1

    init(_ bytes: UnsafeBufferPointer<UInt8>, path: String) {
        self.bytes = bytes
        self.path = path
    }

    private static let fields: [String: TopicField] = [
        "title": .title, "query": .title, "desc": .description, "description": .description, "question": .description,
        "narr": .narrative, "narrative": .narrative,
    ]
    /// What fields begin with in the older collections.
    private static let labels = ["number:", "topic:", "description:", "narrative:"]

    mutating func topics() throws -> [Topic] {
        var topics: [Topic] = []
        var open: Topic?
        var part: Topic.Part?
        var text: [UInt8] = []
        func endPart() {
            let content = Self.plain(text)
            text = []
            switch part {
            case .number: open?.number = Self.number(content)
            case .field(let field): if open?.texts[field] == nil { open?.texts[field] = content }
            case .ignored: break
            case nil: open?.loose += content
            }
            part = nil
        }
        while position < bytes.count {
            guard let tag = tag() else {
                if bytes[position] == 10 { line += 1 }
                text.append(bytes[position])
                position += 1
                continue
            }
            switch (tag.name, tag.isClosing) {
            case ("top", false), ("topic", false):
                if open != nil { endPart() }
                if let open { topics.append(open) }
                (text, part) = ([], nil)
                open = Topic(number: tag.number, line: line)
            case ("top", true), ("topic", true):
                endPart()
                if let topic = open { topics.append(topic) }
                open = nil
            case ("num", false), ("number", false):
                endPart()
                part = .number
            case (let name, false) where Self.fields[name] != nil:
                endPart()
                part = Self.fields[name].map { .field($0) }
            case (let name, true) where Self.fields[name] != nil || name == "num" || name == "number": endPart()
            default:
                // Other tags at the start of a line are fields that nobody asks for; within one they are emphasis.
                if tag.beginsLine, !tag.isClosing {
                    endPart()
                    part = .ignored
                } else {
                    text.append(0x20)
                }
            }
            for byte in bytes[position..<tag.end] where byte == 10 { line += 1 }
            position = tag.end
        }
        if let open { throw unclosed(open) }
        return topics
    }

    private func unclosed(_ topic: Topic) -> TrawlError {
        TrawlError(
            .corrupted, "the topic that begins here does not end", path: path, line: topic.line,
            remedy: "close it with </top>, or get the file again")
    }

    /// The words of a field, without the label that older collections begin it with.
    private static func plain(_ text: [UInt8]) -> String {
        let words = decodingEntities(String(decoding: text, as: UTF8.self)).split(whereSeparator: \.isWhitespace)
        let content = words.joined(separator: " ")
        guard let label = labels.first(where: { content.lowercased().hasPrefix($0) }) else { return content }
        return content.dropFirst(label.count).drop { $0 == " " }.description
    }

    private static func number(_ text: String) -> String {
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return text }
        let digits = text.drop { $0 == "0" }
        return digits.isEmpty ? text : String(digits)
    }

    private struct Tag {
        /// In lower case.
        let name: String
        let isClosing: Bool
        /// The attribute `number` or `id` of a topic.
        let number: String?
        let beginsLine: Bool
        let end: Int
    }

    /// The tag at `position`, nil when the sign there does not begin one.
    private func tag() -> Tag? {
        guard bytes[position] == UInt8(ascii: "<") else { return nil }
        // A tag is short: a lone < must not swallow the text up to some far >.
        let rest = bytes[(position + 1)...].prefix(256)
        guard let end = rest.firstIndex(of: UInt8(ascii: ">")), rest[..<end].firstIndex(of: UInt8(ascii: "<")) == nil
        else { return nil }
        let content = String(decoding: rest[..<end], as: UTF8.self)
        var name = content.drop { $0 == "/" }.prefix { $0.isLetter || $0 == "_" || $0 == "-" }.lowercased()
        if let dash = name.firstIndex(of: "-"), name.distance(from: name.startIndex, to: dash) == 2 {
            let field = String(name[name.index(after: dash)...])
            if Self.fields[field] != nil { name = field }
        }
        guard !name.isEmpty || content.hasPrefix("?") || content.hasPrefix("!") else { return nil }
        let before = bytes[..<position].last { $0 != 0x20 && $0 != 0x09 }
        let isTopic = name == "top" || name == "topic"
        return Tag(
            name: name, isClosing: content.hasPrefix("/"),
            number: isTopic ? Self.attribute("number", content) ?? Self.attribute("id", content) : nil,
            beginsLine: before == nil || before == 10, end: end + 1)
    }

    private static func attribute(_ name: String, _ tag: String) -> String? {
        for quote in ["\"", "'"] {
            let parts = tag.split(separator: " \(name)=\(quote)", maxSplits: 1)
            if parts.count == 2 { return parts[1].split(separator: Character(quote)).first.map(String.init) }
        }
        return nil
    }
}
