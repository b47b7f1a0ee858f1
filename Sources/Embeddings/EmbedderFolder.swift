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
    /// Whether the folder says how states become embeddings; a bare encoder or decoder does not.
    public let isEmbedder: Bool
    /// Whether embeddings have length 1.
    public let isNormalised: Bool
    /// sentence_bert_config.json's `max_seq_length` and `do_lower_case`.
    package let maximumTokens: Int?
    package let isLowercased: Bool
    /// The members of config_sentence_transformers.json that say how embeddings are used.
    package private(set) var prompts: [String: String]
    package let defaultPromptName: String?
    package let similarity: Similarity?
    /// The format of queries and passages, if the model's files or its name tell it.
    public private(set) var template: InstructionTemplate?

    /// The member of config_sentence_transformers.json that names the template, where prompts do not tell it.
    package static let templateMember = "trawl_template"

    /// - Throws: `TrawlError` that names the file that is missing, damaged or not supported.
    public init(path: String) throws {
        let layout = try SentenceTransformersFolder(path: path)
        self.path = path
        isEmbedder = layout.modules != nil
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
        template = layout.template(of: model, in: path)
        // What the name of this folder tells of must hold for a folder of another name too.
        if layout.prompts.isEmpty, let template {
            prompts = ["query": template.query().prefix, "document": template.passage.prefix]
        } else {
            prompts = layout.prompts
        }
    }

    /// The task that the model's own prompt of queries states; nil if it states none.
    public var queryInstruction: String? { prompts["query"].flatMap { template?.instruction(in: $0) } }

    /// The same model with an instruction in its prompt of queries, or with a template that takes examples.
    ///
    /// A decoder without a template gets that of LG-ANNA with an instruction. With examples the template of E5 is replaced by it: both
    /// format a query alike.
    ///
    /// - Parameter instruction: nil: the model's own.
    /// - Throws: `TrawlError.invalidInput` for a model that cannot take them.
    public func instructed(_ instruction: String?, showsExamples: Bool = false) throws -> EmbedderFolder {
        var folder = self
        if let instruction {
            folder.template = template ?? (model.isDecoder ? .anna : nil)
            guard let template = folder.template, template.takesInstruction else {
                throw TrawlError(
                    .invalidInput, "the model takes no instruction", path: path,
                    remedy: "leave the instruction out, or begin with a decoder or a model made for instructions")
            }
            folder.prompts["query"] = template.query(instruction: instruction).prefix
        }
        if showsExamples {
            if folder.template == .e5Instruct { folder.template = .anna }
            guard folder.template?.takesExamples == true else {
                throw TrawlError(
                    .invalidInput, "the model takes no examples", path: path,
                    remedy: "show none, or begin with a decoder and give it an instruction")
            }
        }
        return folder
    }
}
