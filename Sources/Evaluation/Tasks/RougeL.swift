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
    private static func commonWords(_ a: [[UInt8]], _ b: [[UInt8]]) -> Set<[UInt8]> {
        let width = b.count + 1
        var lengths = [Int32](repeating: 0, count: (a.count + 1) * width)
        for (row, word) in a.enumerated() {
            for (column, other) in b.enumerated() {
                lengths[(row + 1) * width + column + 1] =
                    word == other
                    ? lengths[row * width + column] + 1
                    : max(lengths[row * width + column + 1], lengths[(row + 1) * width + column])
            }
        }
        var words: Set<[UInt8]> = []
        var (row, column) = (a.count, b.count)
        while row > 0, column > 0 {
            if a[row - 1] == b[column - 1] {
                words.insert(a[row - 1])
                (row, column) = (row - 1, column - 1)
            } else if lengths[(row - 1) * width + column] > lengths[row * width + column - 1] {
                row -= 1
            } else {
                column -= 1
            }
        }
        return words
    }
}
