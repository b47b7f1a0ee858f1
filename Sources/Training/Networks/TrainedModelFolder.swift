internal import Foundation
internal import TrawlCore
public import TrawlModels
public import TrawlTensors

/// The folder that a trained model is written to. The layout in it is the network's.
///
/// A compact folder leaves out what a base model in the folder beside it has already: `trawl_base_model` in config.json names
/// the base, and `trawl_base_digest` identifies its weights.
public struct TrainedModelFolder: Sendable {
    /// The folder.
    public let path: String
    /// How weights are stored.
    public var storage: SafetensorsWriter.Storage
    /// The model beside the folder whose tensors are not stored again, or which an adapter changes; nil for a complete folder.
    public var base: ModelFolder?
    /// Whether other programs shall load the folder as it is.
    public var isComplete: Bool

    public init(
        path: String, storage: SafetensorsWriter.Storage = .f16, base: ModelFolder? = nil, isComplete: Bool = false
    ) {
        self.path = path
        self.storage = storage
        self.base = base
        self.isComplete = isComplete
    }

    /// Whether a folder holds a model: its own, or what changes another's.
    public static func holdsModel(_ path: String) -> Bool { configuration(path) != nil }

    /// The file that describes the model of a folder.
    private static func configuration(_ path: String) -> Data? {
        ["config.json", LowRankFolder.settingsName].lazy
            .compactMap { FileManager.default.contents(atPath: path + "/" + $0) }.first
    }

    /// - Throws: `TrawlError.invalidInput` when the folder at `path` holds a model that Trawl did not train.
    public static func requireOwn(_ path: String) throws {
        guard let data = configuration(path) else { return }
        let members = (try? JSONSerialization.jsonObject(with: data)) as? [String: Any] ?? [:]
        guard members[writerKey] == nil, members["trawl_base_model"] == nil else { return }
        throw TrawlError(
            .invalidInput, "the folder holds a model that was not trained here", path: path,
            remedy: "choose another output folder, or remove this one first")
    }

    /// The member of config.json by which Trawl marks the models that it trained.
    private static let writerKey = "trawl_trained"

    /// - Throws: `TrawlError.io`.
    func create() throws { try OutputFolder.make(path) }

    /// Writes config.json: these members, the mark, and the base.
    func writeConfiguration(_ members: [String: Any]) throws {
        try writeJSON(marked(members), to: "config.json")
    }

    /// The members of a configuration with the mark and the base.
    func marked(_ members: [String: Any]) -> [String: Any] {
        var members = members
        members[Self.writerKey] = true
        if let base {
            members["trawl_base_model"] = base.folderName
            members["trawl_base_digest"] = base.digest
        }
        return members
    }

    func writeJSON(_ members: Any, to name: String) throws {
        let data = try JSONSerialization.data(
            withJSONObject: members, options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
        try OutputFile(path + "/" + name).write(data + [UInt8(ascii: "\n")])
    }

    /// Removes files that an earlier model left here and that would be taken for parts of this one.
    func remove(_ names: [String]) {
        for name in names { try? FileManager.default.removeItem(atPath: path + "/" + name) }
    }

    /// What a tokenizer may consist of.
    private static let tokenizerFiles = [
        "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.txt",
    ]

    /// Gives a complete folder the tokenizer of `model`; others leave it to their base.
    func writeTokenizer(of model: ModelFolder) throws {
        guard base != nil else { return try copyTokenizer(of: model) }
        remove(Self.tokenizerFiles)
    }

    /// Copies the tokenizer of `model`, or of its base where it leaves its tokenizer to that.
    func copyTokenizer(of model: ModelFolder) throws {
        let files = FileManager.default
        let folder =
            files.fileExists(atPath: model.path + "/tokenizer.json") ? model.path : model.base?.path ?? model.path
        for name in Self.tokenizerFiles {
            let (from, to) = (folder + "/" + name, path + "/" + name)
            guard files.fileExists(atPath: from), from != to else { continue }
            try OutputFile(to).write(ByteSource(path: from).readAll())
        }
    }
}

extension TrainedModelFolder {
    /// Notes in tokenizer_config.json how many tokens the model was trained to read, special ones included; other members of the
    /// file stay. A model that reads more than that may score without sense.
    public func writeMaximum(tokens: Int) throws {
        try write("model_max_length", tokens, to: "tokenizer_config.json")
    }

    /// Notes in config.json the weight that a reranker's scores have by default: see `ModelFolder.rerankWeight`.
    public func writeRerankWeight(_ weight: Double) throws {
        try write(ModelFolder.rerankWeightMember, weight, to: "config.json")
    }

    /// Sets a member of a file; the others stay.
    private func write(_ member: String, _ value: Any, to name: String) throws {
        let data = FileManager.default.contents(atPath: path + "/" + name)
        var members = data.flatMap { try? JSONSerialization.jsonObject(with: $0) } as? [String: Any] ?? [:]
        members[member] = value
        try writeJSON(members, to: name)
    }
}

extension ModelFolder {
    /// The folder by which this model is named: for a GGUF file the folder around it, if that holds no other model.
    public var folderPath: String {
        guard gguf != nil, base == nil else { return path }
        let parent = (path as NSString).deletingLastPathComponent
        let contents = (try? FileManager.default.contentsOfDirectory(atPath: parent)) ?? []
        let isAlone = contents.filter { $0.hasSuffix(".gguf") }.count == 1 && !contents.contains("config.json")
        return isAlone ? parent : path
    }

    var folderName: String { (folderPath as NSString).lastPathComponent }
}

extension ModelFolder? {
    /// Whether the base of a compact folder has these values; false without a base.
    ///
    /// - Parameter name: The name of the tensor in the base, without the base's prefix; nil for one that a base does not have.
    func hasValues(of parameter: Parameter, named name: String?) throws -> Bool {
        guard let base = self, let name else { return false }
        let prefix = BertNames.prefix(in: base.tensors)
        guard let tensor = base.tensors.tensor(named: prefix + name), tensor.shape == parameter.shape else {
            return false
        }
        return try tensor.floats() == parameter.values
    }
}
