import TrawlCore
import TrawlTraining

/// A linear regression, as a user of the library would define it: this file and `TrainerTests` see public declarations alone.
final class ToyObjective: TrainingObjective {
    struct Settings: Codable, Equatable {
        var rowsPerStep = 8
        var sources = ["near", "far"]
    }

    struct State: Codable {
        var draws: [Int]
    }

    struct Batch {
        let step: Int
        let examples: [Int]
    }

    static let features = 5

    let weight = Parameter(
        name: "weight", rows: 1, columns: features, isVector: false, rateFactor: 1,
        values: [Float](repeating: 0, count: features))
    let bias = Parameter(name: "bias", rows: 1, columns: 1, isVector: true, rateFactor: 1, values: [0])
    let settings: Settings
    let dataDigest: String
    private let inputs: [[Float]]
    private let targets: [Float]
    /// How often each example was drawn, which a checkpoint keeps.
    private(set) var draws: [Int]

    /// The steps for which batches were drawn.
    private(set) var steps: [TrainingStep] = []

    init(settings: Settings = Settings(), examples: Int = 64, dataSeed: UInt64 = 5) {
        self.settings = settings
        dataDigest = "toy \(examples) \(dataSeed)"
        var random = SplitMix64(seed: dataSeed)
        func number() -> Float { Float(random.next() >> 40) / Float(1 << 23) - 1 }
        inputs = (0..<examples).map { _ in (0..<Self.features).map { _ in number() } }
        targets = inputs.map { row in row.enumerated().reduce(0.5) { $0 + Float($1.offset - 2) * $1.element } }
        draws = [Int](repeating: 0, count: examples)
    }

    var parameters: [Parameter] { [weight, bias] }
    var state: State { State(draws: draws) }

    func restore(_ state: State) throws {
        guard state.draws.count == draws.count else { throw TrawlError(.corrupted, "other examples") }
        draws = state.draws
    }

    /// Even examples are near, odd ones far; they get harder with their number.
    func batch(of step: TrainingStep) -> Batch {
        steps.append(step)
        var random = SplitMix64(seed: step.seed &+ UInt64(step.number))
        let allowed = max(2, Int(step.stage.difficulty * Double(inputs.count)))
        let (near, far) = (step.stage.factor(of: "near"), step.stage.factor(of: "far"))
        let examples = (0..<settings.rowsPerStep).map { _ in
            let isNear = Double(random.next() >> 11) / Double(1 << 53) * (near + far) < near
            return Int(random.next() % UInt64(allowed / 2)) * 2 + (isNear ? 0 : 1)
        }
        for example in examples { draws[example] += 1 }
        return Batch(step: step.number, examples: examples)
    }

    func accumulateGradients(of batch: Batch, in pass: GradientPass) throws -> StepLosses {
        let examples = batch.examples
        var sum = 0.0
        for start in stride(from: 0, to: examples.count, by: pass.microBatch) {
            let part = Array(examples[start..<min(start + pass.microBatch, examples.count)])
            let tape = pass.tape
            tape.clear()
            let x = tape.constant(part.flatMap { inputs[$0] }, rows: part.count, columns: Self.features)
            let y = tape.linear(x, weight, bias)
            sum += tape.loss(of: y, scale: 1 / Float(examples.count)) { predicted in
                let errors = zip(predicted, part).map { $0 - targets[$1] }
                let losses = errors.map { Double($0 * $0) }
                let weights = pass.weights(of: zip(part, losses).map { ExampleLoss(example: $0, value: $1) })
                return (losses.reduce(0, +), zip(errors, weights).map { 2 * $0 * $1 })
            }
            tape.backward()
        }
        var losses = [NamedLoss("squared error", sum / Double(examples.count))]
        // A second loss, which only some steps have: a pull to small weights, whose gradient is written by hand.
        if batch.step % 3 == 2 {
            let values = weight.values
            losses.append(NamedLoss("size", values.reduce(0) { $0 + Double($1 * $1) }))
            try weight.addGradients(values.map { 0.002 * $0 })
        }
        return StepLosses(losses, units: examples.count)
    }
}
