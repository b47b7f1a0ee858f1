import Testing

@testable import TrawlTokenizers

@Suite struct PairTemplateTests {
    @Test func theLongerTextIsCutFirst() {
        #expect(PairTemplate.longestFirst(5, 100, budget: 50) == (5, 45))
        #expect(PairTemplate.longestFirst(100, 5, budget: 50) == (45, 5))
        #expect(PairTemplate.longestFirst(80, 100, budget: 51) == (25, 26))
        #expect(PairTemplate.longestFirst(10, 10, budget: 50) == (10, 10))
        #expect(PairTemplate.longestFirst(10, 10, budget: 0) == (0, 0))
    }
}
