internal import TrawlCore
internal import TrawlTensors

/// The heads of a family of sequence classifiers, as transformers' models of that family have them.
protocol ClassificationHeadFamily: Sendable {
    static var architectures: [ModelFolder.Architecture] { get }
    /// The name of the output layer, by which a classifier is known.
    static var output: String { get }
    /// - Throws: `TrawlError` that names what is missing or does not fit.
    static func load(_ reader: HeadReader) throws -> ClassificationHead.Parts
}

/// Reads the layers of a head.
struct HeadReader {
    let model: ModelFolder
    let labelCount: Int

    var settings: EncoderSettings { EncoderSettings(model: model) }

    /// The tensors whose names begin with `prefix`. Products of one row are quickest in single precision.
    func tensors(prefix: String = "", epsilon: Float = 0) -> EncoderTensors {
        EncoderTensors(model, prefix: prefix, isExpanding: true, epsilon: epsilon, precision: .f32)
    }

    /// A head that reads the first token: a dense layer, an activation, the output.
    func firstToken(
        dense: String, activation: Activation, output: String, size: String
    ) throws -> ClassificationHead.Parts {
        let hidden = try settings.size(size)
        return ClassificationHead.Parts(
            dense: try tensors().linear(dense, hidden, hidden), activation: activation,
            output: try tensors().linear(output, labelCount, hidden))
    }
}

/// The pooler of the first token, which is the encoder's, and a layer (Devlin et al. 2019, arXiv 1810.04805).
enum BertHead: ClassificationHeadFamily {
    static let architectures: [ModelFolder.Architecture] = [.bert]
    static let output = "classifier"

    static func load(_ reader: HeadReader) throws -> ClassificationHead.Parts {
        try reader.firstToken(
            dense: "bert.pooler.dense", activation: .tanh, output: output, size: "hidden_size")
    }
}

/// RoBERTa and XLM-R.
enum RobertaHead: ClassificationHeadFamily {
    static let architectures: [ModelFolder.Architecture] = [.roberta]
    static let output = "classifier.out_proj"

    static func load(_ reader: HeadReader) throws -> ClassificationHead.Parts {
        try reader.firstToken(dense: "classifier.dense", activation: .tanh, output: output, size: "hidden_size")
    }
}

enum DistilBertHead: ClassificationHeadFamily {
    static let architectures: [ModelFolder.Architecture] = [.distilbert]
    static let output = "classifier"

    static func load(_ reader: HeadReader) throws -> ClassificationHead.Parts {
        try reader.firstToken(dense: "pre_classifier", activation: .relu, output: output, size: "dim")
    }
}

/// ELECTRA's has exact GELU, whatever config.json says of the layers.
enum ElectraHead: ClassificationHeadFamily {
    static let architectures: [ModelFolder.Architecture] = [.electra]
    static let output = "classifier.out_proj"

    static func load(_ reader: HeadReader) throws -> ClassificationHead.Parts {
        try reader.firstToken(dense: "classifier.dense", activation: .geluErf, output: output, size: "hidden_size")
    }
}

/// ModernBERT's reads the first token or the mean of all, and norms what the dense layer gives.
enum ModernBertHead: ClassificationHeadFamily {
    static let architectures: [ModelFolder.Architecture] = [.modernBert]
    static let output = "classifier"

    static func load(_ reader: HeadReader) throws -> ClassificationHead.Parts {
        let settings = reader.settings
        let hidden = try settings.size("hidden_size")
        let tensors = reader.tensors(epsilon: try settings.epsilon("norm_eps", default: 1e-5))
        let pooling: ClassificationHead.Pooling
        switch settings["classifier_pooling"]?.string {
        case "cls", nil: pooling = .first
        case "mean": pooling = .mean
        case let name?: throw settings.unsupported("'classifier_pooling' is \(name), which is not supported")
        }
        return ClassificationHead.Parts(
            pooling: pooling, dense: try tensors.plainLinear("head.dense", hidden, hidden),
            activation: try settings.activation(settings["classifier_activation"]?.string),
            norm: try tensors.plainNorm("head.norm", hidden),
            output: try tensors.plainLinear(output, reader.labelCount, hidden))
    }
}

/// DeBERTa's pooler of the first token, with an activation of its own.
enum DebertaV2Head: ClassificationHeadFamily {
    static let architectures: [ModelFolder.Architecture] = [.debertaV2]
    static let output = "classifier"

    static func load(_ reader: HeadReader) throws -> ClassificationHead.Parts {
        let settings = reader.settings
        let name = settings["pooler_hidden_act"]?.string
        return try reader.firstToken(
            dense: "pooler.dense", activation: try settings.activation(name), output: output, size: "hidden_size")
    }
}
