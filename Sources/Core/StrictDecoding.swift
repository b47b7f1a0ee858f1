/// A key of any name, to see what a file really holds.
private struct AnyKey: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init?(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
}

extension CodingUserInfoKey {
    /// The name of what a decoder's values belong to, which stands before all paths in messages.
    package static let settingGroup = CodingUserInfoKey(rawValue: "trawl.settingGroup")
}

extension Decoder {
    /// A container that refuses keys which `Key` does not know: a misspelt setting must not be a silent default.
    package func strictContainer<Key: CodingKey & CaseIterable>(keyedBy type: Key.Type) throws
        -> KeyedDecodingContainer<Key>
    {
        let known = Key.allCases.map(\.stringValue)
        for key in try container(keyedBy: AnyKey.self).allKeys.map(\.stringValue).sorted() where !known.contains(key) {
            let group = CodingUserInfoKey.settingGroup.flatMap { userInfo[$0] as? String }
            let path =
                (group.map { [$0] } ?? []) + codingPath.map { $0.intValue.map { "\($0)" } ?? $0.stringValue } + [key]
            throw TrawlError(
                .invalidInput, "unknown setting \"\(path.joined(separator: "."))\"",
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
