/// The names of the tensors of a BERT cross-encoder, as transformers' `BertForSequenceClassification` gives them.
package enum CrossEncoderNames {
    package static let prefix = "bert."
    package static let pooler = "pooler.dense"
    package static let output = "classifier"

    /// The name of the same tensor in the BERT model that a compact folder leaves it to, without that model's prefix; nil for a
    /// tensor that a base does not have.
    package static func nameInBase(_ name: String) -> String? {
        name.hasPrefix(prefix) ? String(name.dropFirst(prefix.count)) : nil
    }
}

extension EncoderConfiguration {
    /// The configuration of a BERT model's folder.
    ///
    /// - Throws: `TrawlError` for a member that is missing, impossible or not supported.
    package init(bert model: ModelFolder) throws { self = try BertConfiguration.read(model) }

    /// The members of config.json of a cross-encoder with one label and exact GELU, whose scores sentence-transformers passes
    /// through a sigmoid.
    package var crossEncoderMembers: [String: Any] {
        BertConfiguration.members(self).merging([
            "architectures": ["BertForSequenceClassification"], "id2label": ["0": "LABEL_0"],
            "label2id": ["LABEL_0": 0], "num_labels": 1, "position_embedding_type": "absolute",
            "sentence_transformers": ["activation_fn": "torch.nn.modules.activation.Sigmoid"],
        ]) { $1 }
    }
}
