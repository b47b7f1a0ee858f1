internal import Core
internal import Tensors

/// What modules.json and the files beside it say.
struct SentenceTransformersFolder {
    let transformerPath: String
    let pooling: Pooling
    let densePaths: [String]
    let isNormalised: Bool
    /// sentence_bert_config.json's `max_seq_length`, which overrules all else; sentence-transformers 6 writes it into
    /// tokenizer_config.json instead, see `ModelFolder.tokenizerMaximum`.
    let maximumTokens: Int?
    let prompts: [String: String]
    let defaultPromptName: String?
    let similarity: String?

    init(path: String) throws {
        func optional(_ file: String) throws -> JSON? {
            fileExists(path + "/" + file) ? try JSON(contentsOf: path + "/" + file) : nil
        }
        let settings = try optional("config_sentence_transformers.json")
        var prompts: [String: String] = [:]
        for prompt in settings?["prompts"]?.members ?? [] { prompts[prompt.name] = prompt.value.string }
        self.prompts = prompts
        defaultPromptName = settings?["default_prompt_name"]?.string
        similarity = settings?["similarity_fn_name"]?.string

        guard let modules = try optional("modules.json") else {
            transformerPath = path
            pooling = Pooling(modes: [.mean])
            densePaths = []
            isNormalised = false
            maximumTokens = try Self.maximumTokens(in: path)
            return
        }
        let modulesPath = path + "/modules.json"
        var transformerPath: String?
        var pooling: Pooling?
        var densePaths: [String] = []
        var isNormalised = false
        for module in modules.array ?? [] {
            guard let type = module["type"]?.string, let name = module["path"]?.string, !name.hasPrefix("/"),
                !name.split(separator: "/").contains("..")
            else {
                throw TrawlError(
                    .corrupted, "a module has no type or no path inside the folder", path: modulesPath,
                    remedy: "download it again")
            }
            let modulePath = name.isEmpty ? path : path + "/" + name
            switch type.split(separator: ".").last ?? "" {
            case "Transformer": transformerPath = modulePath
            case "Pooling":
                let file = modulePath + "/config.json"
                pooling = try Pooling(configuration: try JSON(contentsOf: file), path: file)
            case "Dense": densePaths.append(modulePath)
            case "Normalize": isNormalised = true
            case "Dropout": break
            default:
                throw TrawlError(
                    .unsupported, "the module '\(type)' is not supported", path: modulesPath,
                    remedy: "use a model of Transformer, Pooling, Dense and Normalize modules")
            }
        }
        guard let transformerPath, let pooling else {
            throw TrawlError(
                .unsupported, "modules.json names no Transformer or no Pooling module", path: modulesPath,
                remedy: "use a text embedding model")
        }
        self.transformerPath = transformerPath
        self.pooling = pooling
        self.densePaths = densePaths
        self.isNormalised = isNormalised
        maximumTokens = try Self.maximumTokens(in: transformerPath)
    }

    /// - Throws: `TrawlError.corrupted` for a length that leaves no room for text.
    private static func maximumTokens(in path: String) throws -> Int? {
        for name in ["sentence_bert_config.json", "sentence_roberta_config.json"] where fileExists(path + "/" + name) {
            guard let value = try JSON(contentsOf: path + "/" + name)["max_seq_length"] else { return nil }
            guard let length = value.int, length >= 3 else {
                throw TrawlError(.corrupted, "max_seq_length is no length", path: path + "/" + name)
            }
            return length
        }
        return nil
    }
}

extension Activation {
    /// From a class of torch.nn, as sentence-transformers writes it.
    init?(moduleName: String) {
        switch moduleName.split(separator: ".").last ?? "" {
        case "Identity": self = .identity
        case "Tanh": self = .tanh
        case "ReLU": self = .relu
        case "GELU": self = .geluErf
        case "SiLU": self = .silu
        default: return nil
        }
    }
}
