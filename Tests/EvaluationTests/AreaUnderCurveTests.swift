import Testing
import TrawlEvaluation

@Suite struct AreaUnderCurveTests {
    @Test func itIsTheShareOfPairsInTheRightOrder() {
        #expect(AreaUnderCurve.area([3, 4], over: [1, 2]) == 1)
        #expect(AreaUnderCurve.area([1, 2], over: [3, 4]) == 0)
        #expect(AreaUnderCurve.area([1, 3], over: [2, 2]) == 0.5)
        #expect(AreaUnderCurve.area([5, 5], over: [5, 5, 5]) == 0.5)
        // 2 > 1, 2 = 2, 3 > 1, 3 > 2: 3.5 of 4 pairs.
        #expect(AreaUnderCurve.area([2, 3], over: [1, 2]) == 0.875)
        #expect(AreaUnderCurve.area([], over: [1]) == nil)
        #expect(AreaUnderCurve.area([1], over: []) == nil)
        #expect(AreaUnderCurve.area([.nan], over: [1]) == nil)
    }
}
