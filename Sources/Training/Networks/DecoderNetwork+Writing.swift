internal import TrawlCore
public import TrawlModels
internal import TrawlTensors

extension DecoderNetwork {
    /// Writes the adapters in the layout of Hugging Face's peft: see `LowRankFolder`.
    ///
    /// - Throws: `TrawlError.invalidInput` for a folder without a base, `.io` or `.full` when it cannot be written.
    public func write(to folder: TrainedModelFolder, beginningWith model: ModelFolder) throws {
        guard let base = folder.base else {
            throw TrawlError(
                .invalidInput, "an adapter needs the decoder that it changes beside its folder", path: folder.path,
                remedy: "choose an output folder beside the folder of the decoder")
        }
        try folder.create()
        var writer = SafetensorsWriter()
        writer.metadata["format"] = "pt"
        for parameter in parameters {
            writer.add(parameter.name, shape: parameter.shape, parameter.values, as: folder.storage)
        }
        try writer.write(to: folder.path + "/" + LowRankFolder.tensorsName)
        folder.remove(["key_weights.json", "model.safetensors"])
        let modules = Set(LowRankFolder.modules.compactMap { $0.split(separator: ".").last.map { String($0) } })
        try folder.writeJSON(
            [
                "peft_type": "LORA", "task_type": "CAUSAL_LM", "r": settings.rank, "lora_alpha": Double(settings.alpha),
                "lora_dropout": 0, "bias": "none", "target_modules": modules.sorted(),
                "base_model_name_or_path": base.folderName, "fan_in_fan_out": false, "inference_mode": true,
                "use_rslora": false, "use_dora": false,
            ], to: LowRankFolder.settingsName)
        try folder.writeConfiguration(["model_type": LowRankFolder.modelType])
    }
}
