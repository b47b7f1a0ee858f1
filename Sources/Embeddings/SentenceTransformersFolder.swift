internal import TrawlCore
internal import TrawlModels
internal import TrawlTensors

/// What modules.json and the files beside it say.
struct SentenceTransformersFolder {
    /// A step behind the transformer, and the folder of its files.
    struct Module: Sendable {
        enum Kind: String, Sendable { case pooling, dense, layerNorm, normalize }

        let kind: Kind
        let path: String
    }

    let transformerPath: String
    /// In the order in which they are applied; nil for a bare encoder.
    let modules: [Module]?
    /// sentence_bert_config.json's `max_seq_length`, which overrules all else; sentence-transformers 6 writes it into
    /// tokenizer_config.json instead, see `ModelFolder.tokenizerMaximum`.
    let maximumTokens: Int?
    /// sentence_bert_config.json's `do_lower_case`: texts are lowercased, whatever the tokenizer does.
    let isLowercased: Bool
    let prompts: [String: String]
    let defaultPromptName: String?
    let similarity: Similarity?
    /// The template that the folder names, as models trained with Trawl do.
    private let namedTemplate: InstructionTemplate?

    /// - Parameter pools: whether the folder must have a Pooling module, as models that give a text one vector have.
    init(path: String, pools: Bool = true) throws {
        (prompts, defaultPromptName, similarity, namedTemplate) = try Self.settings(path)
        if fileExists(path + "/modules.json") {
            let (transformer, modules) = try Self.modules(path, pools: pools)
            transformerPath = transformer
            self.modules = modules
        } else {
            transformerPath = path
            modules = nil
        }
        (maximumTokens, isLowercased) = try Self.transformerSettings(transformerPath)
    }

    /// The published way of putting queries and passages: the one that the folder names, or that of the model's own prompts, of
    /// its name or of its folder's.
    func template(of model: ModelFolder, in folder: String) -> InstructionTemplate? {
        namedTemplate
            ?? prompts["query"].flatMap(InstructionTemplate.init(queryPrompt:))
            ?? InstructionTemplate(modelName: model.configuration["_name_or_path"]?.string ?? "")
            ?? InstructionTemplate(modelName: String(folder.split(separator: "/").last ?? ""))
    }

    /// Reads config_sentence_transformers.json.
    private static func settings(
        _ folder: String
    ) throws -> ([String: String], String?, Similarity?, InstructionTemplate?) {
        let path = folder + "/config_sentence_transformers.json"
        guard fileExists(path) else { return ([:], nil, nil, nil) }
        let settings = try JSON(contentsOf: path)
        var prompts: [String: String] = [:]
        for prompt in settings["prompts"]?.members ?? [] { prompts[prompt.name] = prompt.value.string }
        let name = settings["default_prompt_name"]?.string
        if let name, prompts[name] == nil {
            throw TrawlError(
                .corrupted, "the default prompt '\(name)' is none of the prompts", path: path,
                remedy: "add it to 'prompts', or set 'default_prompt_name' to null")
        }
        let similarity = try settings["similarity_fn_name"]?.string.flatMap { name -> Similarity? in
            // PyLate's word for late interaction, which has no other.
            if name == "MaxSim" { return nil }
            guard let similarity = Similarity(rawValue: name == "dot_product" ? "dot" : name) else {
                throw TrawlError(
                    .unsupported, "the similarity '\(name)' is not supported", path: path,
                    remedy: "use a model compared by cosine, dot, euclidean or manhattan")
            }
            return similarity
        }
        let template = try settings[EmbedderFolder.templateMember]?.string.map { name in
            guard let template = InstructionTemplate(rawValue: name) else {
                throw TrawlError(
                    .unsupported, "the template '\(name)' is not known", path: path,
                    remedy: "use one of: " + InstructionTemplate.allCases.map(\.rawValue).joined(separator: ", "))
            }
            return template
        }
        return (prompts, name, similarity, template)
    }

    private static func modules(_ folder: String, pools: Bool) throws -> (transformer: String, modules: [Module]) {
        let path = folder + "/modules.json"
        var transformer: String?
        var modules: [Module] = []
        func unsupported(_ message: String) -> TrawlError {
            TrawlError(
                .unsupported, message, path: path,
                remedy: "use a model of one Transformer, then Pooling, Dense, LayerNorm, Normalize or Dropout modules")
        }
        for module in try JSON(contentsOf: path).array ?? [] {
            guard let type = module["type"]?.string, let name = module["path"]?.string, !name.hasPrefix("/"),
                !name.split(separator: "/").contains("..")
            else {
                throw TrawlError(
                    .corrupted, "a module has no type or no path inside the folder", path: path,
                    remedy: "download it again")
            }
            let modulePath = name.isEmpty ? folder : folder + "/" + name
            let kind: Module.Kind
            switch type.split(separator: ".").last ?? "" {
            case "Transformer":
                guard transformer == nil, modules.isEmpty else {
                    throw unsupported("a Transformer stands behind another module")
                }
                transformer = modulePath
                continue
            case "Pooling": kind = .pooling
            case "Dense": kind = .dense
            case "LayerNorm": kind = .layerNorm
            case "Normalize": kind = .normalize
            // It does nothing but in training.
            case "Dropout": continue
            default: throw unsupported("the module '\(type)' is not supported")
            }
            modules.append(Module(kind: kind, path: modulePath))
        }
        guard let transformer, !pools || modules.contains(where: { $0.kind == .pooling }) else {
            throw unsupported("modules.json names no Transformer or no Pooling module")
        }
        return (transformer, modules)
    }

    private static let transformerFiles = ["bert", "roberta", "distilbert", "camembert", "xlm-roberta"]
        .map { "sentence_\($0)_config.json" }

    /// - Throws: `TrawlError.corrupted` for a length that leaves no room for text.
    private static func transformerSettings(_ folder: String) throws -> (maximumTokens: Int?, isLowercased: Bool) {
        guard let name = transformerFiles.first(where: { fileExists(folder + "/" + $0) }) else { return (nil, false) }
        let settings = try JSON(contentsOf: folder + "/" + name)
        let length = settings["max_seq_length"]
        guard length == nil || length?.int ?? 0 >= 3 else {
            throw TrawlError(
                .corrupted, "max_seq_length is no length", path: folder + "/" + name, remedy: "download it again")
        }
        return (length?.int, settings["do_lower_case"]?.bool ?? false)
    }
}
