import Foundation
public import TrawlCore
import TrawlGeneration
import TrawlSubstringIndex
import TrawlTokenizers

/// Counts phrases and shows their occurrences and the tokens that follow: the substring index without a generator.
public struct PhraseFinder {
    /// What was found.
    public struct Result: Encodable, Sendable {
        public let phrase: String
        /// Occurrences; of several clauses, those of the rarest one that have the others beside them.
        public let count: Int
        /// How many passages, and documents, hold them.
        public let passageCount: Int
        public let documentCount: Int
        /// True when only a sample of the passages was read; the counts are then estimates.
        public let isEstimate: Bool
        public let passages: [Passage]
        public let next: [Continuation]

        package init(
            phrase: String, count: Int, passageCount: Int, documentCount: Int, isEstimate: Bool, passages: [Passage],
            next: [Continuation]
        ) {
            (self.phrase, self.count, self.isEstimate) = (phrase, count, isEstimate)
            (self.passageCount, self.documentCount) = (passageCount, documentCount)
            (self.passages, self.next) = (passages, next)
        }

        enum CodingKeys: String, CodingKey {
            case phrase, count, passages, next
            case passageCount = "passage_count"
            case documentCount = "document_count"
            case isEstimate = "is_estimate"
        }
    }

    public struct Passage: Encodable, Sendable {
        public let document: String
        public let passage: Int
        public let title: String
        public let text: String
        /// How often, in this passage.
        public let count: Int
        /// Where in `text`.
        public let ranges: [TextRange]

        package init(
            document: String, passage: Int, title: String, text: String, count: Int, ranges: [TextRange]
        ) {
            (self.document, self.passage, self.title, self.text) = (document, passage, title, text)
            (self.count, self.ranges) = (count, ranges)
        }
    }

    public struct Continuation: Encodable, Sendable {
        public let text: String
        public let token: TokenID
        public let count: Int

        package init(text: String, token: TokenID, count: Int) {
            (self.text, self.token, self.count) = (text, token, count)
        }

        /// In lists: the most frequent first.
        package func precedes(_ other: Continuation) -> Bool {
            if count != other.count { return count > other.count }
            return token != other.token ? token < other.token : text < other.text
        }
    }

    /// How to look.
    public struct Options: Sendable {
        public var variants = PhraseVariants()
        /// The most tokens between the phrases of a query of several clauses; nil is anywhere in the passage.
        public var within: Int?
        /// The most passages to read; beyond, a sample of them. Only `within` reads any.
        public var readLimit = 10_000
        /// How many passages and next tokens to list.
        public var passages = 0
        public var continuations = 0

        public init() {}
    }

    private let index: SearchIndex
    let substrings: SubstringIndex
    let tokenizer: Tokenizer
    private let passages: PassageTokens
    /// The tokens of the mark after titles.
    private let titleEnd: [TokenID]
    /// Stands for a whole mark after a title, of which an index knows tokens alone.
    private static let titleEndToken = TokenID.max

    /// - Throws: `TrawlError.notFound` when the index has no substring index.
    public init(index: SearchIndex) throws {
        self.index = index
        substrings = try index.substringIndex()
        tokenizer = try index.tokenizer()
        passages = PassageTokens(tokenizer: tokenizer, titleEnd: index.recipe.generative.titleEnd)
        titleEnd = tokenizer.textTokens(index.recipe.generative.titleEnd)
    }

    private var occurrences: PhraseOccurrences {
        PhraseOccurrences(substrings, tokenizer, PassageTokenReader(index, tokenizer))
    }

    /// A count and whether it is exact.
    public struct Count: Encodable, Sendable {
        public let phrase: String
        public let count: Int
        public let isEstimate: Bool

        package init(phrase: String, count: Int, isEstimate: Bool) {
            (self.phrase, self.count, self.isEstimate) = (phrase, count, isEstimate)
        }

        enum CodingKeys: String, CodingKey {
            case phrase, count
            case isEstimate = "is_estimate"
        }
    }

    /// Counts what meets `query` as `find` does.
    ///
    /// - Complexity: a query of one clause takes a few steps a token, however often its phrases occur. A phrase with characters
    ///   that the tokenizer does not know has the passages read that have unknown characters at the same place.
    public func count(_ query: PhraseQuery, named name: String, _ options: Options) throws -> Count {
        let clauses = try ngrams(query, options)
        let occurrences = occurrences
        if clauses.count == 1 {
            let count = try clauses[0].reduce(0) { $0 + (try occurrences.count(of: $1)) }
            return Count(phrase: name, count: count, isEstimate: false)
        }
        let found = try PhraseMatcher(occurrences, clauses).match(within: options.within, readLimit: options.readLimit)
        return Count(phrase: name, count: found.count, isEstimate: found.isSample)
    }

    /// Finds what meets `query`.
    ///
    /// - Throws: `TrawlError.invalidInput` when a phrase has no tokens.
    /// - Complexity: O(occurrences of all phrases) sequential reads; with `within`, up to `readLimit` passages are read.
    public func find(_ query: PhraseQuery, named name: String, _ options: Options) throws -> Result {
        try find(query, named: name, options, clauseCounts: nil).result
    }

    /// The same, with the numbers of the listed passages.
    ///
    /// - Parameter clauseCounts: how often each clause occurs in the corpus that the index is part of; nil: in the index.
    package func find(
        _ query: PhraseQuery, named name: String, _ options: Options, clauseCounts: [Int]?
    ) throws -> (result: Result, passages: [PassageID]) {
        let clauses = try ngrams(query, options)
        let occurrences = occurrences
        let found = try PhraseMatcher(occurrences, clauses, counts: clauseCounts)
            .match(within: options.within, readLimit: options.readLimit)
        let shown = found.passages.sorted { ($1.count, $0.passage) < ($0.count, $1.passage) }.prefix(options.passages)
        let result = Result(
            phrase: name, count: found.count, passageCount: found.estimate(found.passages.count),
            documentCount: try documentCount(found),
            isEstimate: found.isSample,
            passages: try shown.map { try passage($0, clauses, occurrences) },
            next: clauses.count == 1
                ? try following(clauses[0], occurrences, limit: options.continuations) : [])
        return (result, shown.map(\.passage))
    }

    /// How often each clause of `query` occurs.
    package func clauseCounts(_ query: PhraseQuery, _ options: Options) throws -> [Int] {
        try PhraseMatcher.counts(of: ngrams(query, options), in: occurrences)
    }

    /// The documents of the passages that were found; of a sample, as many of all candidates as of those that were read.
    private func documentCount(_ found: PhraseMatcher.Matches) throws -> Int {
        func distinct(_ passages: some Sequence<PassageID>) throws -> Int {
            var documents: Set<UInt32> = []
            for passage in passages { documents.insert(try index.documents.documentNumber(of: passage)) }
            return documents.count
        }
        let hits = try distinct(found.passages.lazy.map(\.passage))
        guard found.isSample else { return hits }
        let share = try Double(hits) / Double(max(1, distinct(found.read)))
        return Int((share * Double(try distinct(found.candidates))).rounded())
    }

    /// The n-grams of each clause, without those that hold another of it: these are counted with that.
    private func ngrams(_ query: PhraseQuery, _ options: Options) throws -> [[PhraseTokens]] {
        let forms = PhraseForms(tokenizer: tokenizer, variants: options.variants)
        return try query.clauses.map { phrases in
            let all = try phrases.flatMap { try forms.ngrams(of: $0) }
                .reduce(into: [PhraseTokens]()) { if !$0.contains($1) { $0.append($1) } }
            return all.filter { ngram in
                !all.contains { $0 != ngram && !$0.occurrences(in: ngram).isEmpty }
            }
        }
    }

    private func following(
        _ ngrams: [PhraseTokens], _ occurrences: PhraseOccurrences, limit: Int
    ) throws -> [Continuation] {
        guard limit > 0 else { return [] }
        var next: [TokenID: Int] = [:]
        for ngram in ngrams {
            for entry in withTitleEnds(try occurrences.following(ngram), after: ngram.tokens) {
                next[entry.token, default: 0] += entry.count
            }
        }
        let sorted = next.map { TokenCount($0.key, $0.value) }.sorted { ($1.count, $0.token) < ($0.count, $1.token) }
        return sorted.prefix(limit).map(continuation)
    }

    /// Tells the ends of titles from the same first token in a text.
    func withTitleEnds(_ next: [TokenCount], after context: [TokenID]) -> [TokenCount] {
        next.flatMap { entry -> [TokenCount] in
            guard entry.token == titleEnd.first else { return [entry] }
            let ends = min(entry.count, substrings.count(of: context + titleEnd))
            let split = [TokenCount(Self.titleEndToken, ends), TokenCount(entry.token, entry.count - ends)]
            return split.filter { $0.count > 0 }
        }
    }

    func continuation(_ next: TokenCount) -> Continuation {
        guard next.token == Self.titleEndToken, let mark = titleEnd.first else {
            return Continuation(text: text(of: next.token), token: next.token, count: next.count)
        }
        return Continuation(text: "<end of title>", token: mark, count: next.count)
    }

    private func passage(
        _ found: PassageCount, _ clauses: [[PhraseTokens]], _ occurrences: PhraseOccurrences
    ) throws -> Passage {
        let stored = try index.documents.passage(found.passage)
        let tokens = try occurrences.tokens(of: found.passage, for: clauses.joined())
        let spans = clauses.joined().flatMap { $0.occurrences(in: tokens) }
        let ranges = passages.textRanges(of: spans, title: stored.title, text: stored.text)
        return Passage(
            document: stored.document.rawValue, passage: stored.ordinal, title: stored.title, text: stored.text,
            count: found.count, ranges: TextRange.list(ranges, in: stored.text))
    }

    func text(of token: TokenID) -> String {
        token == substrings.boundary ? "<end of passage>" : tokenizer.decode([token], skipSpecialTokens: false)
    }
}
