internal import Foundation
internal import TrawlCore
public import TrawlModels
public import TrawlTensors

/// A trained generator on disk, in the layout that transformers' EncoderDecoderModel loads: config.json,
/// model.safetensors and the tokenizer's files.
///
/// A compact one leaves out every tensor that the base model beside it has already; `trawl_base_model` in config.json
/// names it, and `trawl_base_digest` says which weights it must have.
public struct GeneratorCheckpoint {
    /// The folder.
    public let path: String
    /// How weights are stored.
    public var storage: SafetensorsWriter.Storage
    /// The BERT model beside the folder whose tensors are not stored again, nil for a complete checkpoint; or the decoder there
    /// that an adapter changes.
    public var base: ModelFolder?

    public init(path: String, storage: SafetensorsWriter.Storage = .f16, base: ModelFolder? = nil) {
        self.path = path
        self.storage = storage
        self.base = base
    }

    /// Writes the weights.
    ///
    /// - Parameter model: Where the tokenizer is.
    /// - Throws: `TrawlError` when the folder cannot be written.
    public func write(_ network: EncoderDecoderNetwork, tokenizerFrom model: ModelFolder) throws {
        try makeFolder()
        var writer = SafetensorsWriter()
        writer.metadata["format"] = "pt"
        for parameter in network.parameters where try !isInBase(parameter) {
            writer.add(parameter.name, shape: parameter.shape, parameter.values, as: storage)
        }
        // The decoder finds the words under a name of its own: its own copy, unless that is the base's.
        if let words = network.sharedWords, try !isInBase(words) {
            writer.add("decoder.bert.embeddings.word_embeddings.weight", shape: words.shape, words.values, as: storage)
        }
        try writer.write(to: path + "/model.safetensors")
        try writeConfiguration(network.sizes)
        if base == nil { try copyTokenizer(model) }
        // Weights of n-grams that another training left are not this model's.
        try? FileManager.default.removeItem(atPath: path + "/key_weights.json")
    }

    /// - Throws: `TrawlError.invalidInput` when the folder at `path` holds a model that Trawl did not train.
    public static func requireOwn(_ path: String) throws {
        guard let data = FileManager.default.contents(atPath: path + "/config.json") else { return }
        let members = (try? JSONSerialization.jsonObject(with: data)) as? [String: Any] ?? [:]
        guard members[writerKey] == nil, members["trawl_base_model"] == nil else { return }
        throw TrawlError(
            .invalidInput, "the folder holds a model that was not trained here", path: path,
            remedy: "name another with --output, or remove the folder first")
    }

    /// Says in config.json that Trawl wrote it.
    static let writerKey = "trawl_trained"

    func makeFolder() throws {
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        } catch {
            throw TrawlError(
                .io, "the folder cannot be made", path: path, remedy: "name another with --output", cause: error)
        }
    }

    /// Whether the base has these very values under the name that a compact checkpoint looks for.
    private func isInBase(_ parameter: Parameter) throws -> Bool {
        guard let base else { return false }
        let name =
            parameter.name.hasPrefix("encoder.")
            ? String(parameter.name.dropFirst("encoder.".count))
            : parameter.name.hasPrefix("decoder.bert.embeddings.")
                ? String(parameter.name.dropFirst("decoder.bert.".count)) : nil
        let prefix = base.tensors.prefix(before: "embeddings.word_embeddings.weight") ?? ""
        guard let name, let tensor = base.tensors.tensor(named: prefix + name), tensor.shape == parameter.shape else {
            return false
        }
        return try tensor.floats() == parameter.values
    }

    private func writeConfiguration(_ sizes: EncoderDecoderSizes) throws {
        func half(layers: Int, isDecoder: Bool) -> [String: Any] {
            [
                "model_type": "bert", "vocab_size": sizes.vocabulary, "hidden_size": sizes.hidden,
                "num_hidden_layers": layers, "num_attention_heads": sizes.heads,
                "intermediate_size": sizes.feedForward, "hidden_act": "gelu",
                "max_position_embeddings": sizes.positions, "type_vocab_size": sizes.segments,
                "layer_norm_eps": Double(sizes.epsilon.description) ?? Double(sizes.epsilon), "is_decoder": isDecoder,
                "add_cross_attention": isDecoder, "tie_word_embeddings": true,
                "architectures": [isDecoder ? "BertLMHeadModel" : "BertModel"],
            ]
        }
        var members: [String: Any] = [
            Self.writerKey: true, "architectures": ["EncoderDecoderModel"], "model_type": "encoder-decoder",
            "is_encoder_decoder": true,
            "decoder_start_token_id": Int(sizes.startToken), "eos_token_id": Int(sizes.endToken),
            "pad_token_id": Int(sizes.paddingToken),
            "encoder": half(layers: sizes.encoderLayers, isDecoder: false),
            "decoder": half(layers: sizes.decoderLayers, isDecoder: true),
        ]
        if let base {
            members["trawl_base_model"] = (base.path as NSString).lastPathComponent
            members["trawl_base_digest"] = base.digest
        }
        try writeJSON(members, to: "config.json")
    }

    func writeJSON(_ members: [String: Any], to name: String) throws {
        do {
            let data = try JSONSerialization.data(
                withJSONObject: members, options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
            try (data + Data("\n".utf8)).write(to: URL(filePath: path + "/" + name), options: .atomic)
        } catch {
            throw TrawlError(
                .io, "\(name) cannot be written", path: path, remedy: "make room on the disk", cause: error)
        }
    }

    private func copyTokenizer(_ model: ModelFolder) throws {
        let files = FileManager.default
        // A compact checkpoint leaves its tokenizer to its base.
        let folder =
            files.fileExists(atPath: model.path + "/tokenizer.json") ? model.path : model.base?.path ?? model.path
        for name in ["tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.txt"] {
            let (from, to) = (folder + "/" + name, path + "/" + name)
            guard files.fileExists(atPath: from), from != to else { continue }
            do {
                try Data(contentsOf: URL(filePath: from)).write(to: URL(filePath: to), options: .atomic)
            } catch {
                throw TrawlError(
                    .io, "\(name) cannot be copied", path: path, remedy: "make room on the disk", cause: error)
            }
        }
    }
}

extension Parameter {
    /// As the checkpoint has it.
    var shape: [Int] { isVector ? [columns] : [rows, columns] }
}
