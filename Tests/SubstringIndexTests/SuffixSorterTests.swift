import Testing
import TrawlCore

@testable import TrawlSubstringIndex

@Suite struct SuffixSorterTests {
    @Test(arguments: Strings.all)
    func sortsLikeComparingSuffixes(_ name: String) {
        let text = Strings.named(name)
        #expect(suffixArray(text) == naiveSuffixArray(text), "\(name)")
    }

    @Test func sortsEveryShortString() {
        // All strings of up to 8 symbols over 3 letters: every pattern of types that the induction can meet.
        for length in 0...8 {
            var number = 0
            var limit = 1
            for _ in 0..<length { limit *= 3 }
            while number < limit {
                var rest = number
                let text = (0..<length).map { _ -> Int32 in
                    defer { rest /= 3 }
                    return Int32(rest % 3)
                }
                let sorted = suffixArray(text)
                guard sorted == naiveSuffixArray(text) else {
                    Issue.record("\(text) sorted as \(sorted)")
                    return
                }
                number += 1
            }
        }
    }

    @Test func sortsSeededRandomStringsOfEveryAlphabet() {
        var random = SplitMix64(seed: 7)
        for round in 0..<300 {
            let length = Int(random.next() % 400)
            let alphabet = [1, 2, 3, 5, 30, 1000][round % 6]
            let text = (0..<length).map { _ in Int32(random.next() % UInt64(alphabet)) }
            #expect(suffixArray(text) == naiveSuffixArray(text))
        }
    }

    @Test func leastRotationIsTheLeastOfAll() {
        var random = SplitMix64(seed: 11)
        for round in 0..<500 {
            let length = 1 + Int(random.next() % 40)
            let text = (0..<length).map { _ in Int32(random.next() % UInt64(1 + round % 4)) }
            let cut = text.withUnsafeBufferPointer { CircularText.leastRotation($0) }
            let best = (0..<length).map { Array(text[$0...] + text[..<$0]) }.min { $0.lexicographicallyPrecedes($1) }
            #expect(Array(text[cut...] + text[..<cut]) == best)
        }
    }

    private func suffixArray(_ text: [Int32]) -> [Int32] {
        var result = [Int32](repeating: -7, count: text.count)
        let alphabet = Int(text.max() ?? 0) + 1
        text.withUnsafeBufferPointer { text in
            result.withUnsafeMutableBufferPointer { result in
                guard let from = text.baseAddress, let to = result.baseAddress else { return }
                SuffixSorter.sort(from, into: to, count: text.count, alphabet: alphabet)
            }
        }
        return result
    }

    private func naiveSuffixArray(_ text: [Int32]) -> [Int32] {
        text.indices.sorted { text[$0...].lexicographicallyPrecedes(text[$1...]) }.map(Int32.init)
    }
}
