internal import Foundation
internal import TrawlCore
internal import TrawlEmbeddings
internal import TrawlModels
internal import TrawlTensors

extension TrainedModelFolder {
    private static let package = "sentence_transformers.models."

    /// Writes what sentence-transformers keeps beside the weights of a BERT encoder with one pooling: its modules, prompts and
    /// lengths are those of the model that training began with. A folder without base gets the tokenizer too.
    func writeEmbedder(like origin: EmbedderFolder, _ sizes: EncoderConfiguration) throws {
        try writeTransformer(
            origin.model, maximum: maximum(of: origin, sizes.contextLength), isLowercased: origin.isLowercased)
        try writePooling(like: origin, width: sizes.hiddenSize)
    }

    /// The same beside the adapters of a decoder.
    func writeEmbedder(like origin: EmbedderFolder, _ sizes: DecoderConfiguration) throws {
        try writeLengths(maximum: maximum(of: origin, sizes.contextLength), isLowercased: origin.isLowercased)
        try writePooling(like: origin, width: sizes.hiddenSize)
    }

    /// The most tokens of a text that the model embeds.
    private func maximum(of origin: EmbedderFolder, _ contextLength: Int) throws -> Int {
        min(try origin.maximumTokens ?? origin.model.tokenizerMaximum() ?? contextLength, contextLength)
    }

    /// Writes the modules that follow the transformer, the prompts and the similarity.
    private func writePooling(like origin: EmbedderFolder, width: Int) throws {
        var modules = [("Transformer", Self.package), ("Pooling", Self.package)]
        if origin.isNormalised { modules.append(("Normalize", Self.package)) }
        try writeModules(modules)
        try createFolder("1_Pooling")
        let modes = origin.pooling?.modes ?? [.mean]
        try writeJSON(
            [
                "word_embedding_dimension": width, "pooling_mode_cls_token": modes.contains(.cls),
                "pooling_mode_mean_tokens": modes.contains(.mean), "pooling_mode_max_tokens": false,
                "pooling_mode_mean_sqrt_len_tokens": false, "pooling_mode_lasttoken": modes.contains(.lastToken),
                "include_prompt": true,
            ], to: "1_Pooling/config.json")
        var members: [String: Any] = [
            "prompts": origin.prompts,
            "default_prompt_name": origin.defaultPromptName.map { $0 as Any } ?? NSNull(),
            "similarity_fn_name": (origin.similarity ?? .cosine).rawValue,
        ]
        // What prompts alone do not tell.
        if let template = origin.template, template.takesExamples {
            members[EmbedderFolder.templateMember] = template.rawValue
        }
        try writeJSON(members, to: "config_sentence_transformers.json")
    }

    /// Writes what PyLate keeps beside the weights of a BERT encoder: the projection of states, and how texts are read.
    ///
    /// - Parameter head: `[dimension, hidden]`.
    func writeTokenEmbedder(like origin: TokenEmbedderFolder, head: Parameter) throws {
        try writeTransformer(origin.model, maximum: origin.maximumTokens, isLowercased: origin.isLowercased)
        try writeModules([("Transformer", Self.package), ("Dense", "pylate.models.Dense.")])
        try createFolder("1_Dense")
        try writeJSON(
            [
                "in_features": head.columns, "out_features": head.rows, "bias": false,
                "activation_function": "torch.nn.modules.linear.Identity", "use_residual": false,
            ], to: "1_Dense/config.json")
        var writer = SafetensorsWriter()
        writer.metadata["format"] = "pt"
        writer.add(head.name, shape: head.shape, head.values, as: storage)
        try writer.write(to: path + "/1_Dense/model.safetensors")
        try writeJSON(
            origin.settings.merging(
                ["prompts": [String: String](), "default_prompt_name": NSNull(), "similarity_fn_name": "MaxSim"]
            ) { own, _ in own }, to: "config_sentence_transformers.json")
    }

    /// Writes config.json and the longest text, and copies the tokenizer where there is no base.
    private func writeTransformer(_ model: ModelFolder, maximum: Int, isLowercased: Bool) throws {
        let data = try Data(contentsOf: URL(filePath: model.configurationPath))
        var members = try JSONSerialization.jsonObject(with: data) as? [String: Any] ?? [:]
        for name in members.keys where name.hasPrefix("trawl_") { members[name] = nil }
        members["architectures"] = ["BertModel"]
        // Half precision is a matter of storage: computing in it is slower on processors.
        (members["torch_dtype"], members["dtype"]) = (nil, "float32")
        try writeConfiguration(members)
        try writeLengths(maximum: maximum, isLowercased: isLowercased)
        try writeTokenizer(of: model)
    }

    private func writeLengths(maximum: Int, isLowercased: Bool) throws {
        try writeJSON(
            ["max_seq_length": maximum, "do_lower_case": isLowercased], to: "sentence_bert_config.json")
    }

    /// The first module's files are in the folder itself, those of others in folders of their own.
    private func writeModules(_ modules: [(name: String, package: String)]) throws {
        try writeJSON(
            modules.enumerated().map { index, module in
                [
                    "idx": index, "name": "\(index)", "path": index == 0 ? "" : "\(index)_\(module.name)",
                    "type": module.package + module.name,
                ] as [String: Any]
            }, to: "modules.json")
    }

    private func createFolder(_ name: String) throws {
        try TrainedModelFolder(path: path + "/" + name).create()
    }
}
