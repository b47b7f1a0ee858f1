public import TrawlCore
import TrawlCorpus

/// A value of a document's metadata: a string, or the JSON text of a number, a boolean or an object.
public struct MetadataValue: Hashable, Sendable {
    public let text: String
    /// Whether `text` is JSON text rather than a string.
    public let isJSON: Bool

    public init(_ text: String, isJSON: Bool = false) {
        self.text = text
        self.isJSON = isJSON
    }
}

/// The metadata of a document: keys, each with a value or a list of values.
///
/// It is kept as a JSON object, in which numbers have the digits that they had in the input. A key that repeats in the
/// input is a list.
public struct DocumentMetadata: Hashable, Sendable {
    /// A JSON object with its keys in order.
    public let json: String

    /// The metadata of a document that is to be stored.
    public init(_ fields: [MetadataField]) {
        var values: [String: [JSONItem]] = [:]
        for field in fields { values[field.key, default: []].append(JSONItem(field)) }
        var text: [UInt8] = [UInt8(ascii: "{")]
        for (key, items) in values.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
            if text.count > 1 { text.append(UInt8(ascii: ",")) }
            text.appendJSONString(key)
            text.append(UInt8(ascii: ":"))
            if items.count == 1 {
                text += items[0].json
            } else {
                text += [UInt8(ascii: "[")] + items.map(\.elements).joined(separator: [UInt8(ascii: ",")])
                text.append(UInt8(ascii: "]"))
            }
        }
        json = String(decoding: text + [UInt8(ascii: "}")], as: UTF8.self)
    }

    /// Metadata as a segment stores them; an empty text means none.
    ///
    /// - Throws: `JSONFault` when it is not a JSON object.
    init(stored json: String) throws(JSONFault) {
        self.json = json.isEmpty ? "{}" : json
        _ = try entries()
    }

    /// Metadata that another process sent, as `json` gave it there.
    ///
    /// - Throws: `TrawlError.corrupted` when it is not a JSON object.
    package init(received json: String) throws {
        do { try self.init(stored: json) } catch {
            throw TrawlError(.corrupted, "a document's metadata are no JSON object")
        }
    }

    public var isEmpty: Bool { json == "{}" }

    /// The keys in order.
    public var keys: [String] { ((try? entries()) ?? []).map(\.key) }

    /// A value of `key`: a string as it is; anything else, such as a number or a list, as its JSON text.
    public subscript(key: String) -> String? { entry(key)?.text }

    /// The values of `key`: several for a list, none where the document lacks the key.
    public func values(of key: String) -> [MetadataValue] { entry(key)?.values ?? [] }

    /// The metadata as a corpus has them, from which they are made again.
    var fields: [MetadataField] {
        let fields = try? Self.withFields(of: json) { (scanner, fields) throws(JSONFault) in
            var all: [MetadataField] = []
            for field in fields {
                all.append(
                    MetadataField(
                        key: try scanner.string(field.key, hasEscapes: field.keyHasEscapes),
                        value: try scanner.string(field.value, hasEscapes: field.valueHasEscapes),
                        isJSON: field.kind != .string))
            }
            return all
        }
        return fields ?? []
    }

    private struct Entry {
        let key: String
        let text: String
        let values: [MetadataValue]
    }

    private func entry(_ key: String) -> Entry? { (try? entries())?.first { $0.key == key } }

    private func entries() throws(JSONFault) -> [Entry] {
        try Self.withFields(of: json) { (scanner, fields) throws(JSONFault) in
            var entries: [Entry] = []
            for field in fields {
                entries.append(
                    Entry(
                        key: try scanner.string(field.key, hasEscapes: field.keyHasEscapes),
                        text: try scanner.string(field.value, hasEscapes: field.valueHasEscapes),
                        values: try Self.values(of: field, scanner)))
            }
            return entries
        }
    }

    /// Calls `body` with the members of the JSON object `json`.
    private static func withFields<Result>(
        of json: String, _ body: (JSONScanner, [JSONField]) throws(JSONFault) -> Result
    ) throws(JSONFault) -> Result {
        try Array(json.utf8).withUnsafeBufferPointer { (bytes) throws(JSONFault) in
            var scanner = JSONScanner(bytes)
            var fields: [JSONField] = []
            try scanner.scanDocument(into: &fields)
            return try body(scanner, fields)
        }
    }

    /// The values of one member: the elements of a list; null is nothing.
    static func values(of field: JSONField, _ scanner: JSONScanner) throws(JSONFault) -> [MetadataValue] {
        switch field.kind {
        case .null: return []
        case .array:
            var inner = JSONScanner(scanner.bytes, from: field.value.lowerBound)
            var elements: [JSONField] = []
            try inner.scanArray(into: &elements)
            var values: [MetadataValue] = []
            for element in elements where element.kind != .null { values.append(try value(of: element, scanner)) }
            return values
        default: return [try value(of: field, scanner)]
        }
    }

    private static func value(of field: JSONField, _ scanner: JSONScanner) throws(JSONFault) -> MetadataValue {
        MetadataValue(
            try scanner.string(field.value, hasEscapes: field.valueHasEscapes), isJSON: field.kind != .string)
    }
}

/// A field of the input as JSON.
private struct JSONItem {
    let json: [UInt8]
    /// The same without brackets for a list, which joins other values of its key.
    let elements: [UInt8]

    init(_ field: MetadataField) {
        var kind: JSONField.Kind?
        if field.isJSON {
            var value = field.value
            kind = value.withUTF8 { bytes in
                var scanner = JSONScanner(bytes)
                guard !scanner.hasHalfSurrogate, let field = try? scanner.scanValue(),
                    (try? Self.decodeAll(field, scanner)) != nil
                else {
                    return nil
                }
                return field.kind
            }
        }
        // Wrong escapes, or a program that said of any text that it is JSON.
        guard let kind else {
            var text: [UInt8] = []
            text.appendJSONString(field.value)
            (json, elements) = (text, text)
            return
        }
        json = Array(field.value.utf8)
        elements = kind == .array ? Array(json.dropFirst().dropLast()) : json
    }

    /// Decodes every string in a value: scanning alone does not look at escapes.
    private static func decodeAll(_ field: JSONField, _ scanner: JSONScanner) throws(JSONFault) {
        _ = try scanner.string(field.key, hasEscapes: field.keyHasEscapes)
        var inner = JSONScanner(scanner.bytes, from: field.value.lowerBound)
        var parts: [JSONField] = []
        switch field.kind {
        case .object: try inner.scanObject(into: &parts)
        case .array: try inner.scanArray(into: &parts)
        default: _ = try scanner.string(field.value, hasEscapes: field.valueHasEscapes)
        }
        for part in parts { try decodeAll(part, scanner) }
    }
}
