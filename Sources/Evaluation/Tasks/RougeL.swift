/// ROUGE-L of summaries (Lin 2004, aclanthology.org/W04-1013) as the Python package `rouge` computes it, which KILT uses:
/// sentences end at full stops, words count once each, and what a sentence shares with another is one longest common
/// subsequence.
enum RougeL {
    /// 0 where one of the texts has no sentence.
    static func f1(_ answer: String, _ reference: String) -> Double {
        var numbers: [[UInt8]: Int] = [:]
        let (answer, reference) = (sentences(answer, &numbers), sentences(reference, &numbers))
        guard !answer.isEmpty, !reference.isEmpty else { return 0 }
        var shared = [Bool](repeating: false, count: numbers.count)
        var table = CommonWords()
        for wanted in reference {
            for given in answer { table.mark(wanted, given, in: &shared) }
        }
        let count = Double(shared.count { $0 })
        let recall = count / Double(Set(reference.joined()).count)
        let precision = count / Double(Set(answer.joined()).count)
        return 2 * (precision * recall / (precision + recall + 1e-8))
    }

    /// The words of each sentence, as numbers; a sentence that occurs again shares nothing else and is left out. One of white
    /// space only has a single empty word.
    private static func sentences(_ text: String, _ numbers: inout [[UInt8]: Int]) -> [[Int]] {
        var known: Set<[Int]> = []
        var sentences: [[Int]] = []
        for sentence in text.unicodeScalars.split(separator: ".") {
            let words = wordsBetweenSpaces(String(String.UnicodeScalarView(sentence)))
            var row: [Int] = []
            for word in words.isEmpty ? [[]] : words {
                let number = numbers[word] ?? numbers.count
                numbers[word] = number
                row.append(number)
            }
            if known.insert(row).inserted { sentences.append(row) }
        }
        return sentences
    }
}

/// Longest common subsequences, in storage that is kept from one pair of sentences to the next.
private struct CommonWords {
    private enum Step: UInt8 { case both, first, second }

    private var steps: [Step] = []
    /// The lengths of the row before and of this one.
    private var above: [Int32] = []
    private var lengths: [Int32] = []

    /// Marks the words of a longest common subsequence. Where there are several, the one that leaves out words of `b` first.
    ///
    /// - Complexity: time and bytes of the product of both lengths.
    mutating func mark(_ a: [Int], _ b: [Int], in shared: inout [Bool]) {
        let width = b.count
        if steps.count < a.count * width { steps = [Step](repeating: .second, count: a.count * width) }
        if lengths.count <= width {
            above = [Int32](repeating: 0, count: width + 1)
            lengths = above
        }
        for column in 0...width { above[column] = 0 }
        for (row, word) in a.enumerated() {
            for (column, other) in b.enumerated() {
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
        var (row, column) = (a.count, b.count)
        while row > 0, column > 0 {
            let step = steps[(row - 1) * width + column - 1]
            if step == .both { shared[a[row - 1]] = true }
            if step != .second { row -= 1 }
            if step != .first { column -= 1 }
        }
    }
}
