internal import Foundation
internal import TrawlCore
internal import TrawlModels
internal import TrawlTensors

extension AdaptedDecoder {
    /// What a decoder with adapters is used for.
    enum Use: String {
        case generator = "CAUSAL_LM"
        case embedder = "FEATURE_EXTRACTION"
    }

    /// Writes the adapters in the layout of Hugging Face's peft: see `LowRankFolder`. A folder that other programs shall load has
    /// the tokenizer too, names the decoder by its whole path, and has no config.json.
    ///
    /// - Throws: `TrawlError.invalidInput` for a folder without a base, or one that others cannot load, `.io` or `.full` when it
    ///   cannot be written.
    func write(to folder: TrainedModelFolder, as use: Use) throws {
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
        var settings: [String: Any] = [
            "peft_type": "LORA", "task_type": use.rawValue, "r": self.settings.rank,
            "lora_alpha": Double(self.settings.alpha), "lora_dropout": 0, "bias": "none",
            "target_modules": modules.sorted(), "base_model_name_or_path": base.folderName, "fan_in_fan_out": false,
            "inference_mode": true, "use_rslora": false, "use_dora": false,
        ]
        let adapted = adaptedLayers
        if adapted.count < layers.count { settings["layers_to_transform"] = adapted }
        guard folder.isComplete else {
            try folder.writeTokenizer(of: base)
            try folder.writeJSON(settings, to: LowRankFolder.settingsName)
            return try folder.writeConfiguration(["model_type": LowRankFolder.modelType])
        }
        // transformers would take a config.json for that of a whole model.
        folder.remove(["config.json"])
        settings["base_model_name_or_path"] = URL(filePath: base.folderPath).standardizedFileURL.path
        try folder.copyTokenizer(of: base)
        try folder.writeJSON(folder.marked(settings), to: LowRankFolder.settingsName)
    }

    /// The numbers of the layers that have adapters.
    private var adaptedLayers: [Int] { layers.indices.filter { layers[$0].query.adapter != nil } }
}
