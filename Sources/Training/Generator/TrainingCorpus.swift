public import TrawlCore

/// The tokenised passages that a generator learns to point to.
public struct TrainingCorpus: Sendable {
    /// Each passage's tokens, the title first, without the boundary.
    public let passages: [[TokenID]]
    /// How many tokens of each passage are its title, without the mark behind it.
    public let titleLengths: [Int]
    /// log(passages / passages that have the token), by token; tokens that do not occur have 0.
    public let inverseDocumentFrequency: [Float]
    /// Whether an n-gram may begin with a token: it begins a word.
    public let beginsWord: [Bool]
    /// The sentences of each passage's text, as ranges of its tokens.
    public let sentences: [[Range<Int>]]

    /// - Parameters:
    ///   - titleEnd: The tokens of the mark behind titles.
    ///   - sentenceEnds: The tokens that end a sentence.
    ///   - beginsWord: By token.
    public init(
        passages: [[TokenID]], titleEnd: [TokenID], sentenceEnds: Set<TokenID>, beginsWord: [Bool]
    ) {
        self.passages = passages
        self.beginsWord = beginsWord
        var counts = [Int32](repeating: 0, count: beginsWord.count)
        for passage in passages {
            for token in Set(passage) where Int(token) < counts.count { counts[Int(token)] += 1 }
        }
        let total = Double(max(1, passages.count))
        inverseDocumentFrequency = counts.map { $0 == 0 ? 0 : Float(logarithm(total / Double($0))) }
        let titles = passages.map { Self.position(of: titleEnd, in: $0) ?? 0 }
        titleLengths = titles
        sentences = zip(passages, titles).map { passage, title in
            Self.sentences(of: passage, from: title == 0 ? 0 : title + titleEnd.count, ends: sentenceEnds)
        }
    }

    private static func position(of mark: [TokenID], in tokens: [TokenID]) -> Int? {
        guard let first = mark.first, tokens.count >= mark.count else { return nil }
        return (0...tokens.count - mark.count).first { start in
            tokens[start] == first && tokens[start..<start + mark.count].elementsEqual(mark)
        }
    }

    private static func sentences(of passage: [TokenID], from start: Int, ends: Set<TokenID>) -> [Range<Int>] {
        var sentences: [Range<Int>] = []
        var begin = start
        for index in start..<max(start, passage.count) where ends.contains(passage[index]) {
            sentences.append(begin..<index + 1)
            begin = index + 1
        }
        if begin < passage.count { sentences.append(begin..<passage.count) }
        return sentences
    }
}
