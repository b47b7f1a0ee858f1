/// A key of any name, to see what a file really holds.
private struct AnyKey: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init?(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
}

extension Decoder {
    /// A container that refuses keys which `Key` does not know: a misspelt setting must not be a silent default.
    package func strictContainer<Key: CodingKey & CaseIterable>(keyedBy type: Key.Type) throws
        -> KeyedDecodingContainer<Key>
    {
        let known = Key.allCases.map(\.stringValue)
        for key in try container(keyedBy: AnyKey.self).allKeys.map(\.stringValue).sorted() where !known.contains(key) {
            let place = codingPath.map(\.stringValue).joined(separator: ".")
            throw TrawlError(
                .invalidInput, "unknown setting \"\(place.isEmpty ? key : place + "." + key)\"",
                remedy: "the settings here are \(known.joined(separator: ", "))")
        }
        return try container(keyedBy: type)
    }
}

extension KeyedDecodingContainer {
    /// The value of `key`, or `standard` when there is none.
    package func decode<Value: Decodable>(_ key: Key, default standard: @autoclosure () -> Value) throws -> Value {
        try decodeIfPresent(Value.self, forKey: key) ?? standard()
    }
}
