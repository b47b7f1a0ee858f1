/// ROUGE-L of summaries (Lin 2004, aclanthology.org/W04-1013) as the Python package `rouge` computes it, which KILT uses:
/// sentences end at full stops, words count once each, and what a sentence shares with another is one longest common
/// subsequence.
enum RougeL {
    /// 0 where one of the texts has no sentence.
    static func f1(_ answer: String, _ reference: String) -> Double {
        let (answer, reference) = (sentences(answer), sentences(reference))
        guard !answer.isEmpty, !reference.isEmpty else { return 0 }
        let shared = reference.reduce(into: Set<[UInt8]>()) { shared, wanted in
            for given in answer { shared.formUnion(commonWords(wanted, given)) }
        }
        let recall = Double(shared.count) / Double(Set(reference.flatMap { $0 }).count)
        let precision = Double(shared.count) / Double(Set(answer.flatMap { $0 }).count)
        return 2 * (precision * recall / (precision + recall + 1e-8))
    }

    /// The words of each sentence. One of white space only has a single empty word.
    private static func sentences(_ text: String) -> [[[UInt8]]] {
        text.unicodeScalars.split(separator: ".").map { sentence in
            let words = wordsBetweenSpaces(String(String.UnicodeScalarView(sentence)))
            return words.isEmpty ? [[]] : words
        }
    }

    /// The words of a longest common subsequence. Where there are several, the one that leaves out words of `b` first.
    ///
    /// - Complexity: time and bytes of the product of both lengths.
    private static func commonWords(_ a: [[UInt8]], _ b: [[UInt8]]) -> Set<[UInt8]> {
        enum Step: UInt8 { case both, first, second }
        var numbers: [[UInt8]: Int32] = [:]
        func number(_ word: [UInt8]) -> Int32 {
            if let known = numbers[word] { return known }
            numbers[word] = Int32(numbers.count)
            return Int32(numbers.count - 1)
        }
        let (first, second) = (a.map(number), b.map(number))
        let width = b.count
        var steps = [Step](repeating: .second, count: a.count * width)
        // The lengths of the row before and of this one.
        var above = [Int32](repeating: 0, count: width + 1)
        var lengths = above
        for (row, word) in first.enumerated() {
            for (column, other) in second.enumerated() {
                let step: Step = word == other ? .both : above[column + 1] > lengths[column] ? .first : .second
                steps[row * width + column] = step
                switch step {
                case .both: lengths[column + 1] = above[column] + 1
                case .first: lengths[column + 1] = above[column + 1]
                case .second: lengths[column + 1] = lengths[column]
                }
            }
            swap(&above, &lengths)
        }
        var words: Set<[UInt8]> = []
        var (row, column) = (a.count, b.count)
        while row > 0, column > 0 {
            let step = steps[(row - 1) * width + column - 1]
            if step == .both { words.insert(a[row - 1]) }
            if step != .second { row -= 1 }
            if step != .first { column -= 1 }
        }
        return words
    }
}
