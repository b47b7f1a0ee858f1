public import Core
import Foundation
import Generation
import SubstringIndex
import Tokenizers

/// Counts phrases and shows where they stand and what follows them: the substring index as a tool of its own.
public struct PhraseFinder {
    /// What was found of a phrase.
    public struct Result: Encodable, Sendable {
        public let phrase: String
        public let count: Int
        /// How many passages hold it.
        public let passageCount: Int
        public let passages: [Passage]
        public let next: [Continuation]
    }

    public struct Passage: Encodable, Sendable {
        public let document: String
        public let passage: Int
        public let title: String
        public let text: String
        public let ranges: [TextRange]
    }

    /// UTF-8 bytes of a passage's text.
    public struct TextRange: Encodable, Sendable {
        public let start: Int
        public let end: Int
        public var range: Range<Int> { start..<end }
    }

    public struct Continuation: Encodable, Sendable {
        public let text: String
        public let token: TokenID
        public let count: Int
    }

    private let index: SearchIndex
    private let substrings: SubstringIndex
    private let tokenizer: Tokenizer
    private let passages: PassageTokens

    /// - Throws: `TrawlError.notFound` when the index has no substring index.
    public init(index: SearchIndex) throws {
        self.index = index
        substrings = try index.substringIndex()
        tokenizer = try index.generativeTokenizer()
        passages = PassageTokens(tokenizer: tokenizer, titleEnd: index.recipe.generative.parameters.titleEnd)
    }

    /// Finds `phrase`, up to `passages` of the passages that hold it, and the `continuations` most frequent next tokens.
    ///
    /// - Parameter anyCase: Whether its lower-case, capitalised and upper-case forms count too.
    /// - Throws: `TrawlError.invalidInput` when the phrase has no tokens.
    public func find(_ phrase: String, anyCase: Bool, passages limit: Int, continuations: Int) throws -> Result {
        let ngrams = ngrams(of: phrase, anyCase: anyCase)
        guard !ngrams.isEmpty else {
            throw TrawlError(.invalidInput, "the phrase \"\(phrase)\" has no tokens", remedy: "give at least one word")
        }
        var count = 0
        var perPassage: [PassageID: Int] = [:]
        var next: [TokenID: Int] = [:]
        for ngram in ngrams {
            guard let range = substrings.range(of: ngram) else { continue }
            count += range.count
            for found in substrings.passages(containing: range) { perPassage[found.passage, default: 0] += found.count }
            guard continuations > 0 else { continue }
            for entry in substrings.nextTokens(range) { next[entry.token, default: 0] += entry.count }
        }
        let shown = perPassage.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(limit)
        let following = next.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(continuations)
        return Result(
            phrase: phrase, count: count, passageCount: perPassage.count,
            passages: try shown.map { try passage($0.key, ngrams) },
            next: following.map { Continuation(text: text(of: $0.key), token: $0.key, count: $0.value) })
    }

    private func ngrams(of phrase: String, anyCase: Bool) -> [[TokenID]] {
        let words = phrase.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        var forms = [words]
        if anyCase {
            let capitalised = words.prefix(1).uppercased() + words.dropFirst()
            forms += [words.lowercased(), capitalised, words.capitalized, words.uppercased()]
        }
        var ngrams: [[TokenID]] = []
        for form in forms where !form.isEmpty {
            let ngram = tokenizer.encodeIDs(" " + form, addSpecialTokens: false)
            if !ngram.isEmpty, !ngrams.contains(ngram) { ngrams.append(ngram) }
        }
        return ngrams
    }

    private func passage(_ id: PassageID, _ ngrams: [[TokenID]]) throws -> Passage {
        let stored = try index.documents.passage(id)
        let tokens = try substrings.tokens(of: id)
        var spans: [Range<Int>] = []
        for ngram in ngrams where ngram.count <= tokens.count {
            for start in 0...(tokens.count - ngram.count) where tokens[start] == ngram[0] {
                if tokens[start..<start + ngram.count].elementsEqual(ngram) {
                    spans.append(start..<start + ngram.count)
                }
            }
        }
        let ranges = passages.textRanges(of: spans, title: stored.title, text: stored.text)
        return Passage(
            document: stored.document.rawValue, passage: stored.ordinal, title: stored.title, text: stored.text,
            ranges: ranges.map { TextRange(start: $0.lowerBound, end: $0.upperBound) })
    }

    private func text(of token: TokenID) -> String {
        token == substrings.boundary ? "<end of passage>" : tokenizer.decode([token], skipSpecialTokens: false)
    }
}
