import TrawlCore

/// A piece of a query with operators.
struct QueryToken: Equatable {
    enum Kind: Equatable {
        case open, close, and, or, not
        case atom(Atom)
    }

    struct Atom: Equatable {
        enum Form: Equatable {
            case word, phrase, prefix
            /// nil: as many edits as suit the word's length.
            case fuzzy(edits: Int?)
        }

        /// Without quotes and backslashes.
        var text: String
        var form: Form
    }

    var kind: Kind
    /// Counted in characters from 1.
    let column: Int
    /// + or - before it.
    var sign: Character?
    var field: QueryField?

    var beginsOperand: Bool {
        switch kind {
        case .open, .atom, .not: true
        default: false
        }
    }

    var endsOperand: Bool {
        switch kind {
        case .close, .atom: true
        default: false
        }
    }

    /// Whether the token has an operator that is not written by chance.
    var isUnambiguous: Bool {
        if field != nil || sign != nil { return true }
        guard case .atom(let atom) = kind else { return false }
        switch atom.form {
        case .word: return false
        case .phrase: return atom.text.split { !$0.isLetter && !$0.isNumber }.count > 1
        case .prefix: return atom.text.count > 1 || !atom.text.utf8.allSatisfy { $0 < 0x80 }
        case .fuzzy(let edits): return edits != nil
        }
    }
}

/// Cuts a query into tokens.
struct QueryScanner {
    private let characters: [Character]
    /// Whether what would be an error is text.
    private let isLenient: Bool
    private var position = 0
    private var tokens: [QueryToken] = []

    private static let quotes: Set<Character> = ["\"", "“", "”", "„"]

    init(_ text: String, isLenient: Bool) {
        characters = Array(text)
        self.isLenient = isLenient
    }

    func scan() throws(TrawlError) -> [QueryToken] {
        var scanner = self
        while scanner.position < scanner.characters.count { try scanner.next() }
        return scanner.tokens
    }

    private mutating func next() throws(TrawlError) {
        let first = characters[position]
        let column = position + 1
        if first.isWhitespace {
            position += 1
            return
        }
        if first == ")" {
            position += 1
            tokens.append(QueryToken(kind: .close, column: column))
            return
        }
        let sign = takeSign()
        let field = try takeField()
        guard position < characters.count else { return }
        let kind: QueryToken.Kind
        if characters[position] == "(" {
            position += 1
            kind = .open
        } else if Self.quotes.contains(characters[position]), let phrase = try takePhrase() {
            kind = .atom(phrase)
        } else {
            kind = try takeWord(isOperator: sign == nil && field == nil)
        }
        if case .atom(let atom) = kind, !atom.text.contains(where: Self.isText) { return }
        tokens.append(QueryToken(kind: kind, column: column, sign: sign, field: field))
    }

    /// Letters, digits, and pictures: punctuation alone is no word.
    private static func isText(_ character: Character) -> Bool {
        character.isLetter || character.isNumber || character == "_"
            || character.unicodeScalars.contains { $0.properties.isEmoji && $0.value > 0x7F }
    }

    /// A + or - that stands before what it belongs to and after a space. Leniently, it must stand before two letters, a quote or
    /// a parenthesis: "-20 degrees" and "- 5" have none.
    private mutating func takeSign() -> Character? {
        let sign = characters[position]
        guard sign == "+" || sign == "-", position + 1 < characters.count else { return nil }
        if position > 0, !characters[position - 1].isWhitespace, characters[position - 1] != "(" { return nil }
        let rest = characters[(position + 1)...]
        guard let first = rest.first, !first.isWhitespace, first != sign else { return nil }
        if isLenient, !Self.quotes.contains(first), first != "(" {
            guard rest.prefix(2).count == 2, rest.prefix(2).allSatisfy(\.isLetter) else { return nil }
        }
        position += 1
        return sign
    }

    /// The name of a field and its colon.
    private mutating func takeField() throws(TrawlError) -> QueryField? {
        var end = position
        while end < characters.count, characters[end].isLetter { end += 1 }
        guard end > position, end + 1 < characters.count, characters[end] == ":", !characters[end + 1].isWhitespace
        else { return nil }
        let name = String(characters[position..<end])
        guard let field = QueryField(rawValue: name) else {
            if isLenient || characters[end + 1] == "/" { return nil }
            throw error("there is no field \"\(name)\"", "the fields are title and text; for a colon, write \(name)\\:")
        }
        position = end + 1
        return field
    }

    /// A phrase in quotes; nil leniently, where the quotes do not close, or not at the end of a word.
    private mutating func takePhrase() throws(TrawlError) -> QueryToken.Atom? {
        var text = ""
        var end = position + 1
        while end < characters.count, !Self.quotes.contains(characters[end]) {
            if characters[end] == "\\", end + 1 < characters.count { end += 1 }
            text.append(characters[end])
            end += 1
        }
        guard end < characters.count else {
            if isLenient { return nil }
            throw error("the quote does not close", "close it, or write \\\" for a quote")
        }
        if isLenient, end + 1 < characters.count, characters[end + 1].isLetter || characters[end + 1].isNumber {
            return nil
        }
        if !isLenient, !text.contains(where: Self.isText) {
            throw error("the phrase has no word", "write words between the quotes")
        }
        position = end + 1
        return QueryToken.Atom(text: text, form: .phrase)
    }

    private mutating func takeWord(isOperator: Bool) throws(TrawlError) -> QueryToken.Kind {
        let start = position
        var text = ""
        /// For each character of `text`, whether a backslash stood before it.
        var escaped: [Bool] = []
        while position < characters.count, !characters[position].isWhitespace, !")(".contains(characters[position]) {
            let isEscaped = characters[position] == "\\" && position + 1 < characters.count
            if isEscaped { position += 1 }
            if !isEscaped, !isLenient, Self.quotes.contains(characters[position]) {
                throw error("there is a quote within a word", "put a space before it, or write \\\" for a quote")
            }
            text.append(characters[position])
            escaped.append(isEscaped)
            position += 1
        }
        if isOperator, !escaped.contains(true) {
            switch text {
            case "AND": return .and
            case "OR": return .or
            case "NOT": return .not
            default: break
            }
        }
        return .atom(try form(of: text, escaped, column: start + 1))
    }

    /// Reads the operator at the end of a word.
    private func form(of text: String, _ escaped: [Bool], column: Int) throws(TrawlError) -> QueryToken.Atom {
        let letters = Array(text)
        func isOperator(_ index: Int, _ sign: Character) -> Bool {
            letters.indices.contains(index) && letters[index] == sign && !escaped[index]
        }
        if letters.count > 1, isOperator(letters.count - 1, "*") {
            let stem = letters.dropLast()
            if stem.allSatisfy({ $0.isLetter || $0.isNumber || "_-'’".contains($0) }) {
                return .init(text: String(stem), form: .prefix)
            }
        }
        if letters.count > 1, isOperator(letters.count - 1, "~") {
            return .init(text: String(letters.dropLast()), form: .fuzzy(edits: nil))
        }
        if letters.count > 2, isOperator(letters.count - 2, "~"), let edits = letters.last?.wholeNumberValue {
            if (1...2).contains(edits) {
                return .init(text: String(letters.dropLast(2)), form: .fuzzy(edits: edits))
            }
            if !isLenient {
                throw error(
                    "a word may be 1 or 2 edits away, not \(edits)", "write ~1 or ~2; for a tilde, \\~",
                    column: column + letters.count - 2)
            }
        }
        if !isLenient, let star = letters.indices.first(where: { isOperator($0, "*") }) {
            throw error(
                "a star stands for the end of a word only",
                "put it after the beginning of a word; for a star, write \\*",
                column: column + star)
        }
        return .init(text: text, form: .word)
    }

    private func error(_ what: String, _ remedy: String, column: Int? = nil) -> TrawlError {
        .query(what, column: column ?? position + 1, remedy: remedy)
    }
}

extension TrawlError {
    /// An error in the syntax of a query.
    static func query(_ what: String, column: Int, remedy: String) -> TrawlError {
        TrawlError(.invalidInput, "query, column \(column): \(what)", remedy: remedy)
    }
}
