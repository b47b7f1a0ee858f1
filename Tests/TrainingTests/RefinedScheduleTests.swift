import Foundation
import Testing
import TrawlCore
import TrawlTestSupport

@testable import TrawlTraining

@Suite struct RefinedScheduleTests {
    @Test func equalGradientsGiveALinearDecay() {
        let schedule = RefinedSchedule.schedule(of: [Float](repeating: 3, count: 1000))
        #expect(schedule.count == 200)
        for (point, share) in schedule.enumerated() { #expect(abs(share - Float(199 - point) / 199) < 1e-5) }
    }

    @Test func shrinkingGradientsKeepTheRateHigh() {
        let schedule = RefinedSchedule.schedule(of: (0..<1000).map { 4 - 3 * Float($0) / 1000 })
        #expect(schedule[100] > 0.9)
        #expect(schedule.max() == 1 && schedule.last == 0)
        let highest = schedule.firstIndex(of: 1) ?? 0
        #expect(highest > 20 && highest < 180)
    }

    /// Of its definition, written out for a training as short as its points.
    @Test func everyRateIsItsWeightTimesTheLaterWeights() {
        let norms: [Float] = [4, 2, 1, 2, 0.5, 1]
        let weights = norms.map { 1 / Double($0) }
        let rates = weights.indices.map { weights[$0] * weights[($0 + 1)...].reduce(0, +) }
        let schedule = RefinedSchedule.schedule(of: norms)
        #expect(schedule.count == rates.count)
        for (found, rate) in zip(schedule, rates) { #expect(abs(Double(found) - rate / (rates.max() ?? 1)) < 1e-6) }
    }

    @Test func oneWildStepChangesNothing() {
        var norms = [Float](repeating: 1, count: 400)
        let calm = RefinedSchedule.schedule(of: norms)
        norms[150] = 1000
        #expect(RefinedSchedule.schedule(of: norms) == calm)
    }

    @Test func stepsWithoutGradientsDoNotTakeTheWholeRate() {
        var norms = [Float](repeating: 1, count: 1000)
        for step in 500..<700 { norms[step] = 0 }
        let schedule = RefinedSchedule.schedule(of: norms)
        #expect(schedule.allSatisfy(\.isFinite) && schedule[20] > 0.005)
    }

    @Test func aRateFollowsItsSchedule() {
        var rate = LearningRate()
        (rate.peak, rate.warmUp) = (2, 0.1)
        rate.schedule = [1, 0.5, 0.25, 0.125, 0]
        #expect(abs(rate.value(at: 0.25) - 1) < 1e-6)
        #expect(abs(rate.value(at: 0.375) - 0.75) < 1e-6)
        #expect(abs(rate.value(at: 0.05) - 0.5 * 2 * (1 - 0.2 * 0.5)) < 1e-6)
        #expect(rate.value(at: 1) == 0)
        rate.schedule = [1]
        #expect(rate.value(at: 0.5) == 2 && rate.value(at: 1) == 2)
    }

    @Test(arguments: ["[]", "[1, -2]", "{}", "[1, "])
    func filesThatAreNotNormsAreRefused(text: String) throws {
        let temporary = try TemporaryFolder()
        let folder = temporary.path
        try temporary.write(RefinedSchedule.fileName, text)
        let error = #expect(throws: TrawlError.self) { try RefinedSchedule.schedule(ofTrainingIn: folder) }
        #expect(error?.path == folder + "/" + RefinedSchedule.fileName)
        #expect(throws: TrawlError.self) { try RefinedSchedule.schedule(ofTrainingIn: folder + "/none") }
    }
}
