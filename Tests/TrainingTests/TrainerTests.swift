import Foundation
import Testing
import TrawlCore
import TrawlTestSupport
import TrawlTraining

/// The generic trainer, through an objective that is defined in the tests and through public declarations alone.
@Suite struct TrainerTests {
    private let temporary: TemporaryFolder
    private var folder: String { temporary.path }

    init() throws { temporary = try TemporaryFolder() }

    private static func settings(steps: Int = 40, seed: UInt64 = 1, microBatch: Int = 3) -> TrainingSettings {
        var settings = TrainingSettings()
        settings.steps = steps
        settings.seed = seed
        settings.learningRate.peak = 0.2
        settings.optimiser.weightDecay = 0
        settings.microBatch = microBatch
        return settings
    }

    /// Weighs examples by their loss as a share of the highest of recent steps, which it remembers.
    private struct ByLoss: ExampleWeighting {
        let name = "by loss"
        var memory: [Double] = []

        mutating func weights(of losses: [ExampleLoss], done: Double) -> [Float] {
            memory = (memory + losses.map(\.value)).suffix(20)
            let highest = max(memory.max() ?? 1, 1e-9)
            return losses.map { Float(0.5 + $0.value / highest) }
        }
    }

    private struct Even: ExampleWeighting {
        let name = "even"
        func weights(of losses: [ExampleLoss], done: Double) -> [Float] { losses.map { _ in 1 } }
    }

    private static let nearFirst = Curriculum(name: "near first") { done in
        CurriculumStage(sources: ["far": done < 0.5 ? 0 : 1], difficulty: 0.25 + 0.75 * done)
    }

    private static func trained(
        _ hooks: TrainingHooks = TrainingHooks(), _ settings: TrainingSettings = settings()
    ) throws -> Trainer<ToyObjective> {
        let trainer = try Trainer(ToyObjective(), settings: settings, hooks: hooks)
        try trainer.run { _ in true }
        return trainer
    }

    private static func values(_ trainer: Trainer<ToyObjective>) -> [[Float]] {
        trainer.objective.parameters.map(\.values)
    }

    @Test func aToyObjectiveIsLearnt() throws {
        let trainer = try Trainer(ToyObjective(), settings: Self.settings(steps: 300))
        var last: TrainingProgress?
        try trainer.run { progress in
            last = progress
            return true
        }
        #expect(trainer.step == 300 && trainer.done == 1)
        #expect(trainer.history.gradientNorms.count == 300 && trainer.history.losses["squared error"]?.count == 300)
        let sizes = try #require(trainer.history.losses["size"])
        #expect(sizes.count == 300 && sizes.enumerated().allSatisfy { ($1 != nil) == ($0 % 3 == 2) })
        let progress = try #require(last)
        #expect(progress.loss < 0.2 && progress.loss(named: "size") != nil && progress.loss(named: "other") == nil)
        for (found, expected) in zip(trainer.objective.weight.values, [-2, -1, 0, 1, 2] as [Float]) {
            #expect(abs(found - expected) < 0.1)
        }
    }

    @Test(arguments: [false, true]) func aResumedTrainingEqualsAnUninterruptedOneToTheBit(hasHooks: Bool) throws {
        let hooks = hasHooks ? TrainingHooks(weighting: ByLoss(), curriculum: Self.nearFirst) : TrainingHooks()
        let whole = try Self.trained(hooks)
        let checkpoint = TrainingCheckpoint(path: folder)
        // Interrupted twice.
        for end in [7, 23] {
            let part = try Trainer(ToyObjective(), settings: Self.settings(), hooks: hooks)
            if checkpoint.hasState { try checkpoint.restoreState(of: part) }
            try part.run { $0.step < end }
            try checkpoint.writeState(of: part)
        }
        let last = try Trainer(ToyObjective(), settings: Self.settings(), hooks: hooks)
        try checkpoint.restoreState(of: last)
        #expect(last.step == 23)
        try last.run { _ in true }
        #expect(Self.values(last) == Self.values(whole))
        #expect(last.history == whole.history && last.objective.draws == whole.objective.draws)
    }

    /// An objective whose weight is updated every few steps only.
    private static func slow(_ interval: Int) -> ToyObjective {
        let objective = ToyObjective()
        objective.weight.interval = interval
        return objective
    }

    @Test func aParameterWaitsForItsTurn() throws {
        let trainer = try Trainer(Self.slow(4), settings: Self.settings())
        var (weights, biases): ([[Float]], [[Float]]) = ([], [])
        try trainer.run { _ in
            weights.append(trainer.objective.weight.values)
            biases.append(trainer.objective.bias.values)
            return true
        }
        for step in 1..<weights.count {
            #expect((weights[step] == weights[step - 1]) == ((step + 1) % 4 != 0))
            #expect(biases[step] != biases[step - 1])
        }
    }

    /// Where gradients do not depend on the weight, four of them are kept for its turn as one gradient of four times the size, and
    /// Adam's first update is that of their sum.
    @Test func theGradientsThatWaitAddUp() throws {
        func update(_ interval: Int, _ gradients: [[Float]]) throws -> [Float] {
            let parameter = Parameter(
                name: "w", rows: 1, columns: 2, isVector: false, rateFactor: 1, values: [1, -1])
            parameter.interval = interval
            var settings = AdamW.Settings()
            (settings.epsilon, settings.clip, settings.weightDecay) = (1, 0, 0)
            let optimiser = AdamW([parameter], settings: settings)
            for gradient in gradients {
                try parameter.addGradients(gradient)
                optimiser.update(rate: 0.1)
            }
            return parameter.values
        }
        #expect(try update(4, [[1, 0], [0.5, -2], [0, 1], [0.5, 0]]) == update(1, [[2, -1]]))
        #expect(try update(4, [[1, 0], [0.5, -2], [0, 1]]) == [1, -1])
    }

    @Test func aResumedTrainingKeepsTheGradientsThatWait() throws {
        let whole = try Trainer(Self.slow(8), settings: Self.settings())
        try whole.run { _ in true }
        let checkpoint = TrainingCheckpoint(path: folder)
        let part = try Trainer(Self.slow(8), settings: Self.settings())
        try part.run { $0.step < 13 }
        try checkpoint.writeState(of: part)
        let last = try Trainer(Self.slow(8), settings: Self.settings())
        try checkpoint.restoreState(of: last)
        try last.run { _ in true }
        #expect(Self.values(last) == Self.values(whole))
    }

    /// A strong anchor holds the weights where they were; after a resumption too.
    @Test func anAnchorHoldsTheWeights() throws {
        func trained(_ anchor: Float, interrupted: Bool = false) throws -> Trainer<ToyObjective> {
            var settings = Self.settings(steps: 200)
            settings.optimiser.anchor = anchor
            let checkpoint = TrainingCheckpoint(path: folder)
            var trainer = try Trainer(ToyObjective(), settings: settings)
            if interrupted {
                try trainer.run { $0.step < 90 }
                try checkpoint.writeState(of: trainer)
                trainer = try Trainer(ToyObjective(), settings: settings)
                try checkpoint.restoreState(of: trainer)
            }
            try trainer.run { _ in true }
            return trainer
        }
        func size(_ trainer: Trainer<ToyObjective>) -> Float {
            trainer.objective.weight.values.reduce(0) { $0 + abs($1) }
        }
        let (free, weak, strong) = (try trained(0), try trained(0.5), try trained(10))
        #expect(size(free) > 5.5 && size(weak) < 0.9 * size(free) && size(strong) < 0.5 * size(weak))
        #expect(try Self.values(trained(0.5, interrupted: true)) == Self.values(weak))
    }

    @Test func whatAResumedTrainingMustShareIsCompared() throws {
        let checkpoint = TrainingCheckpoint(path: folder)
        func expect(
            _ code: TrawlError.Code, _ objective: ToyObjective = ToyObjective(),
            _ settings: TrainingSettings = Self.settings(), _ hooks: TrainingHooks = TrainingHooks(),
            sourceLocation: SourceLocation = #_sourceLocation
        ) throws {
            let trainer = try Trainer(objective, settings: settings, hooks: hooks)
            let error = #expect(throws: TrawlError.self, sourceLocation: sourceLocation) {
                try checkpoint.restoreState(of: trainer)
            }
            #expect(error?.code == code && error?.remedy != nil, sourceLocation: sourceLocation)
        }
        try expect(.notFound)
        let trainer = try Trainer(ToyObjective(), settings: Self.settings())
        try trainer.run { $0.step < 5 }
        try checkpoint.writeState(of: trainer)
        try expect(.incompatible, ToyObjective(), Self.settings(seed: 2))
        try expect(.incompatible, ToyObjective(settings: .init(rowsPerStep: 9)))
        try expect(.incompatible, ToyObjective(dataSeed: 6))
        try expect(.incompatible, ToyObjective(), Self.settings(), TrainingHooks(weighting: Even()))
        try expect(.incompatible, ToyObjective(), Self.settings(), TrainingHooks(curriculum: Self.nearFirst))
        // The end may change.
        let longer = try Trainer(ToyObjective(), settings: Self.settings(steps: 60))
        try checkpoint.restoreState(of: longer)
        #expect(longer.step == 5)
        // A state of an earlier version, and one that is cut short.
        let file = folder + "/training_state.safetensors"
        let whole = try Data(contentsOf: URL(filePath: file))
        var old = whole
        let range = try #require(old.range(of: Data("microBatch".utf8)))
        old.replaceSubrange(range, with: Data("rowsAtOnce".utf8))
        try old.write(to: URL(filePath: file))
        try expect(.corrupted)
        try whole.dropLast(9).write(to: URL(filePath: file))
        try expect(.corrupted)
        checkpoint.removeTraces()
        #expect(!checkpoint.hasState)
    }

    @Test func hooksThatAskForNothingChangeNothing() throws {
        let plain = try Self.trained()
        let neutral = TrainingHooks(
            weighting: Even(), curriculum: Curriculum(name: "none") { _ in CurriculumStage() })
        #expect(Self.values(try Self.trained(neutral)) == Self.values(plain))
        #expect(Self.values(try Self.trained()) == Self.values(plain))
    }

    @Test func aWeightingChangesGradientsAndNotLosses() throws {
        let (plain, weighted) = (try Self.trained(), try Self.trained(TrainingHooks(weighting: ByLoss())))
        #expect(Self.values(plain) != Self.values(weighted))
        #expect(plain.history.gradientNorms[0] != weighted.history.gradientNorms[0])
        #expect(plain.history.losses["squared error"]?[0] == weighted.history.losses["squared error"]?[0])
    }

    @Test func aCurriculumDecidesWhatIsDrawn() throws {
        let trainer = try Trainer(
            ToyObjective(), settings: Self.settings(), hooks: TrainingHooks(curriculum: Self.nearFirst))
        try trainer.run { $0.step < 19 }
        let early = trainer.objective.draws
        #expect(early.enumerated().allSatisfy { $0 % 2 == 0 || $1 == 0 })
        #expect(early.suffix(20).allSatisfy { $0 == 0 })
        try trainer.run { _ in true }
        let late = trainer.objective.draws
        #expect(late.enumerated().contains { $0 % 2 == 1 && $1 > 0 })
        #expect(trainer.objective.steps.map(\.number) == Array(0..<40))
        #expect(trainer.objective.steps[20].done == 0.5 && trainer.objective.steps[20].stage.sources == ["far": 1])
    }

    @Test func gradientsAreAccumulatedOverMicroBatches() throws {
        let (one, all) = (
            try Self.trained(TrainingHooks(), Self.settings(steps: 5, microBatch: 1)),
            try Self.trained(TrainingHooks(), Self.settings(steps: 5, microBatch: 100))
        )
        for (a, b) in zip(Self.values(one).joined(), Self.values(all).joined()) { #expect(abs(a - b) < 1e-5) }
    }

    @Test func whatCannotBeTrainedIsRefused() throws {
        #expect(throws: TrawlError.self) { try Trainer(ToyObjective(), settings: TrainingSettings()) }
        let twins = Twins()
        let error = #expect(throws: TrawlError.self) { try Trainer(twins, settings: Self.settings()) }
        #expect(error?.message.contains("'w'") == true)
        let weight = Parameter(name: "w", rows: 1, columns: 2, isVector: true, rateFactor: 1, values: [1, 2])
        #expect(throws: TrawlError.self) { try weight.addGradients([1]) }
        try weight.addGradients([1, -1])
        try weight.addGradients([2, 0])
        #expect(weight.gradients == [3, -1])
    }

    /// Two parameters of one name; nothing else is said, so that the defaults of the protocol are used.
    private final class Twins: TrainingObjective {
        let settings = 0
        let dataDigest = ""
        let parameters = (0..<2).map { _ in
            Parameter(name: "w", rows: 1, columns: 1, isVector: true, rateFactor: 1, values: [0])
        }
        func batch(of step: TrainingStep) {}
        func accumulateGradients(of batch: Void, in pass: GradientPass) -> StepLosses { StepLosses([], units: 0) }
    }

    /// A loss that is not finite ends the training, and leaves the parameters of the step before.
    @Test func aStepWithoutAFiniteLossChangesNothing() throws {
        let trainer = try Trainer(Bursting(), settings: Self.settings())
        var values: [Float] = []
        let error = #expect(throws: TrawlError.self) {
            try trainer.run { _ in
                values = trainer.objective.weight.values
                return true
            }
        }
        #expect(error?.code == .incompatible && trainer.step == 3)
        #expect(trainer.objective.weight.values == values)
        #expect(trainer.objective.weight.gradients == [0])
    }

    private final class Bursting: TrainingObjective {
        let settings = 0
        let dataDigest = ""
        let weight = Parameter(name: "w", rows: 1, columns: 1, isVector: true, rateFactor: 1, values: [1])
        var parameters: [Parameter] { [weight] }
        func batch(of step: TrainingStep) -> Int { step.number }
        func accumulateGradients(of step: Int, in pass: GradientPass) throws -> StepLosses {
            try weight.addGradients([1])
            return StepLosses([NamedLoss("loss", step == 3 ? .infinity : 1)], units: 1)
        }
    }
}
