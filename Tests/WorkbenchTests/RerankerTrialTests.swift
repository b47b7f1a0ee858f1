import Testing

@testable import TrawlWorkbench

@Suite struct RerankerTrialTests {
    private static func worth(_ values: [[Double]]) -> RerankerTrial.Worth {
        .init(weights: [0.2, 0.5, 1], values: values)
    }

    /// 0.5 is a little worse than 1, by less than its queries differ; 0.2 is worse for all of them.
    @Test func aLowWeightIsTakenWhereItIsHardlyWorse() {
        let worth = Self.worth([[0.1, 0.1, 0.1, 0.1], [0.9, 0.2, 0.5, 0.6], [0.6, 0.6, 0.5, 0.6]])
        #expect(worth.weight == 0.5)
        #expect(abs(worth.value - 0.55) < 1e-12)
    }

    @Test func aWeightThatIsBetterForEveryQueryIsTaken() {
        #expect(Self.worth([[0.1, 0.2], [0.2, 0.3], [0.3, 0.4]]).weight == 1)
    }

    @Test func ofEqualWeightsTheLowestIsTaken() {
        #expect(Self.worth([[0.3, 0.5], [0.3, 0.5], [0.3, 0.5]]).weight == 0.2)
    }
}
