package import TrawlTensors

/// The names of the tensors of BERT and its relatives, as transformers' models give them: inference reads by them, and training
/// reads and writes by them. Task models put a prefix before all names.
package struct BertNames: Sendable {
    package static let words = "embeddings.word_embeddings"
    package static let positions = "embeddings.position_embeddings"
    package static let segments = "embeddings.token_type_embeddings"
    package static let embeddingNorm = "embeddings.LayerNorm"
    /// From embeddings to states in ELECTRA.
    static let embeddingProjection = "embeddings_project"
    /// The biases of relative positions in MPNet.
    static let relativeBias = "encoder.relative_attention_bias"
    /// A tensor that every such model has.
    package static let anchor = words + ".weight"

    /// The layers of a block of attention.
    package struct Attention: Sendable {
        package let query, key, value, output, norm: String
    }

    /// The layers of a layer.
    package struct Layer: Sendable {
        package let attention: Attention
        package let intermediate, output, norm: String
    }

    private let architecture: ModelFolder.Architecture

    package init(_ architecture: ModelFolder.Architecture = .bert) { self.architecture = architecture }

    /// The names of layer `index`.
    package func layer(_ index: Int) -> Layer {
        switch architecture {
        case .distilbert:
            let layer = "transformer.layer.\(index)."
            return Layer(
                attention: Attention(
                    query: layer + "attention.q_lin", key: layer + "attention.k_lin", value: layer + "attention.v_lin",
                    output: layer + "attention.out_lin", norm: layer + "sa_layer_norm"),
                intermediate: layer + "ffn.lin1", output: layer + "ffn.lin2", norm: layer + "output_layer_norm")
        case .mpnet:
            let layer = "encoder.layer.\(index)."
            return Layer(
                attention: Attention(
                    query: layer + "attention.attn.q", key: layer + "attention.attn.k",
                    value: layer + "attention.attn.v",
                    output: layer + "attention.attn.o", norm: layer + "attention.LayerNorm"),
                intermediate: layer + "intermediate.dense", output: layer + "output.dense",
                norm: layer + "output.LayerNorm")
        default:
            let layer = "encoder.layer.\(index)."
            return Layer(
                attention: Self.attention(layer + "attention."), intermediate: layer + "intermediate.dense",
                output: layer + "output.dense", norm: layer + "output.LayerNorm")
        }
    }

    /// The names of BERT's attention to another model's states, in layer `index` of a decoder.
    /// What only the names of cross-attention have.
    package static let crossAttentionMark = ".crossattention."

    package static func crossAttention(_ index: Int) -> Attention {
        attention("encoder.layer.\(index)" + crossAttentionMark)
    }

    private static func attention(_ block: String) -> Attention {
        Attention(
            query: block + "self.query", key: block + "self.key", value: block + "self.value",
            output: block + "output.dense", norm: block + "output.LayerNorm")
    }

    /// The prefix of all names in these tensors.
    package static func prefix(in tensors: any TensorCollection) -> String { tensors.prefix(before: anchor) ?? "" }
}

extension TensorCollection {
    /// The names of the weight and the bias of the layer norm `name`: old checkpoints call them `gamma` and `beta`.
    package func normNames(_ name: String) -> (weight: String, bias: String) {
        let isOld = tensor(named: name + ".gamma") != nil
        return (name + (isOld ? ".gamma" : ".weight"), name + (isOld ? ".beta" : ".bias"))
    }
}
