/// How well an answer agrees with the right ones, by the best of them, as KILT scores it (Petroni et al. 2021, arXiv
/// 2009.02252).
public struct AnswerScores: Sendable, Equatable {
    /// 1 if the answer is one of the right ones to the letter.
    public private(set) var accuracy = 0.0
    /// 1 if it is one after both are normalised.
    public private(set) var exactMatch = 0.0
    /// The F1 of the words of the normalised answers.
    public private(set) var f1 = 0.0
    /// ROUGE-L, without normalisation.
    public private(set) var rougeL = 0.0

    /// No answer, or a wrong one.
    public init() {}

    public init(_ answer: String, _ right: [String]) {
        let answer = trimmed(answer)
        guard !answer.isEmpty else { return }
        let normalised = Self.normalise(answer)
        let words = wordsBetweenSpaces(normalised)
        for candidate in right.map(trimmed) where !candidate.isEmpty {
            if candidate.utf8.elementsEqual(answer.utf8) { accuracy = 1 }
            let other = Self.normalise(candidate)
            if other.utf8.elementsEqual(normalised.utf8) { exactMatch = 1 }
            f1 = max(f1, Self.f1(words, wordsBetweenSpaces(other)))
            rougeL = max(rougeL, RougeL.f1(answer, candidate))
        }
    }

    /// Lower case, without ASCII punctuation, without the words a, an and the, with single spaces between words: the
    /// normalisation of SQuAD (Rajpurkar et al. 2016, arXiv 1606.05250).
    public static func normalise(_ text: String) -> String {
        var plain = String.UnicodeScalarView()
        var word = String.UnicodeScalarView()
        func endWord() {
            // An article becomes a space, even within what marks hold together.
            let isArticle = ["a", "an", "the"].contains { $0.unicodeScalars.elementsEqual(word) }
            if isArticle { plain.append(" ") } else { plain.append(contentsOf: word) }
            word = String.UnicodeScalarView()
        }
        for scalar in text.lowercasedInFull().unicodeScalars where !scalar.isASCIIPunctuation {
            if scalar.isLetterOrNumber {
                word.append(scalar)
            } else {
                endWord()
                plain.append(scalar)
            }
        }
        endWord()
        return String(decoding: Array(wordsBetweenSpaces(String(plain)).joined(separator: [0x20])), as: UTF8.self)
    }

    private static func f1(_ words: [[UInt8]], _ right: [[UInt8]]) -> Double {
        var left = right.reduce(into: [[UInt8]: Int]()) { $0[$1, default: 0] += 1 }
        var common = 0
        for word in words where left[word, default: 0] > 0 {
            left[word, default: 0] -= 1
            common += 1
        }
        guard common > 0 else { return 0 }
        let precision = Double(common) / Double(words.count)
        let recall = Double(common) / Double(right.count)
        return 2 * precision * recall / (precision + recall)
    }
}

/// Without white space at both ends.
func trimmed(_ text: String) -> String {
    let scalars = text.unicodeScalars
    guard let first = scalars.firstIndex(where: { !$0.isPythonSpace }),
        let last = scalars.lastIndex(where: { !$0.isPythonSpace })
    else { return "" }
    return String(scalars[first...last])
}
