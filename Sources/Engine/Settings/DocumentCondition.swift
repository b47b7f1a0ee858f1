import Foundation
public import TrawlCore

/// A condition on a document's metadata, such as `year>=1999` or `language=en`.
///
/// Values that are both numbers are compared as such, others as text, so that dates like 2024-05-01 compare in time. A
/// document without the field meets no condition but `!=`.
public struct DocumentCondition: Equatable, Sendable, CustomStringConvertible {
    public enum Comparison: String, CaseIterable, Sendable {
        // Longer signs first: `>=` must not be read as `>`.
        case atLeast = ">="
        case atMost = "<="
        case notEqual = "!="
        case equal = "="
        case greater = ">"
        case less = "<"
    }

    public let field: String
    public let comparison: Comparison
    public let value: String

    public init(field: String, comparison: Comparison, value: String) {
        self.field = field
        self.comparison = comparison
        self.value = value
    }

    /// Reads a field, a sign and a value; blanks around them do not count.
    ///
    /// - Throws: `TrawlError.invalidInput` for anything else.
    public init(_ text: String) throws(TrawlError) {
        // The first sign, and of those at one offset the longest.
        var found: (comparison: Comparison, range: Range<String.Index>)?
        for comparison in Comparison.allCases {
            guard let range = text.range(of: comparison.rawValue) else { continue }
            if let before = found, before.range.lowerBound <= range.lowerBound { continue }
            found = (comparison, range)
        }
        let field = found.map { text[..<$0.range.lowerBound].trimmingCharacters(in: .whitespaces) } ?? ""
        guard let found, !field.isEmpty else {
            throw TrawlError(
                .invalidInput, "invalid filter '\(text)'",
                remedy: "write a field of the documents' metadata, one of = != < <= > >=, and a value: year>=1999")
        }
        self.init(
            field: field, comparison: found.comparison,
            value: text[found.range.upperBound...].trimmingCharacters(in: .whitespaces))
    }

    /// As `init(_:)` reads it.
    public var description: String { field + comparison.rawValue + value }

    func isMet(by metadata: [String: String]) -> Bool {
        guard let stored = metadata[field] else { return comparison == .notEqual }
        if let a = Double(stored), let b = Double(value), a.isFinite, b.isFinite { return isMet(a, b) }
        return isMet(stored, value)
    }

    private func isMet<Value: Comparable>(_ stored: Value, _ wanted: Value) -> Bool {
        switch comparison {
        case .equal: stored == wanted
        case .notEqual: stored != wanted
        case .less: stored < wanted
        case .atMost: stored <= wanted
        case .greater: stored > wanted
        case .atLeast: stored >= wanted
        }
    }
}
