import TrawlCore

/// JSON lines: an object a line; blank lines are passed over.
final class JSONLinesSource: RawDocumentSource {
    private let lines: LineReader
    private var mapper: ObjectMapper

    init(_ source: ByteSource, fields: FieldMapping) {
        lines = LineReader(source)
        mapper = ObjectMapper(fields, path: source.name)
    }

    func next() throws -> RawDocument? {
        while true {
            let line = try lines.withNextLine { bytes -> RawDocument? in
                if bytes.allSatisfy({ $0 == 0x20 || $0 == 0x09 }) { return nil }
                return try mapper.document(bytes, firstLine: lines.lineNumber, key: nil)
            }
            switch line {
            case nil: return nil
            case .some(nil): continue
            case .some(let document): return document
            }
        }
    }
}

/// A `.json` file; see `JSONValueStream` for its shapes.
final class JSONFileSource: RawDocumentSource {
    private let values: JSONValueStream
    private var mapper: ObjectMapper

    init(_ source: ByteSource, fields: FieldMapping) {
        values = JSONValueStream(source)
        mapper = ObjectMapper(fields, path: source.name)
    }

    func next() throws -> RawDocument? {
        try values.withNextObject { try mapper.document($0, firstLine: $1, key: $2) }
    }
}

/// Makes documents out of JSON objects by the names of their fields.
struct ObjectMapper {
    private let mapping: FieldMapping
    private let names: (id: [[UInt8]], title: [[UInt8]], text: [[UInt8]])
    private let path: String
    private var fields: [JSONField] = []
    private var nested: [JSONField] = []

    init(_ mapping: FieldMapping, path: String) {
        self.mapping = mapping
        self.path = path
        names = (
            mapping.id.map { [UInt8]($0.utf8) }, mapping.title.map { [UInt8]($0.utf8) },
            mapping.text.map { [UInt8]($0.utf8) }
        )
    }

    /// - Parameters:
    ///   - bytes: One JSON object, which begins in line `firstLine`.
    ///   - key: The id of an object that has none.
    /// - Throws: `invalidInput` with file and line for what is not UTF-8, not JSON, or lacks an id or a text.
    mutating func document(
        _ bytes: UnsafeBufferPointer<UInt8>, firstLine: Int, key: String?
    ) throws -> RawDocument {
        try requireUTF8(bytes, path: path, firstLine: firstLine)
        do {
            var scanner = JSONScanner(bytes)
            try scanner.scanDocument(into: &fields)
            return try document(scanner, key: key, line: firstLine)
        } catch let fault as JSONFault {
            let place = LinePlace(of: fault.offset, in: bytes, firstLine: firstLine)
            throw TrawlError(
                .invalidInput, "malformed JSON at byte \(place.column) of the line: \(fault.message)", path: path,
                line: place.line, remedy: "correct the JSON; a .jsonl file holds one object a line")
        } catch let error as TrawlError {
            throw error.at(path: path, line: firstLine)
        }
    }

    private mutating func document(_ scanner: JSONScanner, key: String?, line: Int) throws -> RawDocument {
        let id = try field(names.id, scanner)
        let title = try field(names.title, scanner)
        let text = try field(names.text, scanner)
        var document = RawDocument(id: "", title: "", text: "", line: line)
        if let id {
            document.id = try identifier(fields[id], scanner)
        } else if let key {
            document.id = key
        } else {
            throw TrawlError(
                .invalidInput, "the document has no id: no field is named \(list(mapping.id))",
                remedy:
                    "add an id to every document, or say in the recipe which field holds it: \(try present(scanner))")
        }
        if let title { document.title = try string(fields[title], scanner) }
        if let text {
            document.text = try string(fields[text], scanner)
        } else {
            throw TrawlError(
                .invalidInput, "the document has no text: no field is named \(list(mapping.text))",
                remedy: "say in the recipe which field holds the text: \(try present(scanner))")
        }
        for index in fields.indices where index != id && index != title && index != text {
            try appendMetadata(fields[index], scanner, to: &document.metadata)
        }
        return document
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
                remedy: "write it as a string, or name another field in the recipe")
        }
    }

    /// The members of an object named `metadata` count as fields of the document (BEIR); null counts as absent.
    private mutating func appendMetadata(
        _ field: JSONField, _ scanner: JSONScanner, to metadata: inout [MetadataField]
    ) throws(JSONFault) {
        let key = try scanner.string(field.key, hasEscapes: field.keyHasEscapes)
        guard key == "metadata", field.kind == .object else {
            try append(field, key: key, scanner, to: &metadata)
            return
        }
        var inner = JSONScanner(scanner.bytes, from: field.value.lowerBound)
        try inner.scanObject(into: &nested)
        for field in nested {
            let key = try scanner.string(field.key, hasEscapes: field.keyHasEscapes)
            try append(field, key: key, scanner, to: &metadata)
        }
    }

    private func append(
        _ field: JSONField, key: String, _ scanner: JSONScanner, to metadata: inout [MetadataField]
    ) throws(JSONFault) {
        if field.kind == .null { return }
        let value = try scanner.string(field.value, hasEscapes: field.valueHasEscapes)
        metadata.append(MetadataField(key: cleaned(key), value: cleaned(value), isJSON: field.kind != .string))
    }

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
