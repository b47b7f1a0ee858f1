import TrawlCore

/// Phrases joined by AND and OR. OR binds tighter, as in infini-gram's queries: `tide OR tides AND moon` asks for the moon
/// together with a tide or tides.
///
/// The operators are words in capitals; a phrase in double quotes may hold them as words.
public struct PhraseQuery: Hashable, Sendable {
    /// All clauses must be met, each by any of its phrases.
    public let clauses: [[String]]

    /// - Throws: `TrawlError.invalidInput` for an operator without a phrase at either side, or a quote that is not closed.
    public init(_ text: String) throws {
        var clauses: [[String]] = [[]]
        var words: [Substring] = []
        var quoted: Substring?
        func finishPhrase(before place: String) throws {
            let phrase = quoted ?? Substring(words.joined(separator: " "))
            guard !phrase.allSatisfy(\.isWhitespace) else {
                throw TrawlError(
                    .invalidInput, "there is no phrase \(place) in '\(text)'",
                    remedy: "give a phrase at both sides of AND and OR, or put the words in double quotes")
            }
            clauses[clauses.count - 1].append(String(phrase))
            words = []
            quoted = nil
        }
        var rest = text[...]
        while true {
            rest = rest.drop(while: \.isWhitespace)
            guard let first = rest.first else { break }
            if first == "\"", words.isEmpty, quoted == nil {
                guard let end = rest.dropFirst().firstIndex(of: "\"") else {
                    throw TrawlError(
                        .invalidInput, "a quote is not closed in '\(text)'", remedy: "close it, or leave it out")
                }
                quoted = rest[rest.index(after: rest.startIndex)..<end]
                rest = rest[rest.index(after: end)...]
                continue
            }
            let word = rest.prefix { !$0.isWhitespace }
            rest = rest[word.endIndex...]
            if word == "OR" {
                try finishPhrase(before: "before OR")
            } else if word == "AND" {
                try finishPhrase(before: "before AND")
                clauses.append([])
            } else if quoted != nil {
                throw TrawlError(
                    .invalidInput, "'\(word)' follows a quoted phrase in '\(text)'",
                    remedy: "put AND or OR between them")
            } else {
                words.append(word)
            }
        }
        try finishPhrase(before: clauses == [[]] ? "at all" : "at the end")
        self.clauses = clauses
    }
}
