import Foundation
import TrawlCore
import TrawlCorpus
import TrawlTokenizers

/// Which ways of writing a phrase count as the phrase.
public struct PhraseVariants: Hashable, Sendable {
    /// Lower case, capitalised, every word capitalised and capitals.
    public var anyCase: Bool
    /// Also where no space precedes it: after a bracket, or at the end of a longer word.
    public var anySpace: Bool

    public init(anyCase: Bool = false, anySpace: Bool = false) {
        self.anyCase = anyCase
        self.anySpace = anySpace
    }
}

/// The n-grams that a phrase may be in the corpus.
struct PhraseForms {
    let tokenizer: Tokenizer
    let variants: PhraseVariants

    /// - Throws: `TrawlError.invalidInput` when the phrase has no tokens.
    func ngrams(of phrase: String) throws -> [PhraseTokens] {
        // As documents are.
        let words = cleaned(phrase).split(whereSeparator: \.isWhitespace).joined(separator: " ")
        var forms = [words]
        if variants.anyCase {
            let capitalised = words.prefix(1).uppercased() + words.dropFirst()
            forms += [words.lowercased(), capitalised, words.capitalized, words.uppercased()]
        }
        var ngrams: [PhraseTokens] = []
        for form in forms where !form.isEmpty {
            for space in variants.anySpace ? [" ", ""] : [" "] {
                let ngram = PhraseTokens(space + form, tokenizer)
                if !ngram.tokens.isEmpty, !ngrams.contains(ngram) { ngrams.append(ngram) }
            }
        }
        guard !ngrams.isEmpty else {
            throw TrawlError(.invalidInput, "the phrase \"\(phrase)\" has no tokens", remedy: "give at least one word")
        }
        return ngrams
    }
}
