internal import Foundation
internal import TrawlCore
public import TrawlModels
internal import TrawlTensors

extension GeneratorCheckpoint {
    /// Writes the weights of any network.
    public func write(_ network: any GeneratorNetwork, beginningWith model: ModelFolder) throws {
        try network.write(to: self, beginningWith: model)
    }

    /// Writes a decoder's adapters in peft's layout, as `LowRankFolder` describes it.
    ///
    /// - Throws: `TrawlError.invalidInput` without a base, `.io` or `.full` when the folder cannot be written.
    func write(_ network: DecoderNetwork) throws {
        guard let base else {
            throw TrawlError(
                .invalidInput, "an adapter is of use beside the decoder that it changes", path: path,
                remedy: "give a name alone as --output, or a path in the folder that the decoder lies in")
        }
        try makeFolder()
        var writer = SafetensorsWriter()
        writer.metadata["format"] = "pt"
        for parameter in network.parameters {
            writer.add(parameter.name, shape: parameter.shape, parameter.values, as: storage)
        }
        try writer.write(to: path + "/" + LowRankFolder.tensorsName)
        // What lay here before is not this model's.
        for name in ["key_weights.json", "model.safetensors"] {
            try? FileManager.default.removeItem(atPath: path + "/" + name)
        }
        let modules = Set(LowRankFolder.modules.compactMap { $0.split(separator: ".").last.map { String($0) } })
        try writeJSON(
            [
                "peft_type": "LORA", "task_type": "CAUSAL_LM", "r": network.settings.rank,
                "lora_alpha": Double(network.settings.alpha), "lora_dropout": 0, "bias": "none",
                "target_modules": modules.sorted(), "base_model_name_or_path": base.folderName, "fan_in_fan_out": false,
                "inference_mode": true, "use_rslora": false, "use_dora": false,
            ], to: LowRankFolder.settingsName)
        try writeJSON(
            [
                Self.writerKey: true, "model_type": LowRankFolder.modelType, "trawl_base_model": base.folderName,
                "trawl_base_digest": base.digest,
            ], to: "config.json")
    }
}

extension ModelFolder {
    /// The folder that is named to mean this model: that of a GGUF file, where it holds no other.
    public var folderPath: String {
        guard gguf != nil, base == nil else { return path }
        let parent = (path as NSString).deletingLastPathComponent
        let contents = (try? FileManager.default.contentsOfDirectory(atPath: parent)) ?? []
        let isAlone = contents.filter { $0.hasSuffix(".gguf") }.count == 1 && !contents.contains("config.json")
        return isAlone ? parent : path
    }

    var folderName: String { (folderPath as NSString).lastPathComponent }
}
