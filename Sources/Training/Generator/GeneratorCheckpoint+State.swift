internal import Foundation
internal import TrawlCore
internal import TrawlTensors

/// Going on with a training that was interrupted.
extension GeneratorCheckpoint {
    private static let stateName = "training_state.safetensors"

    /// What a state holds beside tensors.
    private struct Notes: Codable {
        var step: Int
        var updates: Int
        var seconds: Double
        var loss: Double?
        var rankingLoss: Double?
        var settings: GeneratorTrainingSettings
        var data: String
        var history: TrainingHistory
        var samples: SelfSamples?
    }

    /// Whether an unfinished training can go on.
    public var hasState: Bool { FileManager.default.fileExists(atPath: path + "/" + Self.stateName) }

    /// Writes all that training needs to go on as if it had never stopped: one file, which is the old one or the new
    /// one.
    public func writeState(of trainer: GeneratorTrainer) throws {
        try makeFolder()
        var writer = SafetensorsWriter()
        let notes = Notes(
            step: trainer.step, updates: trainer.optimiser.step, seconds: trainer.seconds,
            loss: trainer.lossesToKeep.0, rankingLoss: trainer.lossesToKeep.1, settings: trainer.settings,
            data: trainer.dataDigest, history: trainer.history, samples: trainer.selfSamples)
        writer.metadata = ["training": String(decoding: try JSONEncoder().encode(notes), as: UTF8.self)]
        for parameter in trainer.network.parameters where parameter.isTrained {
            writer.add("parameter." + parameter.name, shape: parameter.shape, parameter.values)
        }
        for (name, first, second) in trainer.optimiser.state {
            writer.add("first." + name, shape: [first.count], first)
            writer.add("second." + name, shape: [second.count], second)
        }
        try writer.write(to: path + "/" + Self.stateName)
    }

    /// Puts the trainer where `writeState` found it.
    ///
    /// - Throws: `TrawlError.incompatible` when the training that was interrupted had other settings but for its end.
    public func restoreState(of trainer: GeneratorTrainer) throws {
        let file = path + "/" + Self.stateName
        guard hasState else {
            throw TrawlError(
                .notFound, "there is no interrupted training to go on with", path: path,
                remedy: "train without --resume")
        }
        let tensors = try Safetensors(path: file)
        guard let text = tensors.metadata["training"] else {
            throw TrawlError(.corrupted, "the state has no notes", path: file, remedy: "train anew")
        }
        var notes: Notes
        do {
            notes = try JSONDecoder().decode(Notes.self, from: Data(text.utf8))
        } catch {
            throw TrawlError(
                .corrupted, "the state's notes are damaged, or of an earlier Trawl", path: file, remedy: "train anew",
                cause: error)
        }
        (notes.settings.steps, notes.settings.seconds) = (trainer.settings.steps, trainer.settings.seconds)
        guard notes.settings == trainer.settings else {
            throw TrawlError(
                .incompatible, "the interrupted training had other settings", path: file,
                remedy: "give the flags that it had, or train anew without --resume")
        }
        guard notes.data == trainer.dataDigest else {
            throw TrawlError(
                .incompatible, "the interrupted training was of another model, corpus or other queries", path: file,
                remedy: "give what it had, or train anew without --resume")
        }
        try notes.samples?.validate(vocabulary: trainer.network.vocabularySize)
        func values(_ name: String) throws -> [Float] { try tensors.requiredTensor(name).floats() }
        for parameter in trainer.network.parameters where parameter.isTrained {
            try parameter.replaceValues(try values("parameter." + parameter.name))
        }
        try trainer.optimiser.restore(step: notes.updates) {
            (try values("first." + $0), try values("second." + $0))
        }
        trainer.restore(step: notes.step, seconds: notes.seconds, losses: (notes.loss, notes.rankingLoss))
        (trainer.history, trainer.selfSamples) = (notes.history, notes.samples)
    }

    /// Writes what a later training can take its learning rate's course from: see `RefinedSchedule`.
    public func writeGradientNorms(of trainer: GeneratorTrainer) throws {
        do {
            try JSONEncoder().encode(trainer.history.gradientNorms)
                .write(to: URL(filePath: path + "/" + RefinedSchedule.fileName), options: .atomic)
        } catch {
            throw TrawlError(
                .io, "\(RefinedSchedule.fileName) cannot be written", path: path, remedy: "make room on the disk",
                cause: error)
        }
    }

    /// Forgets what an earlier training left in the folder beside its model.
    public func removeTraces() {
        removeState()
        try? FileManager.default.removeItem(atPath: path + "/" + RefinedSchedule.fileName)
    }

    /// Forgets how to go on.
    public func removeState() {
        try? FileManager.default.removeItem(atPath: path + "/" + Self.stateName)
    }
}
