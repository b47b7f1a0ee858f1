/// A value that a condition compares those of documents with; see `DocumentCondition` for the rules.
struct ConditionValue: Hashable, Sendable {
    let text: String
    /// Nil for text, which a value in quotes always is. `2024` is both.
    private let number: DecimalNumber?
    private let period: DatePeriod?

    init(_ text: String, isQuoted: Bool) {
        self.text = text
        number = isQuoted ? nil : DecimalNumber(text)
        period = isQuoted ? nil : DatePeriod(text)
    }

    func isMet(_ comparison: DocumentCondition.Comparison, by stored: MetadataValue) -> Bool {
        switch comparison {
        case .hasPrefix: return stored.text.utf8.starts(with: text.utf8)
        case .notEqual: return !isMet(.equal, by: stored)
        default: break
        }
        if let number {
            if let other = DecimalNumber(stored.text) {
                // Of two strings, "1.10" and "1.1" are not the same version.
                if comparison == .equal, !stored.isJSON { return isSame(stored.text) }
                return Self.holds(comparison, other, number)
            }
            // "00501" is text to which no number is equal.
            guard period != nil, DatePeriod(stored.text) != nil else {
                return comparison == .equal && isSame(stored.text)
            }
        }
        if let period, let other = DatePeriod(stored.text) {
            switch comparison {
            case .equal: return period.contains(other)
            case .less: return other.start < period.start
            case .atMost: return other.start < period.end
            case .greater: return other.start >= period.end
            default: return other.start >= period.start
            }
        }
        return Self.holds(comparison, CodePoints(stored.text), CodePoints(text))
    }

    private func isSame(_ other: String) -> Bool { other.utf8.elementsEqual(text.utf8) }

    private static func holds<Value: Comparable>(
        _ comparison: DocumentCondition.Comparison, _ stored: Value, _ wanted: Value
    ) -> Bool {
        switch comparison {
        case .less: stored < wanted
        case .atMost: stored <= wanted
        case .greater: stored > wanted
        case .atLeast: stored >= wanted
        default: stored == wanted
        }
    }
}

extension ConditionValue: CustomStringConvertible {
    /// In quotes where they are needed to read the same value again.
    var description: String {
        let isPlain = DocumentConditionParser.isPlain(value: text) && ConditionValue(text, isQuoted: false) == self
        return isPlain ? text : DocumentConditionParser.quoted(text)
    }
}

/// Text in the order of its code points, which that of its bytes in UTF-8 is.
private struct CodePoints: Comparable {
    let text: String

    init(_ text: String) { self.text = text }

    static func == (a: CodePoints, b: CodePoints) -> Bool { a.text.utf8.elementsEqual(b.text.utf8) }
    static func < (a: CodePoints, b: CodePoints) -> Bool { a.text.utf8.lexicographicallyPrecedes(b.text.utf8) }
}
