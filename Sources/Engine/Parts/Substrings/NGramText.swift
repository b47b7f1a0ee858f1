import TrawlCore
import TrawlGeneration
import TrawlTokenizers

/// N-grams as people read them: without the marks between title and text, and in whole words.
struct NGramText: Sendable {
    private let tokenizer: Tokenizer
    private let words: QueryWords
    private let titleEnd: [TokenID]
    private let identifierMark: [TokenID]

    init(tokenizer: Tokenizer, words: QueryWords, titleEnd: String) {
        self.tokenizer = tokenizer
        self.words = words
        self.titleEnd = tokenizer.encodeIDs(titleEnd, addSpecialTokens: false)
        identifierMark = tokenizer.encodeIDs(SEALParameters.identifierMark, addSpecialTokens: false)
    }

    /// The text of an n-gram: `title: ` before what a title mark follows, `query: ` before an identifier, `…` before a piece
    /// that continues a word, and nothing of the marks themselves.
    ///
    /// - Parameter isTitle: Whether the n-gram is known to be of a title.
    func text(of tokens: some Collection<TokenID>, isTitle: Bool = false) -> String {
        var rest = Array(tokens)[...]
        var parts: [String] = []
        // An n-gram may begin with a mark, or within one.
        for count in stride(from: titleEnd.count, to: 0, by: -1) where rest.starts(with: titleEnd.suffix(count)) {
            rest = rest.dropFirst(count)
            break
        }
        while !rest.isEmpty {
            if rest.starts(with: identifierMark) {
                let body = rest.dropFirst(identifierMark.count)
                let end = firstMark(in: body, titleEnd)
                append("query: ", body[..<end.lowerBound], to: &parts)
                rest = body[end.upperBound...]
                continue
            }
            let end = firstMark(in: rest, titleEnd)
            let identifier = firstMark(in: rest, identifierMark)
            if end.lowerBound < rest.endIndex, end.lowerBound < identifier.lowerBound || identifier.isEmpty {
                append("title: ", rest[..<end.lowerBound], to: &parts)
                rest = rest[end.upperBound...]
            } else {
                append(isTitle && parts.isEmpty ? "title: " : "", rest[..<identifier.lowerBound], to: &parts)
                rest = rest[identifier.lowerBound...]
                if identifier.isEmpty || rest.count < identifierMark.count { break }
            }
        }
        return parts.joined(separator: " … ")
    }

    /// Where the mark stands first, or the part of it that the n-gram ends in; empty at the end if there is none.
    private func firstMark(in tokens: ArraySlice<TokenID>, _ mark: [TokenID]) -> Range<Int> {
        for start in tokens.indices {
            let count = min(mark.count, tokens.endIndex - start)
            if tokens[start..<start + count].elementsEqual(mark.prefix(count)) { return start..<start + count }
        }
        return tokens.endIndex..<tokens.endIndex
    }

    private func append(_ label: String, _ tokens: ArraySlice<TokenID>, to parts: inout [String]) {
        guard let first = tokens.first else { return }
        let text = tokenizer.decode(Array(tokens), skipSpecialTokens: true).trimmingSpaces
        if text.isEmpty { return }
        // "##" marks a token that continues a word; it is not part of the text.
        let plain = text.hasPrefix("##") && text.count > 2 ? String(text.dropFirst(2)) : text
        parts.append(label + (words.token(first).beginsWord ? "" : "…") + plain)
    }

    /// The smallest range of whole words that contains `span`, a range of a passage's tokens.
    func wholeWords(_ span: Range<Int>, in tokens: [TokenID]) -> Range<Int> {
        guard !span.isEmpty, span.upperBound <= tokens.count else { return span }
        var (start, end) = (span.lowerBound, span.upperBound)
        while start > 0, !words.token(tokens[start]).beginsWord { start -= 1 }
        while end < tokens.count, !words.token(tokens[end]).beginsWord { end += 1 }
        return start..<end
    }
}

extension String {
    fileprivate var trimmingSpaces: String {
        String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}
