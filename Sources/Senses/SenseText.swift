/// Texts as the numbers of their words, which senses are learnt from.
///
/// Words are numbered by falling count, so that 0 is the most frequent. Those that occur too rarely are left out, and the words
/// around them become neighbours.
public struct SenseText: Sendable {
    public struct Word: Codable, Hashable, Sendable {
        /// The word as an analyzer makes it, such as a stem.
        public let term: String
        /// The form in which it is written most often.
        public let form: String
        /// How often it occurs.
        public let count: Int

        public init(term: String, form: String, count: Int) { (self.term, self.form, self.count) = (term, form, count) }
    }

    public let words: [Word]
    /// The words of all texts, one text after another.
    let tokens: [Int32]
    /// The texts as ranges of `tokens`.
    let texts: [Range<Int>]

    /// The words of all texts together.
    public var tokenCount: Int { tokens.count }
}

/// Collects texts, word by word.
public struct SenseTextBuilder: Sendable {
    private var numbers: [String: Int32] = [:]
    private var terms: [String] = []
    private var counts: [Int] = []
    private var forms: [[String: Int]] = []
    private var tokens: [Int32] = []
    private var ends: [Int] = []

    public init() {}

    /// The words so far.
    public var tokenCount: Int { tokens.count }

    /// Adds a word to the text at hand, in the form in which it is written.
    public mutating func add(term: String, form: String) {
        var number = numbers[term]
        if number == nil {
            number = Int32(terms.count)
            numbers[term] = number
            terms.append(term)
            counts.append(0)
            forms.append([:])
        }
        let index = Int(number ?? 0)
        counts[index] += 1
        forms[index][form, default: 0] += 1
        tokens.append(Int32(index))
    }

    /// Ends the text at hand: no window reaches beyond.
    public mutating func endText() { ends.append(tokens.count) }

    /// The texts with the words that occur at least `minimumCount` times, at most `maximumWords` of them.
    public consuming func finish(minimumCount: Int, maximumWords: Int) -> SenseText {
        // Equal counts by the words themselves, so that the order of texts decides nothing.
        let kept = terms.indices.filter { counts[$0] >= minimumCount }
            .sorted { (-counts[$0], terms[$0]) < (-counts[$1], terms[$1]) }.prefix(maximumWords)
        var renumbered = [Int32](repeating: -1, count: terms.count)
        for (number, word) in kept.enumerated() { renumbered[word] = Int32(number) }
        var (mapped, texts): ([Int32], [Range<Int>]) = ([], [])
        mapped.reserveCapacity(tokens.count)
        var begin = 0
        for end in ends {
            let start = mapped.count
            for token in tokens[begin..<end] where renumbered[Int(token)] >= 0 {
                mapped.append(renumbered[Int(token)])
            }
            if mapped.count > start { texts.append(start..<mapped.count) }
            begin = end
        }
        let words = kept.map { word in
            let form = forms[word].min { (-$0.value, $0.key) < (-$1.value, $1.key) }?.key ?? terms[word]
            return SenseText.Word(term: terms[word], form: form, count: counts[word])
        }
        return SenseText(words: words, tokens: mapped, texts: texts)
    }
}
