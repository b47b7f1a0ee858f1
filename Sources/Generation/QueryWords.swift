public import TrawlCore

/// What a language knows of words, as generative search needs it: which of them say nothing in a query, what other forms they
/// have, and which tokens begin them.
public struct QueryWords: Sendable {
    /// Whether a word, in small letters, is too common to tell passages apart.
    public let isStopWord: @Sendable (String) -> Bool
    /// Other forms of a word in small letters that a passage may have in its place, such as the plural; empty for languages
    /// whose forms are not known.
    public let inflections: @Sendable (String) -> [String]
    /// The text of a token without marks, and whether it begins a word.
    public let token: @Sendable (TokenID) -> (text: String, beginsWord: Bool)

    public init(
        isStopWord: @escaping @Sendable (String) -> Bool = { _ in false },
        inflections: @escaping @Sendable (String) -> [String] = { _ in [] },
        token: @escaping @Sendable (TokenID) -> (text: String, beginsWord: Bool) = { ("\($0)", true) }
    ) {
        self.isStopWord = isStopWord
        self.inflections = inflections
        self.token = token
    }

    /// Whether a token begins a word that may tell passages apart. An n-gram that begins with another says little: "it is used".
    @Sendable
    func isContent(_ token: TokenID) -> Bool {
        let (text, beginsWord) = self.token(token)
        return beginsWord && text.contains { $0.isLetter || $0.isNumber } && !isStopWord(text.lowercased())
    }

    /// What the words of an n-gram look like.
    struct Shape: Hashable {
        var words = 0
        var hasOnlyStopWords = true
        var beginsWithinWord = false
        var endsInStopWord = false
    }

    /// Punctuation counts as a stop word.
    func shape(of tokens: [TokenID]) -> Shape {
        var shape = Shape()
        var word = ""
        func end() {
            guard !word.isEmpty else { return }
            let isWord = word.contains { $0.isLetter || $0.isNumber }
            shape.endsInStopWord = !isWord || isStopWord(word.lowercased())
            if isWord { shape.words += 1 }
            if !shape.endsInStopWord { shape.hasOnlyStopWords = false }
            word = ""
        }
        for (index, token) in tokens.enumerated() {
            let (text, beginsWord) = self.token(token)
            if index == 0 { shape.beginsWithinWord = !beginsWord }
            if beginsWord { end() }
            word += text
        }
        end()
        return shape
    }
}
