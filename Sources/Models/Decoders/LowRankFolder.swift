internal import TrawlCore
package import TrawlTensors

/// A folder that changes a decoder beside it by matrices of low rank (LoRA, Hu et al. 2021, arXiv 2106.09685), in the layout
/// of Hugging Face's peft, with a config.json that names the decoder as compact encoder-decoders name theirs:
/// ```
/// models/smollm2-135m-instruct/            config.json and safetensors, or one .gguf file
/// models/answer-writer/config.json         "model_type": "trawl-adapter", "trawl_base_model": "smollm2-135m-instruct"
///                     /adapter_config.json     "r": 16, "lora_alpha": 32 ...
///                     /adapter_model.safetensors
///                          base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight [r, in], .lora_B.weight [out, r] ...
/// ```
/// An embedding model has them without the second `model.`, and the files of sentence-transformers beside them. A folder that
/// peft wrote has no config.json; the decoder is then the folder beside it whose name `base_model_name_or_path` ends in.
///
/// A matrix W of the decoder becomes W + lora_alpha / r B A. Rows are in the order of Hugging Face's files, also where the
/// decoder is a GGUF file.
package struct LowRankFolder: Sendable {
    /// `model_type` in config.json.
    package static let modelType = "trawl-adapter"
    package static let settingsName = "adapter_config.json"
    package static let tensorsName = "adapter_model.safetensors"
    /// The projections of a layer that can be changed.
    package static let modules = [
        "self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj", "mlp.gate_proj", "mlp.up_proj",
        "mlp.down_proj",
    ]

    package let rank: Int
    /// `lora_alpha`.
    package let alpha: Float
    package let tensors: Safetensors
    private let path: String
    private let hasHead: Bool

    /// What the products B A are multiplied with.
    package var scale: Float { alpha / Float(rank) }

    /// - Throws: `TrawlError` for files that are missing or damaged, or ask for what is not computed.
    init(path: String) throws {
        self.path = path
        let file = path + "/" + Self.settingsName
        let settings = try JSON(contentsOf: file)
        func require(_ isMet: Bool, _ what: String) throws {
            guard isMet else {
                throw TrawlError(
                    .unsupported, "an adapter with \(what) is not supported", path: file,
                    remedy: "use a plain LoRA of the layers' projections")
            }
        }
        try require(settings["peft_type"]?.string == "LORA", "another 'peft_type' than LORA")
        try require(["none", nil].contains(settings["bias"]?.string), "biases")
        for name in ["use_rslora", "use_dora", "fan_in_fan_out"] {
            try require(settings[name]?.bool != true, "'\(name)'")
        }
        for name in ["rank_pattern", "alpha_pattern"] {
            try require(settings[name]?.members?.isEmpty ?? true, "'\(name)'")
        }
        try require(settings["modules_to_save"]?.array?.isEmpty ?? true, "'modules_to_save'")
        guard let rank = settings["r"]?.int, rank > 0, rank <= 1 << 16, let alpha = settings["lora_alpha"]?.double,
            Float(alpha).isFinite
        else {
            throw TrawlError(
                .corrupted, "'r' or 'lora_alpha' is missing or impossible", path: file,
                remedy: "train the adapter again")
        }
        (self.rank, self.alpha) = (rank, Float(alpha))
        tensors = try Safetensors(path: path + "/" + Self.tensorsName)
        hasHead = !tensors.tensors.contains { $0.name.hasPrefix(Self.layers(hasHead: false)) }
    }

    private static func layers(hasHead: Bool) -> String { "base_model.model." + (hasHead ? "model." : "") + "layers." }

    /// What peft calls the matrices of a projection.
    ///
    /// - Parameter hasHead: Whether the decoder was loaded with the head that predicts tokens, as generators are and embedding
    ///   models are not.
    package static func names(layer: Int, module: String, hasHead: Bool) -> (down: String, up: String) {
        let start = layers(hasHead: hasHead) + "\(layer).\(module)."
        return (start + "lora_A.weight", start + "lora_B.weight")
    }

    /// A: `[rank, in]` and B: `[out, rank]` of a projection, in Hugging Face's order of rows; nil where it is not changed.
    ///
    /// - Throws: `TrawlError` when one of them is missing or has another shape.
    package func matrices(
        layer: Int, module: String, rows: Int, columns: Int
    ) throws -> (down: [Float], up: [Float])? {
        let names = Self.names(layer: layer, module: module, hasHead: hasHead)
        guard tensors.tensor(named: names.down) != nil || tensors.tensor(named: names.up) != nil else { return nil }
        func floats(_ name: String, _ shape: [Int]) throws -> [Float] {
            guard let tensor = tensors.tensor(named: name) else {
                throw TrawlError(
                    .corrupted, "the tensor '\(name)' is missing", path: tensors.path, remedy: "train the adapter again"
                )
            }
            guard tensor.shape == shape, tensor.type.isFloatingPoint else {
                throw TrawlError(
                    .incompatible,
                    "the tensor '\(name)' has the shape \(tensor.shape), rank \(rank) and the base ask for \(shape)",
                    path: tensors.path, remedy: "use the settings and the base that belong to this adapter")
            }
            return try tensor.floats()
        }
        return (try floats(names.down, [rank, columns]), try floats(names.up, [rows, rank]))
    }

    /// - Throws: `TrawlError.unsupported` when it changes what a decoder of `layers` layers does not have or we do not change.
    func requireOnlyProjections(layers: Int) throws {
        var known: Set<String> = []
        for layer in 0..<layers {
            for module in Self.modules {
                let names = Self.names(layer: layer, module: module, hasHead: hasHead)
                known.formUnion([names.down, names.up])
            }
        }
        if let other = tensors.tensors.first(where: { !known.contains($0.name) }) {
            throw TrawlError(
                .unsupported,
                "the adapter changes '\(other.name)', which is no projection of the base's \(layers) layers",
                path: tensors.path, remedy: "use a plain LoRA of the layers' projections")
        }
        guard !tensors.tensors.isEmpty else {
            throw TrawlError(
                .corrupted, "the adapter has no tensors", path: tensors.path, remedy: "train the adapter again")
        }
    }
}

extension ModelFolder {
    /// - Throws: `TrawlError.unsupported` when an adapter changes more than the projections of `layers` layers.
    public func requireAdapterOfProjections(layers: Int) throws {
        try adapter?.requireOnlyProjections(layers: layers)
    }
}

/// The tensors of a decoder together with those of the adapter that changes it.
struct AdaptedTensors: TensorCollection {
    let base: ModelFolder
    let adapter: LowRankFolder
    /// The adapter's, then those of the base.
    let tensors: [Tensor]
    var path: String { base.tensors.path }

    init(base: ModelFolder, adapter: LowRankFolder) {
        (self.base, self.adapter) = (base, adapter)
        tensors = adapter.tensors.tensors + base.tensors.tensors
    }

    func tensor(named name: String) -> Tensor? {
        base.tensors.tensor(named: name) ?? adapter.tensors.tensor(named: name)
    }
}
