public import TrawlCore

/// How the text of a query is read.
public enum QuerySyntax: String, Codable, CaseIterable, Sendable {
    /// As words; no character is an operator.
    case plain
    /// With operators; what cannot be read is an error.
    case full
    /// With operators if the query has one that nobody writes by chance, else as words. Nothing is an error.
    case auto

    /// The query with operators that `text` is; nil for words.
    ///
    /// - Throws: `TrawlError.invalidInput` that names the column, for `full` alone.
    public func parse(_ text: String) throws(TrawlError) -> QueryNode? {
        switch self {
        case .plain: return nil
        case .full: return try QueryParser(text, isLenient: false).parse()
        case .auto:
            let tokens = try QueryScanner(text, isLenient: true).scan()
            guard Self.isStructured(tokens) else { return nil }
            return try QueryParser(tokens, text, isLenient: true).parse()
        }
    }

    /// Whether the tokens have an operator that is surely meant as one.
    private static func isStructured(_ tokens: [QueryToken]) -> Bool {
        if tokens.contains(where: \.isUnambiguous) { return true }
        // "WAR AND PEACE" is a title.
        let hasSmallLetters = tokens.contains { token in
            if case .atom(let atom) = token.kind { return atom.text.contains(where: \.isLowercase) }
            return false
        }
        return hasSmallLetters
            && tokens.indices.dropFirst().dropLast().contains { index in
                guard tokens[index].kind == .and || tokens[index].kind == .or else { return false }
                return tokens[index - 1].endsOperand && tokens[index + 1].beginsOperand
            }
    }
}

/// The parts of passages that a query may name.
public enum QueryField: String, CaseIterable, Sendable {
    case title, text
}

/// A query with operators.
public indirect enum QueryNode: Equatable, Sendable {
    case word(String, QueryField? = nil)
    /// Words next to each other, in any of their forms.
    case phrase(String, QueryField? = nil)
    /// Words that begin so.
    case prefix(String, QueryField? = nil)
    /// Words at most so many edits away.
    case fuzzy(String, edits: Int, QueryField? = nil)
    case group([Clause])

    /// A part of a group.
    public struct Clause: Equatable, Sendable {
        public var occurrence: Occurrence
        public var node: QueryNode

        public init(_ occurrence: Occurrence, _ node: QueryNode) {
            self.occurrence = occurrence
            self.node = node
        }
    }

    /// What a clause demands of the passages of its group. Of clauses that are optional, one must match if none is required.
    public enum Occurrence: Sendable {
        case optional, required, excluded
    }

    /// The words of the query without operators and without what it excludes, as models read them.
    public var plainText: String {
        switch self {
        case .word(let text, _), .phrase(let text, _), .prefix(let text, _), .fuzzy(let text, _, _): text
        case .group(let clauses):
            clauses.filter { $0.occurrence != .excluded }.map(\.node.plainText).filter { !$0.isEmpty }
                .joined(separator: " ")
        }
    }

    /// The words that the query looks for as they are.
    public var exactWords: String {
        switch self {
        case .word(let text, _), .phrase(let text, _): text
        case .prefix, .fuzzy: ""
        case .group(let clauses):
            clauses.filter { $0.occurrence != .excluded }.map(\.node.exactWords).filter { !$0.isEmpty }
                .joined(separator: " ")
        }
    }

    /// Whether passages must have it even without a sign: phrases, and what names a field.
    var isRequiredByItself: Bool {
        switch self {
        case .phrase: true
        case .word(_, let field), .prefix(_, let field), .fuzzy(_, _, let field): field != nil
        case .group: false
        }
    }

    /// This query with `field` for the parts that name none.
    func within(_ field: QueryField?) -> QueryNode {
        guard let field else { return self }
        switch self {
        case .word(let text, let own): return .word(text, own ?? field)
        case .phrase(let text, let own): return .phrase(text, own ?? field)
        case .prefix(let text, let own): return .prefix(text, own ?? field)
        case .fuzzy(let text, let edits, let own): return .fuzzy(text, edits: edits, own ?? field)
        case .group(let clauses): return .group(clauses.map { Clause($0.occurrence, $0.node.within(field)) })
        }
    }
}
