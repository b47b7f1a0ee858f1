import Testing
import TrawlCore

@Suite struct TopPassagesTests {
    @Test func keepsTheBestAndBreaksTiesByPassage() {
        var top = TopPassages(3)
        for (number, score) in [1, 5, 5, 2, 5, 0].enumerated() {
            top.offer(ScoredPassage(PassageID(UInt32(number)), Float(score)))
        }
        #expect(top.ranking().map(\.passage.rawValue) == [1, 2, 4])
        #expect(top.threshold == 5)
    }

    @Test func anyOrderOfOffersGivesTheSameRanking() {
        let entries = (0..<100).map { ScoredPassage(PassageID(UInt32($0)), Float(($0 * 37) % 11)) }
        var forward = TopPassages(17)
        var backward = TopPassages(17)
        for entry in entries { forward.offer(entry) }
        for entry in entries.reversed() { backward.offer(entry) }
        #expect(forward.ranking() == backward.ranking())
        #expect(forward.ranking() == Ranking(entries).top(17))
    }

    @Test func noRoomKeepsNothing() {
        var top = TopPassages(0)
        top.offer(ScoredPassage(PassageID(0), 1))
        #expect(top.ranking().isEmpty)
    }
}
