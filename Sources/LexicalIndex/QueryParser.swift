import TrawlCore

/// Reads a query with operators:
///
/// ```
/// query    = all ("OR" all)*
/// all      = sequence ("AND" sequence)*
/// sequence = (["+" | "-" | "NOT"] operand)+
/// operand  = ["title:" | "text:"] (word | word* | word~ | word~1 | word~2 | "words" | "(" query ")")
/// ```
///
/// In a sequence, words are optional, phrases and what names a field required; + requires and - or NOT excludes.
struct QueryParser {
    private let tokens: [QueryToken]
    private let end: Int
    private let isLenient: Bool
    private var position = 0
    private var depth = 0

    /// The deepest nesting of parentheses.
    private static let deepest = 50

    init(_ text: String, isLenient: Bool) throws(TrawlError) {
        try self.init(QueryScanner(text, isLenient: isLenient).scan(), text, isLenient: isLenient)
    }

    init(_ tokens: [QueryToken], _ text: String, isLenient: Bool) throws(TrawlError) {
        self.tokens = tokens
        end = text.count + 1
        self.isLenient = isLenient
    }

    /// - Returns: nil for a query without words, and leniently for one that only excludes.
    func parse() throws(TrawlError) -> QueryNode? {
        var parser = self
        var clauses: [QueryNode.Clause] = []
        while parser.position < tokens.count {
            if let node = try parser.any() { clauses.append(.init(.optional, node)) }
            guard parser.position < tokens.count else { break }
            // A parenthesis that closes nothing.
            if !isLenient { throw parser.error("this parenthesis closes none", "remove it, or write \\)") }
            parser.position += 1
        }
        guard let first = clauses.first else { return nil }
        let node = clauses.count == 1 ? first.node : .group(clauses)
        guard Self.excludesOnly(node) else { return node }
        if isLenient { return nil }
        throw .query("the query only excludes", column: 1, remedy: "add a word that passages should have")
    }

    private var token: QueryToken? { position < tokens.count ? tokens[position] : nil }

    private mutating func any() throws(TrawlError) -> QueryNode? {
        var nodes: [QueryNode] = []
        while true {
            let column = token?.column ?? end
            if let node = try all() {
                if Self.excludesOnly(node), token?.kind == .or || !nodes.isEmpty, !isLenient {
                    throw .query(
                        "an alternative only excludes", column: column, remedy: "add a word that passages should have")
                }
                nodes.append(node)
            }
            guard token?.kind == .or else { break }
            try requireOperands()
            position += 1
        }
        return nodes.count > 1 ? .group(nodes.map { .init(.optional, $0) }) : nodes.first
    }

    private mutating func all() throws(TrawlError) -> QueryNode? {
        var nodes: [QueryNode] = []
        while true {
            if let node = try sequence() { nodes.append(node) }
            guard token?.kind == .and else { break }
            try requireOperands()
            position += 1
        }
        guard nodes.count > 1 else { return nodes.first }
        return .group(
            nodes.flatMap { node in
                // "a AND NOT b" excludes b from what has a.
                if case .group(let clauses) = node, Self.excludesOnly(node) { return clauses }
                return [QueryNode.Clause(.required, node)]
            })
    }

    private mutating func sequence() throws(TrawlError) -> QueryNode? {
        var clauses: [QueryNode.Clause] = []
        while let token, token.kind != .or, token.kind != .and, token.kind != .close {
            var isExcluded = token.sign == "-"
            if token.kind == .not {
                position += 1
                guard let next = self.token, next.beginsOperand else {
                    if isLenient { continue }
                    throw error("NOT has nothing to exclude", "write what to exclude; for the word, \\NOT")
                }
                isExcluded = true
                if next.kind == .not { continue }
            }
            guard let first = self.token, let node = try operand(first) else { continue }
            if !isExcluded, first.sign == nil, case .group(let inner) = node, Self.excludesOnly(node) {
                // "a (NOT b)" is "a -b".
                clauses += inner
                continue
            }
            let isRequired = first.sign == "+" || node.isRequiredByItself
            clauses.append(.init(isExcluded ? .excluded : isRequired ? .required : .optional, node))
        }
        if clauses.count == 1, let only = clauses.first, only.occurrence == .optional || only.node.isRequiredByItself,
            only.occurrence != .excluded
        {
            return only.node
        }
        return clauses.isEmpty ? nil : .group(clauses)
    }

    private mutating func operand(_ token: QueryToken) throws(TrawlError) -> QueryNode? {
        position += 1
        switch token.kind {
        case .atom(let atom):
            switch atom.form {
            case .word: return .word(atom.text, token.field)
            case .phrase: return .phrase(atom.text, token.field)
            case .prefix: return .prefix(atom.text, token.field)
            case .fuzzy(let edits):
                return .fuzzy(atom.text, edits: edits ?? (atom.text.count > 5 ? 2 : 1), token.field)
            }
        case .open:
            depth += 1
            defer { depth -= 1 }
            guard depth <= Self.deepest else {
                throw .query(
                    "parentheses are nested deeper than \(Self.deepest)", column: token.column,
                    remedy: "write a simpler query")
            }
            let node = try any()
            if self.token?.kind == .close {
                position += 1
            } else if !isLenient {
                throw .query(
                    "this parenthesis does not close", column: token.column, remedy: "close it, or write \\(")
            }
            return node?.within(token.field)
        case .close, .and, .or, .not: return nil
        }
    }

    /// The operator at hand stands between two operands.
    private func requireOperands() throws(TrawlError) {
        let hasBoth =
            position > 0 && tokens[position - 1].endsOperand && position + 1 < tokens.count
            && tokens[position + 1].beginsOperand
        if hasBoth || isLenient { return }
        let name = token?.kind == .and ? "AND" : "OR"
        throw error("\(name) has nothing on one side", "write a word on both sides; for the word, \\\(name)")
    }

    private static func excludesOnly(_ node: QueryNode) -> Bool {
        if case .group(let clauses) = node { return clauses.allSatisfy { $0.occurrence == .excluded } }
        return false
    }

    private func error(_ what: String, _ remedy: String) -> TrawlError {
        .query(what, column: token?.column ?? end, remedy: remedy)
    }
}
