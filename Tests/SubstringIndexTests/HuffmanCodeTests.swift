import CTrawlKernels
import Testing

@testable import TrawlSubstringIndex

@Suite struct HuffmanCodeTests {
    static let texts: [[UInt32]] = [
        [5], [3, 3], [1, 1, 1, 1], [1, 2, 3, 4, 5], [100, 1, 1, 1, 1, 1, 1, 1],
        (1...3000).map { (rank: UInt32) -> UInt32 in 1 + 1_000_000 / (rank * rank) },
        [UInt32](repeating: 7, count: 1025),
    ]

    @Test(arguments: texts)
    func everySymbolHasACodeThatNoOtherStartsWith(_ counts: [UInt32]) {
        let code = HuffmanCode(counts: counts)
        let digits = code.codes.map { code -> [UInt32] in
            (0..<HuffmanCode.length(code)).map { code >> UInt32(26 - 6 * $0) & 63 }
        }
        #expect(Set(digits).count == counts.count)
        let sorted = digits.sorted { $0.lexicographicallyPrecedes($1) }
        for (a, b) in zip(sorted, sorted.dropFirst()) { #expect(!b.starts(with: a)) }
        #expect(digits.map(\.count).max() == code.levels)
        let total = zip(digits, counts).reduce(0) { $0 + $1.0.count * Int($1.1) }
        #expect(code.digitCount(counts) == total)
        // The leaves complete the tree: one leaf, and 63 more for each inner node.
        #expect(code.leaves.count == 1 + 63 * code.innerNodes.reduce(0, +))
        #expect(Set(code.leaves).subtracting([HuffmanCode.noSymbol]) == Set(0..<UInt32(counts.count)))
    }

    @Test func frequentSymbolsHaveShortCodes() {
        var counts = [UInt32](repeating: 1, count: 500)
        for symbol in 40..<80 { counts[symbol] = 1000 }
        let lengths = HuffmanCode(counts: counts).codes.map(HuffmanCode.length)
        #expect(lengths[40..<80].allSatisfy { $0 == 1 })
        #expect(lengths.allSatisfy { (1...2).contains($0) })
    }

    /// Counts that double would make a deep tree.
    @Test func codesStayShortWhateverTheCounts() {
        let code = HuffmanCode(counts: (0..<3000).map { 1 << UInt32(min($0 / 90, 31)) })
        #expect(code.levels <= 3)
    }
}
