import TrawlCore
import TrawlCorpus

/// Reads conditions by recursive descent; AND binds tighter than OR, NOT tighter than AND.
struct DocumentConditionParser {
    private typealias Expression = DocumentCondition.Expression
    private typealias Comparison = DocumentCondition.Comparison

    private let text: String
    /// Scalars, since an accent at the start of a text must not hide the quote before it.
    private let scalars: [Unicode.Scalar]
    private var position = 0
    private var depth = 0

    /// Nested deeper than this is refused, which bounds the stack.
    private static let maximumDepth = 100

    init(_ text: String) {
        // Documents are in NFC too.
        self.text = cleaned(text)
        scalars = Array(self.text.unicodeScalars)
    }

    mutating func parse() throws(TrawlError) -> DocumentCondition.Expression {
        let expression = try disjunction()
        skipSpace()
        if position < scalars.count { throw fault("expected AND, OR or the end", at: position) }
        return expression
    }

    // MARK: Expressions

    private mutating func disjunction() throws(TrawlError) -> Expression {
        var parts = [try conjunction()]
        while take(word: "OR") { parts.append(try conjunction()) }
        return parts.count == 1 ? parts[0] : .or(parts)
    }

    private mutating func conjunction() throws(TrawlError) -> Expression {
        var parts = [try negation()]
        while take(word: "AND") { parts.append(try negation()) }
        return parts.count == 1 ? parts[0] : .and(parts)
    }

    private mutating func negation() throws(TrawlError) -> Expression {
        depth += 1
        defer { depth -= 1 }
        if depth > Self.maximumDepth { throw fault("nested deeper than \(Self.maximumDepth) levels", at: position) }
        if take(word: "NOT") { return .not(try negation()) }
        skipSpace()
        let start = position
        if take("(") {
            let inner = try disjunction()
            skipSpace()
            guard take(")") else {
                throw fault("expected AND, OR or the ')' that closes the '(' at column \(start + 1)", at: position)
            }
            return inner
        }
        if take(word: "EXISTS") { return .exists(key: try key()) }
        return try comparison()
    }

    /// A key, and what its values must be.
    private mutating func comparison() throws(TrawlError) -> Expression {
        let isQuoted = startsQuote
        var key = try key()
        var secondWord: Int?
        while true {
            skipSpace()
            if let comparison = takeSign() {
                return .comparison(key: key, comparison, try value(after: comparison.rawValue, inList: false))
            }
            if take(word: "IN") { return .anyOf(key: key, try list()) }
            let start = position
            if take(word: "NOT") {
                if take(word: "IN") { return .not(.anyOf(key: key, try list())) }
                position = start
            }
            if isAtEnd || isAtJoint {
                guard let secondWord else { return .exists(key: key) }
                throw fault("expected \(Self.signs)", at: secondWord)
            }
            // A key of several words, as before a sign.
            guard !isQuoted, !startsQuote, let word = word() else { throw fault("expected \(Self.signs)", at: start) }
            secondWord = secondWord ?? start
            key += " " + word
        }
    }

    private static let signs = "one of = != < <= > >= ^= IN"

    private mutating func key() throws(TrawlError) -> String {
        skipSpace()
        if startsQuote { return try quotedText() }
        let start = position
        guard let word = word(), !["AND", "OR", "IN"].contains(word) else {
            throw fault("expected a key of the metadata", at: start)
        }
        return word
    }

    /// `(en, "two words")`
    private mutating func list() throws(TrawlError) -> [ConditionValue] {
        skipSpace()
        guard take("(") else { throw fault("expected '(' after IN", at: position) }
        var values: [ConditionValue] = []
        repeat {
            values.append(try value(after: values.isEmpty ? "(" : ",", inList: true))
            skipSpace()
        } while take(",")
        guard take(")") else { throw fault("expected ',' or ')'", at: position) }
        return values
    }

    // MARK: Values

    /// A text in quotes, or words up to AND, OR, a `)` that no `(` of the words opened, and in a list up to a comma.
    private mutating func value(after sign: String, inList: Bool) throws(TrawlError) -> ConditionValue {
        skipSpace()
        if startsQuote { return ConditionValue(try quotedText(), isQuoted: true) }
        let start = position
        if let scalar = current, scalar.isOne(of: "=<>!") {
            throw fault("expected a value after '\(sign)'", at: position)
        }
        var end = position
        var open = 0
        while let scalar = current, !(inList && open == 0 && scalar == ",") {
            if scalar == ")", open == 0 { break }
            if scalar.isSpace {
                skipSpace()
                if isAtJoint { break }
                continue
            }
            if position > end, end > start, let sign = signInWord {
                throw fault(
                    "expected AND or OR before '\(sign)'; put a value that has blanks and signs in quotes",
                    at: position)
            }
            while let scalar = current, !scalar.isSpace, !(inList && open == 0 && scalar == ",") {
                if scalar == "(" { open += 1 }
                if scalar == ")" {
                    if open == 0 { break }
                    open -= 1
                }
                position += 1
            }
            end = position
        }
        position = end
        guard end > start else {
            throw fault("expected a value after '\(sign)', such as \"\" for an empty one", at: start)
        }
        return ConditionValue(string(scalars[start..<end]), isQuoted: false)
    }

    /// The word at this place if it has a sign in it: probably a comparison that AND was to join.
    private var signInWord: String? {
        let word = scalars[position...].prefix { !$0.isSpace }
        return word.contains { $0.isOne(of: "=<>") } ? string(word) : nil
    }

    private var startsQuote: Bool { current == "\"" || current == "'" }

    /// The text between two quotes; a backslash stands before a quote or a backslash in it.
    private mutating func quotedText() throws(TrawlError) -> String {
        let start = position
        let quote = scalars[position]
        position += 1
        var text = String.UnicodeScalarView()
        while let scalar = current {
            position += 1
            if scalar == quote { return String(text) }
            if scalar == "\\", let next = current, next == quote || next == "\\" {
                text.append(next)
                position += 1
            } else {
                text.append(scalar)
            }
        }
        throw fault("the quote is not closed", at: start)
    }

    // MARK: Scalars

    private var current: Unicode.Scalar? { position < scalars.count ? scalars[position] : nil }
    private var isAtEnd: Bool { position == scalars.count }

    /// Whether AND, OR or a closing parenthesis comes next.
    private var isAtJoint: Bool {
        if current == ")" { return true }
        var copy = self
        return copy.take(word: "AND") || copy.take(word: "OR")
    }

    private mutating func skipSpace() { while let scalar = current, scalar.isSpace { position += 1 } }

    private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard current == scalar else { return false }
        position += 1
        return true
    }

    /// Takes an operator that is a word; it ends at a blank, a parenthesis, a quote or the end.
    private mutating func take(word: String) -> Bool {
        let before = position
        skipSpace()
        let end = position + word.unicodeScalars.count
        if end <= scalars.count, scalars[position..<end].elementsEqual(word.unicodeScalars),
            end == scalars.count || scalars[end].isSpace || scalars[end].isOne(of: "()\"'")
        {
            position = end
            return true
        }
        position = before
        return false
    }

    private mutating func takeSign() -> Comparison? {
        for comparison in Comparison.allCases
        where scalars[position...].starts(with: comparison.rawValue.unicodeScalars) {
            position += comparison.rawValue.unicodeScalars.count
            return comparison
        }
        return nil
    }

    /// A word of a key: up to a blank, a parenthesis, a comma, a quote or a sign.
    private mutating func word() -> String? {
        let start = position
        while let scalar = current, Self.isKeyScalar(scalar) {
            if scalar.isOne(of: "!^"), position + 1 < scalars.count, scalars[position + 1] == "=" { break }
            position += 1
        }
        return position > start ? string(scalars[start..<position]) : nil
    }

    private static func isKeyScalar(_ scalar: Unicode.Scalar) -> Bool {
        !scalar.isSpace && !scalar.isOne(of: "()=<>,\"'")
    }

    private func string(_ scalars: some Sequence<Unicode.Scalar>) -> String {
        var text = String.UnicodeScalarView()
        text.append(contentsOf: scalars)
        return String(text)
    }

    private func fault(_ message: String, at position: Int) -> TrawlError {
        let rest = scalars[position...].prefix { !$0.isSpace }.prefix(20)
        let found = rest.isEmpty ? "the end" : "'\(string(rest))'"
        let detail = message.hasPrefix("expected") ? "\(message), found \(found)" : message
        return TrawlError(
            .invalidInput,
            "invalid filter '\(text.count > 200 ? text.prefix(200) + "…" : text[...])' at column \(position + 1): \(detail)",
            remedy: "write comparisons such as year>=1999 or lang IN (en, de), joined by AND, OR and NOT")
    }
}

// MARK: Writing

extension DocumentConditionParser {
    static func quoted(_ text: String) -> String {
        var quoted = "\"".unicodeScalars
        for scalar in text.unicodeScalars {
            if scalar.isOne(of: "\"\\") { quoted.append("\\") }
            quoted.append(scalar)
        }
        quoted.append("\"")
        return String(quoted)
    }

    /// `key` as a condition names it.
    static func spelt(key: String) -> String {
        let isPlain =
            !key.isEmpty && key.unicodeScalars.allSatisfy { isKeyScalar($0) && !$0.isOne(of: "!^\\") }
            && !["AND", "OR", "NOT", "IN", "EXISTS"].contains(key)
        return isPlain ? key : quoted(key)
    }

    /// Whether `text` is read as one value without quotes, in a list too.
    static func isPlain(value text: String) -> Bool {
        let words = text.unicodeScalars.split(separator: " ", omittingEmptySubsequences: false)
        return words.allSatisfy { word in
            !word.isEmpty && !["AND", "OR"].contains(String(word))
                && word.allSatisfy { !$0.isSpace && !$0.isOne(of: "()=<>!,\"'\\") }
        }
    }
}

extension Unicode.Scalar {
    fileprivate var isSpace: Bool { properties.isWhitespace }

    fileprivate func isOne(of signs: String) -> Bool { signs.unicodeScalars.contains(self) }
}
