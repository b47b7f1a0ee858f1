internal import TrawlCore
public import TrawlModels

/// What training needs to know of the folder of an embedding model.
public struct EmbedderFolder: Sendable {
    /// The folder.
    public let path: String
    /// The encoder.
    public let model: ModelFolder
    /// The pooling, where nothing follows it but a normalisation; else nil.
    public let pooling: Pooling?
    /// Whether embeddings have length 1.
    public let isNormalised: Bool
    /// sentence_bert_config.json's `max_seq_length` and `do_lower_case`.
    package let maximumTokens: Int?
    package let isLowercased: Bool
    /// The members of config_sentence_transformers.json that say how embeddings are used.
    package let prompts: [String: String]
    package let defaultPromptName: String?
    package let similarity: Similarity?

    /// - Throws: `TrawlError` that names the file that is missing, damaged or not supported.
    public init(path: String) throws {
        let layout = try SentenceTransformersFolder(path: path)
        self.path = path
        model = try ModelFolder(path: layout.transformerPath)
        var pooling: Pooling? = layout.modules == nil ? Pooling(modes: [.mean]) : nil
        var (isNormalised, isSimple) = (false, true)
        for module in layout.modules ?? [] {
            switch module.kind {
            case .pooling where pooling == nil:
                let file = module.path + "/config.json"
                pooling = try Pooling(configuration: try JSON(contentsOf: file), path: file)
            case .normalize: isNormalised = pooling != nil
            default: isSimple = false
            }
        }
        self.pooling = isSimple ? pooling : nil
        self.isNormalised = isNormalised
        (maximumTokens, isLowercased) = (layout.maximumTokens, layout.isLowercased)
        (defaultPromptName, similarity) = (layout.defaultPromptName, layout.similarity)
        // What the name of this folder tells of must hold for a folder of another name too.
        if layout.prompts.isEmpty, let template = layout.template(of: model, in: path) {
            prompts = ["query": template.query().prefix, "document": template.passage.prefix]
        } else {
            prompts = layout.prompts
        }
    }
}
