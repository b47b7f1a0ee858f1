import TrawlCore
import TrawlSubstringIndex
import TrawlTokenizers

/// Where phrases occur in an index. Those that hold unknown tokens are looked up in the text of the passages that hold the
/// same tokens; all others in the substring index alone.
final class PhraseOccurrences {
    private let index: SubstringIndex
    private let tokenizer: Tokenizer
    private let texts: PassageTokenReader
    /// The passages of phrases with unknown tokens, which take reading.
    private var verified: [PhraseTokens: [PassageCount]] = [:]

    init(_ index: SubstringIndex, _ tokenizer: Tokenizer, _ texts: PassageTokenReader) {
        self.index = index
        self.tokenizer = tokenizer
        self.texts = texts
    }

    func count(of phrase: PhraseTokens) throws -> Int {
        if phrase.unknown.isEmpty { return index.count(of: phrase.tokens) }
        return try passages(containing: phrase).reduce(0) { $0 + $1.count }
    }

    /// The passages with `phrase` and how often each has it, ascending.
    func passages(containing phrase: PhraseTokens) throws -> [PassageCount] {
        guard let range = index.range(of: phrase.tokens) else { return [] }
        if phrase.unknown.isEmpty { return index.passages(containing: range) }
        if let known = verified[phrase] { return known }
        let literals = phrase.unknown.values.filter(isWrittenInOneWay)
        let found = try index.passages(containing: range).compactMap { entry -> PassageCount? in
            let text = try texts.text(of: entry.passage)
            guard literals.allSatisfy({ Self.holds($0, in: text) }) else { return nil }
            let count = phrase.occurrences(in: tokens(of: text)).count
            return count > 0 ? PassageCount(entry.passage, count) : nil
        }
        verified[phrase] = found
        return found
    }

    /// The tokens of a passage, in which `phrases` are to be found.
    func tokens(of passage: PassageID, for phrases: some Sequence<PhraseTokens>) throws -> PhraseTokens {
        if phrases.allSatisfy({ $0.unknown.isEmpty }) { return PhraseTokens(known: try index.tokens(of: passage)) }
        return tokens(of: try texts.text(of: passage))
    }

    /// The tokens that follow `phrase`, and how often each does.
    func following(_ phrase: PhraseTokens) throws -> [TokenCount] {
        if phrase.unknown.isEmpty { return index.range(of: phrase.tokens).map(index.nextTokens) ?? [] }
        var counts: [TokenID: Int] = [:]
        for entry in try passages(containing: phrase) {
            let tokens = try tokens(of: entry.passage, for: [phrase])
            for span in phrase.occurrences(in: tokens) {
                let next = span.upperBound < tokens.tokens.count ? tokens.tokens[span.upperBound] : index.boundary
                counts[next, default: 0] += 1
            }
        }
        return counts.map { TokenCount($0.key, $0.value) }
    }

    private func tokens(of text: String) -> PhraseTokens { PhraseTokens(text, tokenizer, dropping: index.boundary) }

    /// Whether normalised text is surely written like this in documents too, so that a passage without it need not be
    /// tokenised.
    private func isWrittenInOneWay(_ text: String) -> Bool {
        text.lowercased() == text && text.uppercased() == text && text.unicodeScalars.count == 1
            && PhraseTokens.normalized(text, tokenizer) == text
    }

    private static func holds(_ part: String, in text: String) -> Bool {
        var (part, text) = (part, text)
        return part.withUTF8 { part in
            text.withUTF8 { text in
                guard let first = part.first, text.count >= part.count else { return part.isEmpty }
                return (0...(text.count - part.count)).contains { start in
                    text[start] == first && text[start..<start + part.count].elementsEqual(part)
                }
            }
        }
    }
}
