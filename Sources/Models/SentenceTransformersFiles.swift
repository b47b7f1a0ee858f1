internal import Foundation
internal import TrawlCore

/// The settings that sentence-transformers keeps beside an encoder with one pooling and a normalisation.
struct SentenceTransformersFiles {
    /// Whether the pooling takes the state of the first token; else the mean.
    var poolsFirst: Bool
    var hiddenSize: Int
    var maximumTokens: Int
    /// By the role of a text.
    var prompts: [String: String]

    /// The files by their names.
    var contents: [(name: String, contents: Any)] {
        [
            (
                "modules.json",
                [("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Normalize", "Normalize")].enumerated().map {
                    [
                        "idx": $0, "name": "\($0)", "path": $1.0,
                        "type": "sentence_transformers.models.\($1.1)",
                    ] as [String: Any]
                }
            ),
            (
                "sentence_bert_config.json",
                ["max_seq_length": maximumTokens, "do_lower_case": false] as [String: Any]
            ),
            (
                "1_Pooling/config.json",
                [
                    "word_embedding_dimension": hiddenSize, "pooling_mode_cls_token": poolsFirst,
                    "pooling_mode_mean_tokens": !poolsFirst, "pooling_mode_max_tokens": false,
                    "pooling_mode_mean_sqrt_len_tokens": false,
                ] as [String: Any]
            ),
            (
                "config_sentence_transformers.json",
                ["prompts": prompts, "default_prompt_name": NSNull(), "similarity_fn_name": "cosine"] as [String: Any]
            ),
        ]
    }

    /// Writes JSON files, and the folders that they are in.
    ///
    /// - Throws: `TrawlError.io` or `.full` where a file cannot be written.
    static func write(_ files: [(name: String, contents: Any)], to folder: String) throws {
        for (name, contents) in files {
            let path = folder + "/" + name
            try OutputFolder.make((path as NSString).deletingLastPathComponent)
            let json = try JSONSerialization.data(
                withJSONObject: contents, options: [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes])
            try OutputFile(path).write(json + [UInt8(ascii: "\n")])
        }
    }
}
