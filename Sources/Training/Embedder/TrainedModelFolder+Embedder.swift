internal import Foundation
internal import TrawlCore
internal import TrawlEmbeddings
internal import TrawlModels

extension TrainedModelFolder {
    /// Writes what sentence-transformers keeps beside the weights of a BERT encoder with one pooling: its modules, prompts and
    /// lengths are those of the model that training began with. A folder without base gets the tokenizer too.
    func writeEmbedder(like origin: EmbedderFolder, _ sizes: EncoderConfiguration) throws {
        let data = try Data(contentsOf: URL(filePath: origin.model.configurationPath))
        var members = try JSONSerialization.jsonObject(with: data) as? [String: Any] ?? [:]
        for name in members.keys where name.hasPrefix("trawl_") { members[name] = nil }
        members["architectures"] = ["BertModel"]
        // Half precision is a matter of storage: computing in it is slower on processors.
        (members["torch_dtype"], members["dtype"]) = (nil, "float32")
        try writeConfiguration(members)

        let package = "sentence_transformers.models."
        var modules = [["idx": 0, "name": "0", "path": "", "type": package + "Transformer"] as [String: Any]]
        modules.append(["idx": 1, "name": "1", "path": "1_Pooling", "type": package + "Pooling"])
        if origin.isNormalised {
            modules.append(["idx": 2, "name": "2", "path": "2_Normalize", "type": package + "Normalize"])
        }
        try writeJSON(modules, to: "modules.json")
        try createFolder("1_Pooling")
        let modes = origin.pooling?.modes ?? [.mean]
        try writeJSON(
            [
                "word_embedding_dimension": sizes.hiddenSize, "pooling_mode_cls_token": modes.contains(.cls),
                "pooling_mode_mean_tokens": modes.contains(.mean), "pooling_mode_max_tokens": false,
                "pooling_mode_mean_sqrt_len_tokens": false, "include_prompt": true,
            ], to: "1_Pooling/config.json")
        let maximum = try origin.maximumTokens ?? origin.model.tokenizerMaximum() ?? sizes.contextLength
        try writeJSON(
            ["max_seq_length": min(maximum, sizes.contextLength), "do_lower_case": origin.isLowercased],
            to: "sentence_bert_config.json")
        try writeJSON(
            [
                "prompts": origin.prompts,
                "default_prompt_name": origin.defaultPromptName.map { $0 as Any } ?? NSNull(),
                "similarity_fn_name": (origin.similarity ?? .cosine).rawValue,
            ], to: "config_sentence_transformers.json")
        if base == nil { try copyTokenizer(of: origin.model) }
    }

    private func createFolder(_ name: String) throws {
        try TrainedModelFolder(path: path + "/" + name).create()
    }
}
