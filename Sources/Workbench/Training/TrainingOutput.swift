import Foundation
import TrawlCore
import TrawlEngine
import TrawlModels
import TrawlTensors
import TrawlTraining

/// The folder that a training writes its model to, checked before the work.
struct TrainingOutput {
    /// A name means a folder of Trawl's models, where the base model may be beside it; else it is a path.
    let name: String
    let storage: SafetensorsWriter.Storage
    /// Whether weights are stored that the base model beside the output has too.
    let isComplete: Bool
    /// Whether an interrupted training in the folder is continued.
    let resumes: Bool
    /// Whether a model that was trained before in the folder is replaced.
    let replaces: Bool

    /// - Throws: `TrawlError.invalidInput` for a folder that holds what must not be lost, `.notFound` where there is nothing to
    ///   resume.
    func folder(beginningWith model: ModelFolder) throws -> TrainedModelFolder {
        guard !name.isEmpty else {
            throw TrawlError(.invalidInput, "the output has no name", remedy: "name it")
        }
        var path = name.contains("/") ? (name as NSString).expandingTildeInPath : ModelCatalogue.folder + "/" + name
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        func resolved(_ path: String) -> String { URL(filePath: path).resolvingSymlinksInPath().path }
        guard ![model.folderPath, model.base?.folderPath ?? ""].map(resolved).contains(resolved(path)) else {
            throw TrawlError(
                .invalidInput, "the output is the model that training begins with", path: path,
                remedy: "name another")
        }
        try TrainedModelFolder.requireOwn(path)
        try OutputFolder.check(path)
        let hasState = TrainingCheckpoint(path: path).hasState
        guard resumes || replaces || !(hasState || TrainedModelFolder.holdsModel(path)) else {
            throw TrawlError(
                .invalidInput, "the folder holds a model that was trained before", path: path,
                remedy: "name another, or resume a training that was interrupted", topic: .replacement)
        }
        if resumes && !hasState {
            throw TrawlError(
                .notFound, "there is no interrupted training to resume", path: path, remedy: "train without resuming")
        }
        return TrainedModelFolder(
            path: path, storage: storage, base: try base(of: model, beside: path), isComplete: isComplete)
    }

    /// The model beside the output that has the weights which training leaves as they are: the one that training begins with, or
    /// the base of that.
    private func base(of model: ModelFolder, beside path: String) throws -> ModelFolder? {
        let parent = (path as NSString).deletingLastPathComponent
        let origin = model.base ?? model
        let beside = parent + "/" + (origin.folderPath as NSString).lastPathComponent
        let isShared = origin.isDecoder || origin.architecture == .bert && !isComplete
        let isThere = isShared && FileManager.default.fileExists(atPath: beside)
        let candidate = isThere ? try ModelFolder(path: beside) : nil
        guard !origin.isDecoder || candidate?.digest == origin.digest else {
            throw TrawlError(
                .invalidInput, "a decoder's adapters are stored alone, and need the decoder beside them", path: path,
                remedy: "give a name as output, or a path in the folder that holds \(origin.folderPath)")
        }
        guard !origin.isDecoder || !isComplete || origin.gguf == nil else {
            throw TrawlError(
                .invalidInput, "other programs cannot adapt a decoder that is a GGUF file", path: origin.path,
                remedy: "train without a complete folder, or begin with the decoder's Hugging Face folder")
        }
        return candidate?.digest == origin.digest ? candidate : nil
    }
}
