internal import Foundation
internal import TrawlCore
internal import TrawlTensors

/// The files by which an interrupted training is resumed, in the folder of the model that is trained:
/// ```
/// training_state.safetensors   until the training has ended
///     parameter.NAME           each trained parameter
///     first.NAME, second.NAME  the moments of the optimiser
///     waiting.NAME             the gradient of a parameter that is not updated at every step
///     __metadata__             "training": JSON of settings, digests, position, history, and the state of the objective
/// gradient_norms.json          after the end: see `RefinedSchedule`
/// ```
/// A resumed training equals an uninterrupted one to the bit, if its end is set in steps.
public struct TrainingCheckpoint: Sendable {
    /// The folder.
    public let path: String

    private static let stateName = "training_state.safetensors"
    private static let notesKey = "training"

    public init(path: String) { self.path = path }

    private var statePath: String { path + "/" + Self.stateName }

    /// What a state holds beside tensors.
    private struct Notes<Objective: TrainingObjective>: Codable {
        var step: Int
        var updates: Int
        var seconds: Double
        var losses: SmoothedLosses
        var settings: TrainingSettings
        var objectiveSettings: Objective.Settings
        var data: String
        var hooks: [String]
        var weightingMemory: [Double]
        var history: TrainingHistory
        var state: Objective.State
    }

    /// Whether there is an interrupted training to resume.
    public var hasState: Bool { FileManager.default.fileExists(atPath: statePath) }

    /// Writes the state of a training. The file is replaced as a whole, or stays as it was.
    ///
    /// - Throws: `TrawlError.io` or `.full` when it cannot be written; `.incompatible` for values that are not finite.
    public func writeState<Objective>(of trainer: Trainer<Objective>) throws {
        try OutputFolder.make(path)
        var writer = SafetensorsWriter()
        let notes = Notes<Objective>(
            step: trainer.step, updates: trainer.optimiser.step, seconds: trainer.seconds, losses: trainer.smoothed,
            settings: trainer.settings, objectiveSettings: trainer.objective.settings,
            data: trainer.objective.dataDigest, hooks: trainer.hooks.names,
            weightingMemory: trainer.pass.weighting?.memory ?? [], history: trainer.history,
            state: trainer.objective.state)
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        writer.metadata = [Self.notesKey: String(decoding: try encoder.encode(notes), as: UTF8.self)]
        for parameter in trainer.objective.parameters where parameter.isTrained {
            writer.add("parameter." + parameter.name, shape: parameter.shape, parameter.values)
        }
        for (name, first, second, waiting) in trainer.optimiser.state {
            writer.add("first." + name, shape: [first.count], first)
            writer.add("second." + name, shape: [second.count], second)
            if let waiting { writer.add("waiting." + name, shape: [waiting.count], waiting) }
        }
        try writer.write(to: statePath)
    }

    /// Puts a new trainer where `writeState` found the earlier one.
    ///
    /// - Throws: `TrawlError.notFound` without a state; `.incompatible` when the interrupted training had other settings (apart
    ///   from its end), hooks or data; `.corrupted` for a damaged file or that of an earlier version. After an error the trainer
    ///   is not to be used.
    public func restoreState<Objective>(of trainer: Trainer<Objective>) throws {
        guard hasState else {
            throw TrawlError(
                .notFound, "there is no interrupted training to go on with", path: path, remedy: "start a new training")
        }
        let tensors = try Safetensors(path: statePath)
        let notes: Notes<Objective> = try notes(tensors)
        guard trainer.settings.continues(notes.settings), notes.objectiveSettings == trainer.objective.settings else {
            throw incompatible("the interrupted training had other settings", "use the settings that it had")
        }
        guard notes.hooks == trainer.hooks.names else {
            throw incompatible(
                "the interrupted training had another weighting or curriculum", "use the ones that it had")
        }
        guard notes.data == trainer.objective.dataDigest else {
            throw incompatible(
                "the interrupted training began with another model or had other data", "use those that it had")
        }
        try trainer.objective.restore(notes.state)
        func values(_ name: String) throws -> [Float] { try tensors.requiredTensor(name).floats() }
        for parameter in trainer.objective.parameters where parameter.isTrained {
            try parameter.replaceValues(try values("parameter." + parameter.name))
        }
        try trainer.optimiser.restore(step: notes.updates) {
            (try values("first." + $0), try values("second." + $0))
        } waiting: {
            try values("waiting." + $0)
        }
        trainer.pass.weighting?.memory = notes.weightingMemory
        trainer.restore(step: notes.step, seconds: notes.seconds, smoothed: notes.losses, history: notes.history)
    }

    private func notes<Objective>(_ tensors: Safetensors) throws -> Notes<Objective> {
        guard let text = tensors.metadata[Self.notesKey] else {
            throw TrawlError(.corrupted, "the state has no notes", path: statePath, remedy: "train anew")
        }
        do {
            return try JSONDecoder().decode(Notes<Objective>.self, from: Data(text.utf8))
        } catch {
            throw TrawlError(
                .corrupted, "the state's notes are damaged, or of an earlier Trawl", path: statePath,
                remedy: "train anew", cause: error)
        }
    }

    private func incompatible(_ message: String, _ remedy: String) -> TrawlError {
        TrawlError(.incompatible, message, path: statePath, remedy: remedy + ", or start a new training")
    }

    /// Writes the gradient norms of a training, from which `RefinedSchedule` computes the schedule of a later one.
    public func writeGradientNorms(of history: TrainingHistory) throws {
        let norms = try JSONEncoder().encode(history.gradientNorms)
        try OutputFile(path + "/" + RefinedSchedule.fileName).write(Array(norms))
    }

    /// Removes what an earlier training left in the folder beside its model.
    public func removeTraces() {
        removeState()
        try? FileManager.default.removeItem(atPath: path + "/" + RefinedSchedule.fileName)
    }

    /// Removes the state.
    public func removeState() {
        try? FileManager.default.removeItem(atPath: statePath)
    }
}
