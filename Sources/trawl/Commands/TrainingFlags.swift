public import ArgumentParser
import Foundation
import TrawlEngine
import TrawlEvaluation
public import TrawlTensors
public import TrawlTraining
import TrawlWorkbench

/// How long a model is trained, and where it is written; shared by all commands that train models.
struct TrainingRunFlags: ParsableArguments {
    @Option(help: ArgumentHelp("The new model: a name in Trawl's models folder, or a path.", valueName: "model"))
    var output: String
    @Option(help: ArgumentHelp("How long to train, in minutes.", valueName: "n")) var minutes: Double?
    @Option(
        help: ArgumentHelp(
            "How many steps to train; unlike --minutes, this gives the same model each time.", valueName: "n"))
    var steps: Int?
    @Option(help: ArgumentHelp("The seed of the random numbers.", valueName: "n")) var seed: UInt64 = 1
    @Flag(
        help: """
            Store all weights, also those shared with the base model, so that transformers and sentence-transformers can \
            load the model.
            """)
    var complete = false
    @Option(help: ArgumentHelp("How weights are stored: f16 or f32.", valueName: "format"))
    var storage: SafetensorsWriter.Storage = .f16
    @Flag(help: "Continue an interrupted training in the output folder.") var resume = false
    @Flag(help: "Replace the model in the output folder.") var force = false

    func validate() throws { try TrainingEnd.validate(minutes: minutes, steps: steps) }

    func settings(learningRate: Float) -> TrainingSettings {
        var settings = TrainingSettings()
        (settings.seed, settings.steps, settings.seconds) = (seed, steps, minutes.map { $0 * 60 })
        settings.learningRate.peak = learningRate
        return settings
    }
}

/// The bounds of what ends a training.
enum TrainingEnd {
    static func validate(minutes: Double?, steps: Int?) throws {
        if minutes == nil && steps == nil { throw ValidationError("give --minutes or --steps") }
        if let minutes { try validate(minutes: minutes) }
        if let steps, !(1...1_000_000_000 ~= steps) { throw ValidationError("--steps must be from 1 to 1000000000") }
    }

    static func validate(minutes: Double) throws {
        guard minutes > 0, minutes < 1_000_000 else {
            throw ValidationError("--minutes must be above 0 and below 1000000")
        }
    }
}

/// The search that finds what a model learns to tell apart.
struct CandidateFlags: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The search that finds passages. (default: hybrid by words and vectors, if the index has both)",
            valueName: "mode"))
    var mode: SearchMode?
    @Option(help: ArgumentHelp("How many passages it finds for a query.", valueName: "n")) var depth = 100
    @Option(help: ArgumentHelp("The most queries of an index to train on.", valueName: "n")) var limit = 3000
    @Option(help: ArgumentHelp("The share of the judged queries that is held out.", valueName: "share"))
    var holdOut = 0.1

    func validate() throws {
        for (name, value, bounds) in [("depth", depth, 2...10_000), ("limit", limit, 1...10_000_000)]
        where !bounds.contains(value) {
            throw ValidationError("--\(name) must be from \(bounds.lowerBound) to \(bounds.upperBound)")
        }
        if !(0..<1 ~= holdOut) { throw ValidationError("--hold-out must be at least 0 and below 1") }
    }

    /// - Parameter teacher: The file of a run whose scores are learnt.
    func search(teacher: String?) throws -> CandidateSearch {
        CandidateSearch(
            mode: mode, depth: depth, limit: limit, heldOut: holdOut, teacher: try teacher.map { try Run(path: $0) })
    }
}

/// Weights of examples by their losses.
struct ReweightingFlags: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Weigh examples by their loss: \(LossReweighting.Strategy.allCases.map(\.rawValue).joined(separator: ", ")). "
                + "(default: all count alike)", valueName: "name"))
    var reweight: LossReweighting.Strategy?
    @Option(help: ArgumentHelp("How closely these weights stay equal.", valueName: "n")) var reweightStrength = 0.4

    func validate() throws {
        if !(reweightStrength > 0 && reweightStrength.isFinite) {
            throw ValidationError("--reweight-strength must be above 0")
        }
    }

    var reweighting: LossReweighting? { reweight.map { LossReweighting($0, strength: reweightStrength) } }
}

/// The order of examples by difficulty.
struct PacingFlags: ParsableArguments {
    static let shapes = Pacing.Shape.allCases.map(\.rawValue).joined(separator: ", ")

    @Option(
        help: ArgumentHelp(
            "Learn easy queries first, which share most words with a relevant passage, and let harder ones in by this "
                + "function of the time: \(shapes). (default: all queries from the start)", valueName: "name"))
    var pacing: Pacing.Shape?

    var value: Pacing? { pacing.map { Pacing($0) } }
}

extension Diagnostics {
    /// What came of a training.
    static func show(_ outcome: TrainingOutcome) {
        let gain =
            if let before = outcome.before, let after = outcome.after {
                String(format: "; nDCG@10 of held-out queries %.4f before, %.4f after", before, after)
            } else {
                ""
            }
        line(
            outcome.done >= 1
                ? "\(outcome.path): trained in \(outcome.steps) steps\(gain)"
                : "\(outcome.path): stopped at \(Int(outcome.done * 100))% after \(outcome.steps) steps\(gain); "
                    + "continue with --resume")
    }
}

extension SafetensorsWriter.Storage: ExpressibleByArgument {}
extension LossReweighting.Strategy: ExpressibleByArgument {}
extension Pacing.Shape: ExpressibleByArgument {}
