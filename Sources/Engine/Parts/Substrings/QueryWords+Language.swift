import TrawlGeneration
import TrawlLexicalIndex
import TrawlTokenizers

extension QueryWords {
    /// The words of the language that the index analyses text in, and the tokens of its tokenizer.
    init(_ analysis: AnalyzerSettings, _ tokenizer: Tokenizer) {
        let words = LanguageWords(analysis)
        // Byte-pair vocabularies mark a token that begins a word, as SentencePiece's do; WordPiece's mark the others.
        let first = tokenizer.encodeIDs(" a", addSpecialTokens: false).first.flatMap(tokenizer.token(for:)) ?? ""
        let mark = ["Ġ", "▁"].first { first.hasPrefix($0) }
        self.init(
            isStopWord: words.isStopWord, inflections: words.inflections,
            token: { id in
                let text = tokenizer.token(for: id) ?? ""
                if let mark {
                    let begins = text.hasPrefix(mark)
                    let rest = begins ? text.dropFirst(mark.count) : text[...]
                    // Punctuation has no mark either, but does not continue the word before it.
                    return (String(rest), begins || !(rest.first.map { $0.isLetter || $0.isNumber } ?? false))
                }
                return text.hasPrefix("##") && text.count > 2 ? (String(text.dropFirst(2)), false) : (text, true)
            })
    }
}
