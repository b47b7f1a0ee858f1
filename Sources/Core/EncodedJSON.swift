internal import Foundation

extension [UInt8] {
    /// `value` as JSON on one line: keys in order, control characters escaped.
    package init(json value: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        self = Array(try encoder.encode(value)).withJSONControlsEscaped
    }
}
