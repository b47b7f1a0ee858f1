public import TrawlCore
public import TrawlTokenizers

/// The properties of tokens that training needs.
public struct GeneratorVocabulary: Sendable {
    /// By token: whether it begins a word of letters or digits.
    public let beginsWord: [Bool]
    /// The tokens that end a sentence.
    public let sentenceEnds: Set<TokenID>

    /// A piece begins a word if the vocabulary marks it so (`Ġ` in byte-pair vocabularies, `▁` in SentencePiece's). In
    /// WordPiece's it begins a word unless it is marked as a continuation (`##`).
    public init(_ tokenizer: Tokenizer) {
        let tokens = (0..<tokenizer.vocabularySize).map { tokenizer.token(for: TokenID($0)) ?? "" }
        let mark = ["Ġ", "▁"].first { mark in tokens.contains { $0.hasPrefix(mark) && $0.count > 1 } }
        beginsWord = tokens.enumerated().map { id, token in
            guard !tokenizer.isSpecial(TokenID(id)) else { return false }
            if let mark {
                return token.hasPrefix(mark) && (token.dropFirst().first.map { $0.isLetter || $0.isNumber } ?? false)
            }
            return token.first.map { $0.isLetter || $0.isNumber } ?? false
        }
        sentenceEnds = Set(
            tokens.enumerated().filter { [".", "?", "!", "。", "？", "！"].contains($0.element) }.map {
                TokenID($0.offset)
            })
    }
}
