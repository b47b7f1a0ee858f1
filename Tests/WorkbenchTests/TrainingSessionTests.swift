import Testing
import TrawlCore
import TrawlModels
import TrawlTensors
import TrawlTestSupport
import TrawlTraining

@testable import TrawlWorkbench

/// Twelve steps, scored after every second one.
@Suite struct TrainingSessionTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// The weight counts the steps.
    private final class Steps: TrainingObjective {
        struct Settings: Codable, Equatable {}

        let weight = Parameter(name: "weight", rows: 1, columns: 1, isVector: false, rateFactor: 1, values: [1])
        let settings = Settings()
        let dataDigest = "none"
        /// The last step that was begun, from 1.
        private(set) var step = 0
        var parameters: [Parameter] { [weight] }
        var state: Int { step }

        func restore(_ state: Int) { step = state }

        func batch(of step: TrainingStep) -> Int {
            self.step = step.number + 1
            return step.number
        }

        func accumulateGradients(of batch: Int, in pass: GradientPass) throws -> StepLosses {
            try weight.addGradients(weight.values)
            return StepLosses([NamedLoss("size", Double(weight.values[0]))], units: 1)
        }
    }

    private final class Written {
        /// The step of the model in the output folder.
        var step: Int?
    }

    /// Trains until `stop`, or to the end; `values` are the scores by step.
    ///
    /// - Returns: The history.
    private func train(
        until stop: Int? = nil, resuming: Bool = false, duringScores: Bool = false, _ values: [Int: Double],
        _ written: Written
    ) throws -> TrainingHistory {
        var settings = TrainingSettings()
        settings.steps = 12
        let objective = Steps()
        let trainer = try Trainer(objective, settings: settings)
        let checkpoint = TrainingCheckpoint(path: folder.path)
        if resuming { try checkpoint.restoreState(of: trainer) }
        nonisolated(unsafe) let counted = objective
        nonisolated(unsafe) var isScored = false
        let cancellation = Cancellation {
            guard let stop else { return false }
            return counted.step >= stop && (isScored || !duringScores)
        }
        var session = TrainingSession(
            trainer: trainer, checkpoint: checkpoint,
            score: .init(measure: "score", queries: "none") { objective, isStopped in
                if let stop { isScored = objective.step >= stop }
                return isStopped() ? nil : values[objective.step] ?? 0
            }, cancellation: cancellation, progress: .silent
        ) { written.step = $0.step }
        try session.run()
        return trainer.history
    }

    private static let rising: [Int: Double] = [2: 0.1, 4: 0.2, 6: 0.3, 8: 0.4, 10: 0.5, 12: 0.6]
    private static let falling: [Int: Double] = [2: 0.6, 4: 0.5, 6: 0.4, 8: 0.3, 10: 0.2, 12: 0.1]

    @Test(arguments: [false, true], [2, 4, 10])
    func atAScoreAResumedTrainingKeepsTheModelOfAnUninterruptedOne(duringScores: Bool, stop: Int) throws {
        for values in [Self.rising, Self.falling] {
            let (whole, parts) = (Written(), Written())
            let history = try train(values, whole)
            _ = try train(until: stop, duringScores: duringScores, values, parts)
            #expect(try train(resuming: true, values, parts) == history)
            #expect(parts.step == whole.step)
        }
    }

    @Test func betweenScoresTheModelOfTheStopIsKeptWhereItIsTheBest() throws {
        let written = Written()
        _ = try train(until: 5, Self.falling.merging([5: 0.7]) { $1 }, written)
        #expect(written.step == 5)
        let history = try train(resuming: true, Self.falling, written)
        #expect(history.best?.step == 5 && written.step == 5)
        #expect(history.scores.map(\.step) == [2, 4, 5, 6, 8, 10, 12])
    }
}
