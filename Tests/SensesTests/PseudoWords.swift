import TrawlCore
import TrawlTestSupport

@testable import TrawlSenses

/// Texts about two subjects that share no word but `bank`, which is a river's in one half of them and a house of money in the other.
struct PseudoWords {
    private(set) var text: SenseText
    /// For each occurrence of `bank`, in order, which subject its text is about.
    private(set) var subjects: [Int] = []

    init(texts: Int = 300, words: Int = 30, seed: UInt64 = 3) {
        var random = SplitMix64(seed: seed)
        var builder = SenseTextBuilder()
        for number in 0..<texts {
            let subject = number % 2
            for position in 0..<24 {
                if position % 8 == 4 {
                    builder.add(term: "bank", form: "bank")
                    subjects.append(subject)
                } else {
                    let word = "\(subject == 0 ? "river" : "money")\(random.below(words))"
                    builder.add(term: word, form: word)
                }
            }
            builder.endText()
        }
        text = builder.finish(minimumCount: 5, maximumWords: 1000)
    }

    /// The most similar sense of each occurrence of `bank`.
    func senses(by model: SenseModel) throws -> [Int] {
        guard let bank = model.number(of: "bank") else { return [] }
        return text.texts.flatMap { range in
            range.filter { Int(text.tokens[$0]) == bank }.map { position in
                let near =
                    max(
                        range.lowerBound, position - model.window)..<min(
                        range.upperBound, position + model.window + 1)
                let context = near.filter { $0 != position }.map { Int(text.tokens[$0]) }
                let similarities = model.similarities(of: bank, context: context)
                return similarities.indices.max { similarities[$0] < similarities[$1] } ?? 0
            }
        }
    }
}

/// The adjusted Rand index of two partitions (Hubert and Arabie 1985): 1 for equal ones, about 0 for unrelated ones.
func adjustedRandIndex(_ a: [Int], _ b: [Int]) -> Double {
    func pairs(_ counts: some Sequence<Int>) -> Double { counts.reduce(0) { $0 + Double($1 * ($1 - 1)) / 2 } }
    func counts(_ values: [[Int]]) -> [Int] { Array(Dictionary(grouping: values) { $0 }.mapValues(\.count).values) }
    let both = pairs(counts(zip(a, b).map { [$0, $1] }))
    let (first, second) = (pairs(counts(a.map { [$0] })), pairs(counts(b.map { [$0] })))
    let expected = first * second / pairs([a.count])
    let mean = (first + second) / 2
    return mean == expected ? 1 : (both - expected) / (mean - expected)
}
