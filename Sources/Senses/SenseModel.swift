/// The senses of words, as they were learnt from the texts around them.
///
/// The senses of a word are counted from 0, the most frequent first. A sense that has less than a twentieth of the word's
/// occurrences does not count.
public struct SenseModel: Sendable {
    public let words: [SenseText.Word]
    public let dimensions: Int
    /// How many words before and after an occurrence tell its sense.
    public let window: Int
    /// The rows of a word in `senseVectors`.
    let rows: Int
    /// [words, rows, dimensions]: the vectors of senses, of length 1.
    let senseVectors: [Float]
    /// [words, rows]: the share of a word's occurrences in the training text; 0 for what is not a sense.
    let shares: [Float]
    private let numbers: [String: Int]

    init(
        words: [SenseText.Word], dimensions: Int, window: Int, rows: Int, senseVectors: [Float], shares: [Float]
    ) {
        (self.words, self.dimensions, self.window, self.rows) = (words, dimensions, window, rows)
        (self.senseVectors, self.shares) = (senseVectors, shares)
        numbers = Dictionary(words.enumerated().map { ($1.term, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// The number of the word that `term` is; nil for one that is too rare to have been learnt.
    public func number(of term: String) -> Int? { numbers[term] }

    /// How many senses a word has.
    public func senseCount(of word: Int) -> Int { shares[word * rows..<(word + 1) * rows].count { $0 > 0 } }

    /// The share of a word's occurrences that a sense had in the text that was learnt from.
    public func share(of word: Int, sense: Int) -> Float { shares[word * rows + sense] }

    /// The vector of a sense, of length 1.
    public func vector(of word: Int, sense: Int) -> ArraySlice<Float> {
        let start = (word * rows + sense) * dimensions
        return senseVectors[start..<start + dimensions]
    }

    /// How like each sense of `word` is to the words `context`: its cosine with the mean of theirs, each the mean of its senses. This tells
    /// senses of pseudo-words apart better than the gates of the training do. All are 0 without a context.
    public func similarities(of word: Int, context: [Int]) -> [Float] {
        var mean = [Float](repeating: 0, count: dimensions)
        for other in context {
            let count = senseCount(of: other)
            let start = other * rows * dimensions
            // The senses that count are the first rows.
            for row in 0..<count {
                for index in 0..<dimensions {
                    mean[index] += senseVectors[start + row * dimensions + index] / Float(count)
                }
            }
        }
        let length = dot(mean, mean[...]).squareRoot()
        return (0..<senseCount(of: word)).map { sense in
            length > 0 ? dot(mean, vector(of: word, sense: sense)) / length : 0
        }
    }

    /// A word in one of its senses, and how like it another is.
    public struct Neighbour: Hashable, Sendable {
        public let word: Int
        public let sense: Int
        public let cosine: Float
    }

    /// The words that occur in contexts most like those of a sense, each in its most similar sense.
    ///
    /// - Complexity: O(words x senses x dimensions).
    public func neighbours(of word: Int, sense: Int, limit: Int) -> [Neighbour] {
        let own = Array(vector(of: word, sense: sense))
        let all = words.indices.lazy.filter { $0 != word }.map { other in
            (0..<senseCount(of: other)).map { sense in
                Neighbour(word: other, sense: sense, cosine: dot(own, vector(of: other, sense: sense)))
            }.max { $0.cosine < $1.cosine }
        }
        return all.compactMap { $0 }.sorted { ($1.cosine, $0.word) < ($0.cosine, $1.word) }.prefix(limit).map { $0 }
    }

    private func dot(_ a: [Float], _ b: ArraySlice<Float>) -> Float {
        var sum: Float = 0
        for (x, y) in zip(a, b) { sum += x * y }
        return sum
    }
}

extension SenseModel {
    /// What a network has learnt: its senses ordered by their share of the occurrences in `text`.
    init(_ network: SenseNetwork, _ text: SenseText, window: Int) {
        let (rows, lanes, count) = (network.senseCount, network.lanes, text.words.count)
        var sums = [Double](repeating: 0, count: count * rows)
        var context: [Int32] = []
        text.tokens.withUnsafeBufferPointer { tokens in
            for range in text.texts {
                for position in range {
                    SenseWindow.fill(&context, around: position, in: tokens, text: range, size: window)
                    network.read(context: context)
                    network.choose(tokens[position])
                    for sense in 0..<rows {
                        sums[Int(tokens[position]) * rows + sense] += Double(network.probabilities[sense])
                    }
                }
            }
        }
        func floats(_ memory: UnsafeMutablePointer<SenseNetwork.Lane>, _ row: Int) -> [Float] {
            (0..<lanes).flatMap { lane in
                (0..<SenseNetwork.Lane.scalarCount).map { memory[row * lanes + lane][$0] }
            }
        }
        var (senses, shares): ([Float], [Float]) = ([], [])
        for word in 0..<count {
            let own = sums[word * rows..<(word + 1) * rows].map { Float($0 / Double(max(1, text.words[word].count))) }
            let highest = own.max() ?? 0
            for sense in own.indices.sorted(by: { (-own[$0], $0) < (-own[$1], $1) }) {
                let row = word * rows + sense
                senses += floats(network.senses, row).scaledToUnitLength()
                let counts = own[sense] >= SenseTraining.leastShare || own[sense] == highest
                shares.append(counts ? max(own[sense], .leastNormalMagnitude) : 0)
            }
        }
        self.init(
            words: text.words, dimensions: lanes * SenseNetwork.Lane.scalarCount, window: window, rows: rows,
            senseVectors: senses, shares: shares)
    }
}

extension [Float] {
    fileprivate func scaledToUnitLength() -> [Float] {
        let length = reduce(Float(0)) { $0 + $1 * $1 }.squareRoot()
        return length > 0 ? map { $0 / length } : self
    }
}
