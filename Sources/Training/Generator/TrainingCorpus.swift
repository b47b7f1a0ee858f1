public import TrawlCore

/// The tokenised passages that a generator learns to find.
public struct TrainingCorpus: Sendable {
    /// The tokens of each passage, the title first, without the boundary.
    public let passages: [[TokenID]]
    /// The number of tokens of the title of each passage, without the mark after it.
    public let titleLengths: [Int]
    /// log(passages / passages with the token), by token; 0 for tokens that do not occur.
    public let inverseDocumentFrequency: [Float]
    /// By token: whether it begins a word, so that an n-gram may begin with it.
    public let beginsWord: [Bool]
    /// The sentences of the text of each passage, as ranges of its tokens.
    public let sentences: [[Range<Int>]]

    /// - Parameters:
    ///   - titleEnd: The tokens of the mark after titles.
    ///   - sentenceEnds: The tokens that end a sentence.
    ///   - beginsWord: By token, as `GeneratorVocabulary` has it.
    /// - Complexity: O(tokens).
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
