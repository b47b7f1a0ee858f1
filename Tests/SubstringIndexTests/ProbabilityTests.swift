import Testing
import TrawlCore

@testable import TrawlSubstringIndex

@Suite struct ProbabilityTests {
    @Test(arguments: Passages.matrix)
    func backsOffToTheLongestSuffixThatOccurs(_ passages: Passages) throws {
        let files = try TemporaryIndex(passages, segments: [passages.passages.count])
        let index = try SubstringIndex(files.snapshot)
        var random = SplitMix64(seed: 12)
        var (backedOff, used) = (0, 0)
        for round in 0..<60 {
            let passage = passages.passages[Int(random.next() % UInt64(passages.passages.count))].dropLast()
            guard !passage.isEmpty else { continue }
            let end = 1 + Int(random.next() % UInt64(passage.count))
            var context = Array(passage.prefix(end).suffix(1 + round % 9))
            if round % 3 == 0 { context[Int(random.next() % UInt64(context.count))] = TokenID(random.next() % 900) }
            // The definition: one token less at a time until what is left occurs.
            var suffix = context[...]
            while !suffix.isEmpty, passages.positions(of: Array(suffix)).isEmpty { suffix = suffix.dropFirst() }
            let found = index.longestSuffix(of: context)
            #expect(found.length == suffix.count, "\(context)")
            if suffix.count < context.count { backedOff += 1 } else { used += 1 }
            let next =
                suffix.isEmpty ? index.nextTokens(index.root) : passages.next(after: Array(suffix))
            let total = next.reduce(0) { $0 + $1.count }
            for token in next.map(\.token).prefix(20) + [TokenID(899_999)] {
                let probability = index.probability(of: token, after: context)
                #expect(probability.contextLength == suffix.count && probability.contextCount == total)
                #expect(probability.count == next.first { $0.token == token }?.count ?? 0)
                #expect(probability.probability == Double(probability.count) / Double(total))
            }
        }
        // One-token and empty passages have no contexts to speak of.
        if passages.passages.contains(where: { $0.count > 20 }) { #expect(backedOff > 0 && used > 0) }
    }

    @Test func anEmptyIndexMakesNothingLikely() throws {
        let files = try TemporaryIndex(Passages("empty", boundary: 3, []), segments: [0])
        let found = try SubstringIndex(files.snapshot).probability(of: 1, after: [2, 1])
        #expect(found.contextLength == 0 && found.contextCount == 0 && found.probability == 0)
    }
}
