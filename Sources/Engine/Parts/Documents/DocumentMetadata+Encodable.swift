import Foundation
import TrawlCorpus

/// A JSON object with numbers as numbers and lists as arrays.
///
/// Numbers beyond 64 bits and double precision keep 38 digits; `json` has them all.
extension DocumentMetadata: Encodable {
    public func encode(to encoder: any Encoder) throws {
        var json = json
        try json.withUTF8 { bytes in
            var scanner = JSONScanner(bytes)
            try scanner.scanValue().encode(scanner, to: encoder)
        }
    }
}

private struct FieldName: CodingKey {
    let stringValue: String
    let intValue: Int? = nil
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
}

/// A scanned value that an encoder can take.
private struct ScannedValue: Encodable {
    let field: JSONField
    let scanner: JSONScanner
    func encode(to encoder: any Encoder) throws { try field.encode(scanner, to: encoder) }
}

extension JSONField {
    fileprivate func encode(_ scanner: JSONScanner, to encoder: any Encoder) throws {
        var inner = JSONScanner(scanner.bytes, from: value.lowerBound)
        var parts: [JSONField] = []
        switch kind {
        case .object:
            try inner.scanObject(into: &parts)
            var values = encoder.container(keyedBy: FieldName.self)
            for part in parts {
                let name = try scanner.string(part.key, hasEscapes: part.keyHasEscapes)
                try values.encode(ScannedValue(field: part, scanner: scanner), forKey: FieldName(stringValue: name))
            }
        case .array:
            try inner.scanArray(into: &parts)
            var values = encoder.unkeyedContainer()
            for part in parts { try values.encode(ScannedValue(field: part, scanner: scanner)) }
        default:
            var single = encoder.singleValueContainer()
            let text = try scanner.string(value, hasEscapes: valueHasEscapes)
            switch kind {
            case .string: try single.encode(text)
            case .null: try single.encodeNil()
            case .literal: try single.encode(text == "true")
            default: try Self.encode(number: text, to: &single)
            }
        }
    }

    private static func encode(number text: String, to container: inout any SingleValueEncodingContainer) throws {
        if let value = Int64(text) {
            try container.encode(value)
        } else if let value = UInt64(text) {
            try container.encode(value)
        } else if let value = Decimal(string: text, locale: nil), text.utf8.count > 17 {
            try container.encode(value)
        } else if let value = Double(text), value.isFinite {
            try container.encode(value)
        } else {
            try container.encode(text)
        }
    }
}
