import TrawlCore

/// JSON lines: an object a line; blank lines are passed over. The id of an object that has none is the number of its
/// line.
final class JSONLinesSource: RawDocumentSource {
    private let lines: LineReader
    private var mapper: ObjectMapper

    /// - Parameter numberPrefix: goes before the number of a document without an id.
    init(_ source: ByteSource, fields: FieldMapping, numberPrefix: String = "") {
        lines = LineReader(source)
        mapper = ObjectMapper(fields, path: source.name, numberPrefix: numberPrefix)
    }

    var resumesAfterError: Bool { lines.hasGivenLine }

    func next() throws -> RawDocument? { try next(taking: nil) }

    func next(taking takes: ((DocumentID) -> Bool)?) throws -> RawDocument? {
        while true {
            let line = try lines.withNextLine { bytes -> RawDocument? in
                if bytes.allSatisfy({ $0 == 0x20 || $0 == 0x09 }) { return nil }
                return try mapper.document(
                    bytes, firstLine: lines.lineNumber, key: nil, number: lines.lineNumber, taking: takes)
            }
            switch line {
            case nil: return nil
            case .some(nil): continue
            case .some(let document): return document
            }
        }
    }
}

/// A `.json` file; see `JSONValueStream` for its shapes. The id of an object that has neither an id nor a key is its
/// number in the file.
final class JSONFileSource: RawDocumentSource {
    private let values: JSONValueStream
    private var mapper: ObjectMapper
    private var number = 0
    private(set) var resumesAfterError = false

    /// - Parameter numberPrefix: goes before the number of a document without an id.
    init(_ source: ByteSource, fields: FieldMapping, numberPrefix: String = "") {
        values = JSONValueStream(source)
        mapper = ObjectMapper(fields, path: source.name, numberPrefix: numberPrefix)
    }

    func next() throws -> RawDocument? { try next(taking: nil) }

    func next(taking takes: ((DocumentID) -> Bool)?) throws -> RawDocument? {
        resumesAfterError = false
        return try values.withNextObject { bytes, line, key in
            resumesAfterError = true
            number += 1
            return try mapper.document(bytes, firstLine: line, key: key, number: number, taking: takes)
        }
    }
}

/// Makes documents out of JSON objects by the names of their fields.
struct ObjectMapper {
    private let mapping: FieldMapping
    private let names: (id: [[UInt8]], title: [[UInt8]], text: [[UInt8]])
    private let path: String
    private let numberPrefix: String
    private var fields: [JSONField] = []

    /// - Parameter numberPrefix: goes before the number of a document without an id.
    init(_ mapping: FieldMapping, path: String, numberPrefix: String) {
        self.mapping = mapping
        self.path = path
        self.numberPrefix = numberPrefix
        names = (
            mapping.id.map { [UInt8]($0.utf8) }, mapping.title.map { [UInt8]($0.utf8) },
            mapping.text.map { [UInt8]($0.utf8) }
        )
    }

    /// - Parameters:
    ///   - bytes: One JSON object, which begins in line `firstLine`.
    ///   - key: The id of an object that has none.
    ///   - number: What makes an id for an object that has none and no key.
    ///   - takes: Of a document that it refuses, only id and line are given.
    /// - Throws: `invalidInput` with file and line for what is not UTF-8, not JSON, or lacks a text.
    mutating func document(
        _ bytes: UnsafeBufferPointer<UInt8>, firstLine: Int, key: String?, number: Int,
        taking takes: ((DocumentID) -> Bool)? = nil
    ) throws -> RawDocument {
        try requireUTF8(bytes, path: path, firstLine: firstLine)
        do {
            var scanner = JSONScanner(bytes)
            try scanner.scanDocument(into: &fields)
            let id = try field(names.id, scanner)
            var document = RawDocument(id: "", title: "", text: "", line: firstLine)
            if let id {
                document.id = try identifier(fields[id], scanner)
            } else if let key {
                document.id = key
            } else {
                document.id = numberPrefix + String(number)
                document.isNumbered = true
            }
            if let takes, !takes(DocumentID(document.id)) { return document }
            try readContents(of: &document, without: id, scanner)
            if scanner.hasHalfSurrogate { document.repair = "half a surrogate pair was replaced by U+FFFD" }
            return document
        } catch let fault as JSONFault {
            let place = LinePlace(of: fault.offset, in: bytes, firstLine: firstLine)
            throw TrawlError(
                .invalidInput, "malformed JSON at byte \(place.column) of the line: \(fault.message)", path: path,
                line: place.line, remedy: "correct the JSON; a .jsonl file holds one object a line")
        } catch let error as TrawlError {
            throw error.at(path: path, line: firstLine)
        }
    }

    /// Title, text and metadata; `id` is the field that is none of these.
    private func readContents(of document: inout RawDocument, without id: Int?, _ scanner: JSONScanner) throws {
        let title = try field(names.title, scanner)
        let text = try field(names.text, scanner)
        if let title { document.title = try string(fields[title], scanner) }
        if let text {
            document.text = try string(fields[text], scanner)
        } else {
            throw TrawlError(
                .invalidInput, "the document has no text: no field is named \(list(mapping.text))",
                remedy: "give the text one of these names, or name its field in an index's recipe: "
                    + (try present(scanner)))
        }
        for index in fields.indices where index != id && index != title && index != text {
            try appendMetadata(fields[index], scanner, to: &document.metadata)
        }
    }

    /// The field with the first of `names` that is there, the last one when it repeats.
    private func field(_ names: [[UInt8]], _ scanner: JSONScanner) throws(JSONFault) -> Int? {
        for name in names {
            for index in fields.indices.reversed() where try key(fields[index], is: name, scanner) { return index }
        }
        return nil
    }

    private func key(_ field: JSONField, is name: [UInt8], _ scanner: JSONScanner) throws(JSONFault) -> Bool {
        if field.keyHasEscapes { return try scanner.string(field.key, hasEscapes: true).utf8.elementsEqual(name) }
        guard field.key.count == name.count else { return false }
        for offset in 0..<name.count where scanner.bytes[field.key.lowerBound + offset] != name[offset] { return false }
        return true
    }

    private func identifier(_ field: JSONField, _ scanner: JSONScanner) throws -> String {
        switch field.kind {
        case .string: return try scanner.string(field.value, hasEscapes: field.valueHasEscapes)
        case .number:
            let text = try scanner.string(field.value, hasEscapes: false)
            if text.utf8.allSatisfy({ $0 == UInt8(ascii: "-") || $0 &- 0x30 < 10 }) { return text }
            throw TrawlError(.invalidInput, "the id \(text) is not a whole number", remedy: "write it in quotes")
        default:
            throw TrawlError(
                .invalidInput, "the id is neither a string nor a whole number", remedy: "write it in quotes")
        }
    }

    /// A title or text: a string, nothing for null, the lines of an array of strings (KILT), or a number as it is
    /// written.
    private func string(_ field: JSONField, _ scanner: JSONScanner) throws -> String {
        switch field.kind {
        case .string: return try scanner.string(field.value, hasEscapes: field.valueHasEscapes)
        case .null: return ""
        case .number, .literal: return try scanner.string(field.value, hasEscapes: false)
        case .array:
            var inner = JSONScanner(scanner.bytes, from: field.value.lowerBound)
            if let strings = try inner.scanStrings() { return strings.joined(separator: "\n") }
            fallthrough
        case .object:
            let name = try scanner.string(field.key, hasEscapes: field.keyHasEscapes)
            throw TrawlError(
                .invalidInput, "the field \"\(name)\" is not a string",
                remedy: "write it as a string, or name another field in an index's recipe")
        }
    }

    /// The members of an object named `metadata` count as fields of the document (BEIR). Other objects give a field for
    /// each member, named `outer.inner`, and arrays one for each element; null counts as absent.
    private func appendMetadata(
        _ field: JSONField, _ scanner: JSONScanner, to metadata: inout [MetadataField]
    ) throws(JSONFault) {
        let key = try scanner.string(field.key, hasEscapes: field.keyHasEscapes)
        if key == "metadata", field.kind == .object {
            try appendMembers(of: field, prefix: "", scanner, to: &metadata)
        } else {
            try append(field, key: key, scanner, to: &metadata)
        }
    }

    private func append(
        _ field: JSONField, key: String, _ scanner: JSONScanner, to metadata: inout [MetadataField]
    ) throws(JSONFault) {
        switch field.kind {
        case .null: break
        case .object: try appendMembers(of: field, prefix: key + ".", scanner, to: &metadata)
        case .array:
            var inner = JSONScanner(scanner.bytes, from: field.value.lowerBound)
            var elements: [JSONField] = []
            try inner.scanArray(into: &elements)
            for element in elements { try append(element, key: key, scanner, to: &metadata) }
        case .string, .number, .literal:
            let value = try scanner.string(field.value, hasEscapes: field.valueHasEscapes)
            metadata.append(MetadataField(key: cleaned(key), value: cleaned(value), isJSON: field.kind != .string))
        }
    }

    private func appendMembers(
        of field: JSONField, prefix: String, _ scanner: JSONScanner, to metadata: inout [MetadataField]
    ) throws(JSONFault) {
        // Nested keys repeat their prefix, so long ones would take far more memory than the file.
        guard prefix.utf8.count <= Self.maximumKeyBytes else {
            throw JSONFault(
                offset: field.value.lowerBound,
                message: "nested keys are longer than \(Self.maximumKeyBytes) bytes together")
        }
        var inner = JSONScanner(scanner.bytes, from: field.value.lowerBound)
        var members: [JSONField] = []
        try inner.scanObject(into: &members)
        for member in members {
            let key = try scanner.string(member.key, hasEscapes: member.keyHasEscapes)
            try append(member, key: prefix + key, scanner, to: &metadata)
        }
    }

    private static let maximumKeyBytes = 1024

    private func list(_ names: [String]) -> String { names.joined(separator: ", ") }

    /// The names of the fields that the object does have, for messages.
    private func present(_ scanner: JSONScanner) throws(JSONFault) -> String {
        var names: [String] = []
        for field in fields.prefix(10) {
            names.append(try scanner.string(field.key, hasEscapes: field.keyHasEscapes))
        }
        return names.isEmpty ? "it has none" : "it has \(list(names))"
    }
}
