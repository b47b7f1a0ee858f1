public import TrawlCore

/// A condition on a document's metadata, its id and its title, such as `year>=1999 AND NOT lang IN (de, fr)`.
///
/// Comparisons are joined by AND, OR and NOT, in capitals, and grouped by parentheses:
///
/// ```
/// year>=1999   lang!=en   name=Jane Doe   zip="00501"   also = != < <= >
/// path ^= docs/                begins with
/// lang IN (en, de)             one of several; also NOT IN
/// EXISTS author, or author     has a value
/// ```
///
/// `id` and `title` are the document's own. A key with several values meets a comparison if one of the values does. `!=` and
/// NOT IN are the opposites of `=` and IN, so that documents without the key meet them and no other comparison.
///
/// - Numbers are compared exactly. A string is never equal to a number that is spelt otherwise: "00501" is not 501, and
///   "1.10" is not 1.1. A string that is spelt as a number is ordered as one; a number and what is not one are not ordered.
/// - Dates in ISO 8601 are compared as points in time, in UTC without a time zone. One without a day or a time is the whole
///   period: `date=2024-05` finds every day of May, `date<=2024-05` includes the last. Documents' dates count from their start.
/// - All else is compared as text, by the code points; so is a value in quotes, whatever it looks like.
public struct DocumentCondition: Hashable, Sendable {
    public enum Comparison: String, CaseIterable, Sendable {
        // Longer signs first: `>=` must not be read as `>`.
        case atLeast = ">="
        case atMost = "<="
        case notEqual = "!="
        case hasPrefix = "^="
        case equal = "="
        case greater = ">"
        case less = "<"
    }

    indirect enum Expression: Hashable, Sendable {
        case comparison(key: String, Comparison, ConditionValue)
        case anyOf(key: String, [ConditionValue])
        case exists(key: String)
        case not(Expression)
        case and([Expression])
        case or([Expression])
    }

    let expression: Expression

    init(_ expression: Expression) { self.expression = expression }

    /// Compares the values of `key` with `value`, which is read as it would be without quotes.
    public init(key: String, comparison: Comparison, value: String) {
        self.init(.comparison(key: key, comparison, ConditionValue(value, isQuoted: false)))
    }

    /// Reads an expression.
    ///
    /// - Throws: `TrawlError.invalidInput` that names the column and what was expected there.
    public init(_ text: String) throws(TrawlError) {
        var parser = DocumentConditionParser(text)
        expression = try parser.parse()
    }

    /// Whether the condition holds for a document with these values; `values` gives those of a key.
    func isMet(_ values: (String) -> [MetadataValue]) -> Bool { expression.isMet(values) }

    /// The keys whose values the condition asks for.
    var keys: Set<String> { expression.keys(where: { _ in true }) }

    /// The keys that it compares, and does not only ask for their presence.
    var comparedKeys: Set<String> {
        expression.keys { if case .exists = $0 { false } else { true } }
    }
}

extension DocumentCondition.Expression {
    func isMet(_ values: (String) -> [MetadataValue]) -> Bool {
        switch self {
        case .comparison(let key, .notEqual, let value):
            return !values(key).contains { value.isMet(.equal, by: $0) }
        case .comparison(let key, let comparison, let value):
            return values(key).contains { value.isMet(comparison, by: $0) }
        case .anyOf(let key, let wanted):
            let values = values(key)
            return wanted.contains { value in values.contains { value.isMet(.equal, by: $0) } }
        case .exists(let key): return !values(key).isEmpty
        case .not(let part): return !part.isMet(values)
        case .and(let parts): return parts.allSatisfy { $0.isMet(values) }
        case .or(let parts): return parts.contains { $0.isMet(values) }
        }
    }

    fileprivate func keys(where isIncluded: (Self) -> Bool) -> Set<String> {
        switch self {
        case .comparison(let key, _, _), .anyOf(let key, _), .exists(let key): isIncluded(self) ? [key] : []
        case .not(let part): part.keys(where: isIncluded)
        case .and(let parts), .or(let parts):
            parts.reduce(into: []) { $0.formUnion($1.keys(where: isIncluded)) }
        }
    }
}

/// As `init(_:)` reads it.
extension DocumentCondition: CustomStringConvertible {
    public var description: String { expression.description }
}

extension DocumentCondition.Expression: CustomStringConvertible {
    var description: String {
        switch self {
        case .comparison(let key, let comparison, let value):
            DocumentConditionParser.spelt(key: key) + comparison.rawValue + value.description
        case .anyOf(let key, let values):
            DocumentConditionParser.spelt(key: key)
                + " IN (\(values.map(\.description).joined(separator: ", ")))"
        case .exists(let key): "EXISTS " + DocumentConditionParser.spelt(key: key)
        case .not(let part): "NOT " + part.grouped
        case .and(let parts): parts.map(\.grouped).joined(separator: " AND ")
        case .or(let parts): parts.map(\.grouped).joined(separator: " OR ")
        }
    }

    private var grouped: String {
        switch self {
        case .and, .or: "(\(description))"
        default: description
        }
    }
}
