import TrawlCore

/// Tokens that are cut out of the text before the model sees it.
struct AddedVocabulary: Sendable {
    struct Token: Sendable {
        var id: TokenID
        var content: String
        var isSpecial = false
        var isSingleWord = false
        var stripsLeft = false
        var stripsRight = false
        /// Looked for in the normalised text, in its own normalised form.
        var isNormalized = false
    }

    struct Match {
        var range: Range<Int>
        var id: TokenID?
    }

    private let tokens: [TokenID: Token]
    /// By bytes: dictionaries of `String` take canonically equivalent texts for the same.
    private let ids: [[UInt8]: TokenID]
    let idLimit: Int
    /// Looked for in the text as it is.
    let verbatim: AddedTokenMatcher
    /// Looked for in the normalised text.
    let normalized: AddedTokenMatcher

    init(_ list: [Token], normalize: (String) -> String) {
        var tokens: [TokenID: Token] = [:]
        var ids: [[UInt8]: TokenID] = [:]
        for token in list {
            ids[Array(token.content.utf8)] = token.id
            // The reference shows such tokens, and decodes them, in their normalised form.
            tokens[token.id] = token
            if token.isNormalized { tokens[token.id]?.content = normalize(token.content) }
        }
        self.tokens = tokens
        self.ids = ids
        idLimit = (list.map { Int($0.id) }.max() ?? -1) + 1
        verbatim = AddedTokenMatcher(list.filter { !$0.isNormalized }.map { ($0.content, $0) })
        normalized = AddedTokenMatcher(list.filter(\.isNormalized).map { (normalize($0.content), $0) })
    }

    /// `range` cut within each name of a special token. The pieces of a unigram model have these names among them, and would make
    /// them the token again.
    func cutNames(in text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>) -> [Range<Int>] {
        var matches: [Match] = []
        verbatim.split(text, range, skipsSpecial: false, into: &matches)
        var parts: [Range<Int>] = []
        var start = range.lowerBound
        for match in matches where match.range.count > 1 {
            guard let id = match.id, isSpecial(id) else { continue }
            let cut = match.range.lowerBound + UTF8Text.decode(text, match.range.lowerBound).width
            if cut < match.range.upperBound {
                parts.append(start..<cut)
                start = cut
            }
        }
        return parts + [start..<range.upperBound]
    }

    func content(_ id: TokenID) -> String? { tokens[id]?.content }
    func isSpecial(_ id: TokenID) -> Bool { tokens[id]?.isSpecial ?? false }
    func find(_ content: String) -> TokenID? { ids[Array(content.utf8)] }
}

/// Finds added tokens: at each place the longest, from left to right.
struct AddedTokenMatcher: Sendable {
    private let trie: ByteTrie
    private let tokens: [AddedVocabulary.Token]
    /// Whether a token starts with the byte.
    private let starts: [Bool]

    init(_ patterns: [(pattern: String, token: AddedVocabulary.Token)]) {
        var trie = ByteTrie()
        var starts = [Bool](repeating: false, count: 256)
        for (index, entry) in patterns.enumerated() {
            guard let first = entry.pattern.utf8.first else { continue }
            starts[Int(first)] = true
            var pattern = entry.pattern
            pattern.withUTF8 { trie.insert($0, value: UInt32(index)) }
        }
        self.trie = trie
        self.starts = starts
        tokens = patterns.map(\.token)
    }

    var isEmpty: Bool { !starts.contains(true) }

    /// Cuts `range` of `text` into added tokens and what is between them.
    ///
    /// - Parameter skipsSpecial: whether special tokens are left in the text.
    func split(
        _ text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, skipsSpecial: Bool,
        into matches: inout [AddedVocabulary.Match]
    ) {
        var done = range.lowerBound
        var position = range.lowerBound
        starts.withUnsafeBufferPointer { starts in
            while position < range.upperBound {
                guard starts[Int(text[position])],
                    let found = trie.longest(text, position, range.upperBound)
                else {
                    position += 1
                    continue
                }
                let token = tokens[Int(found.value)]
                var start = position
                var end = position + found.length
                position = end
                if skipsSpecial, token.isSpecial { continue }
                if token.isSingleWord, isWord(before: start, text, range) || isWord(at: end, text, range) { continue }
                if token.stripsLeft {
                    while start > done {
                        let previous = UTF8Text.before(text, start, lower: range.lowerBound)
                        guard ScalarProperties.of(UTF8Text.decode(text, previous).scalar).isWhitespace else { break }
                        start = previous
                    }
                    start = max(start, done)
                }
                if token.stripsRight {
                    while end < range.upperBound {
                        let next = UTF8Text.decode(text, end)
                        guard ScalarProperties.of(next.scalar).isWhitespace else { break }
                        end += next.width
                    }
                }
                if done < start { matches.append(.init(range: done..<start)) }
                matches.append(.init(range: min(start, end)..<end, id: token.id))
                done = end
            }
        }
        if done < range.upperBound { matches.append(.init(range: done..<range.upperBound)) }
    }

    private func isWord(before position: Int, _ text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>) -> Bool {
        guard position > range.lowerBound else { return false }
        let start = UTF8Text.before(text, position, lower: range.lowerBound)
        return ScalarProperties.of(UTF8Text.decode(text, start).scalar).isWord
    }

    private func isWord(at position: Int, _ text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>) -> Bool {
        position < range.upperBound && ScalarProperties.of(UTF8Text.decode(text, position).scalar).isWord
    }
}
