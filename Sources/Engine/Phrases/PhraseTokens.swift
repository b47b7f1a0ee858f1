import Foundation
import TrawlCore
import TrawlCorpus
import TrawlTokenizers

/// The tokens of a text. The vocabulary of some tokenizers lacks characters, and one token stands for all of these, so what it
/// stands for is kept beside it: "launch 🎉" does not occur where "launch 🚀" does.
struct PhraseTokens: Hashable, Sendable {
    let tokens: [TokenID]
    /// The normalised text of each unknown token, by its position.
    let unknown: [Int: String]

    /// Tokens of an index, none of which is unknown.
    init(known tokens: [TokenID]) {
        self.tokens = tokens
        unknown = [:]
    }

    /// - Parameter dropped: a token that is left out, such as a boundary.
    init(_ text: String, _ tokenizer: Tokenizer, dropping dropped: TokenID? = nil) {
        let ids = tokenizer.textTokens(text)
        guard let unknownToken = tokenizer.unkID, ids.contains(unknownToken) else {
            tokens = ids.filter { $0 != dropped }
            unknown = [:]
            return
        }
        let encoding = tokenizer.encode(text, addSpecialTokens: false, splitsSpecialTokens: true)
        var tokens: [TokenID] = []
        var unknown: [Int: String] = [:]
        for (id, offsets) in zip(encoding.ids, encoding.offsets) where id != dropped {
            if id == unknownToken { unknown[tokens.count] = Self.normalized(text.substring(utf8: offsets), tokenizer) }
            tokens.append(id)
        }
        self.tokens = tokens
        self.unknown = unknown
    }

    /// The text of an unknown token, normalised as `unknown` has it.
    static func normalized(_ text: String, _ tokenizer: Tokenizer) -> String {
        // Some normalisers put blanks around a character.
        tokenizer.normalized(text).trimmingCharacters(in: .whitespaces)
    }

    /// Where these tokens are in `other`.
    func occurrences(in other: PhraseTokens) -> [Range<Int>] {
        guard let first = tokens.first, tokens.count <= other.tokens.count else { return [] }
        return (0...(other.tokens.count - tokens.count)).compactMap { start in
            let end = start + tokens.count
            guard other.tokens[start] == first, other.tokens[start..<end].elementsEqual(tokens),
                unknown.allSatisfy({ other.unknown[start + $0.key] == $0.value })
            else { return nil }
            return start..<end
        }
    }
}
