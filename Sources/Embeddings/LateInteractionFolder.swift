internal import TrawlCore
internal import TrawlModels
internal import TrawlTensors
internal import TrawlTokenizers

/// How a model makes token vectors of queries and passages, as its folder says: a ColBERT checkpoint in the layout of
/// colbert-ir (`artifact.metadata`, the head beside BERT's tensors) or of PyLate (`1_Dense`), or any other encoder, whose
/// last hidden states are taken as they are.
struct LateInteractionFolder {
    /// What becomes of a token's hidden state.
    enum Head {
        case identity
        case linear(WeightMatrix)
        case modules([DenseModule])
    }

    let tokenizer: Tokenizer
    let head: Head
    /// Whether the model was trained for late interaction.
    let isTrained: Bool
    /// What stands after the first token of a query and of a passage.
    var queryMarker: TokenID?
    var passageMarker: TokenID?
    /// The tokens that a query is filled up to with mask tokens; nil: it is not.
    var expandedLength: Int?
    /// Whether mask tokens are seen by the others.
    var attendsToMasks = false
    /// The tokens at which queries and passages are cut, special ones included.
    var queryLength: Int
    var passageLength: Int
    /// Tokens of passages that have no vectors.
    var skipped: Set<TokenID>
    let isLowercased: Bool
    /// What queries are filled up with.
    let mask: TokenID?
    /// Whether the tokenizer ends a text in a special token.
    let closes: Bool

    /// - Throws: `TrawlError` that names the file that is missing, damaged, or does not fit.
    init(
        path: String, _ tokenizer: Tokenizer, _ model: ModelFolder, _ layout: SentenceTransformersFolder, hidden: Int,
        context: Int
    ) throws {
        self.tokenizer = tokenizer
        isLowercased = layout.isLowercased
        mask = tokenizer.maskID ?? tokenizer.id(of: "[MASK]")
        closes = tokenizer.encodeIDs("").last.map { tokenizer.isSpecial($0) } ?? false
        let longest = try min(layout.maximumTokens ?? model.tokenizerMaximum() ?? .max, context)
        (queryLength, passageLength) = (longest, longest)
        skipped = Set(Self.punctuation.compactMap { tokenizer.id(of: $0) })
        let dense = (layout.modules ?? []).filter { $0.kind == .dense }
        if let weight = model.tensors.tensor(named: "linear.weight"), layout.modules == nil {
            isTrained = true
            guard weight.shape.count == 2, weight.shape[1] == hidden, weight.shape[0] > 0 else {
                throw TrawlError(
                    .incompatible,
                    "the head 'linear.weight' has the shape \(weight.shape), the encoder gives \(hidden) values a token",
                    path: weight.path, remedy: "download the checkpoint again, all files")
            }
            head = .linear(try WeightMatrix(weight, rows: weight.shape[0], columns: hidden))
            try readMetadata(path)
        } else if !dense.isEmpty, layout.modules?.contains(where: { $0.kind == .pooling }) == false {
            isTrained = true
            var width = hidden
            var modules: [DenseModule] = []
            for folder in dense {
                let module = try DenseModule(folder.path, inputs: width)
                modules.append(module)
                width = module.weight.rows
            }
            head = .modules(modules)
            try readSettings(path)
        } else {
            isTrained = false
            head = .identity
        }
        guard expandedLength == nil || mask != nil else {
            throw TrawlError(
                .incompatible, "the tokenizer has no mask token, which fills up queries", path: path,
                remedy: "use the tokenizer that belongs to this checkpoint")
        }
        guard min(queryLength, passageLength) > 3 else {
            throw TrawlError(
                .corrupted, "queries of \(queryLength) or passages of \(passageLength) tokens leave no space for text",
                path: path, remedy: "download the model again, all files")
        }
    }

    static let punctuation = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~".map(String.init)

    /// `artifact.metadata` of colbert-ir. A checkpoint without it takes ColBERT's defaults.
    private mutating func readMetadata(_ path: String) throws {
        let file = path + "/artifact.metadata"
        let settings = fileExists(file) ? try JSON(contentsOf: file) : .object([])
        queryMarker = try marker(settings["query_token_id"]?.string ?? "[unused0]", file)
        passageMarker = try marker(settings["doc_token_id"]?.string ?? "[unused1]", file)
        let query = settings["query_maxlen"]?.count ?? 32
        queryLength = min(queryLength, query)
        expandedLength = queryLength
        passageLength = min(passageLength, settings["doc_maxlen"]?.count ?? 220)
        attendsToMasks = settings["attend_to_mask_tokens"]?.bool ?? false
        if settings["mask_punctuation"]?.bool == false { skipped = [] }
    }

    /// `config_sentence_transformers.json` of PyLate.
    private mutating func readSettings(_ path: String) throws {
        let file = path + "/config_sentence_transformers.json"
        let settings = fileExists(file) ? try JSON(contentsOf: file) : .object([])
        queryMarker = try marker(settings["query_prefix"]?.string ?? "[Q] ", file)
        passageMarker = try marker(settings["document_prefix"]?.string ?? "[D] ", file)
        queryLength = min(queryLength, settings["query_length"]?.count ?? 32)
        passageLength = min(passageLength, settings["document_length"]?.count ?? 180)
        if settings["do_query_expansion"]?.bool ?? true { expandedLength = queryLength }
        attendsToMasks = settings["attend_to_expansion_tokens"]?.bool ?? false
        if let words = settings["skiplist_words"]?.array {
            skipped = Set(words.compactMap { $0.string.flatMap { tokenizer.id(of: $0) } })
        }
    }

    /// The token of a marker; nil for an empty one. It may be written with the blank that follows it.
    private func marker(_ text: String, _ file: String) throws -> TokenID? {
        let name = text.filter { !$0.isWhitespace }
        if name.isEmpty { return nil }
        if let id = tokenizer.id(of: text) ?? tokenizer.id(of: name) { return id }
        throw TrawlError(
            .incompatible, "the tokenizer has no token \"\(name)\", which marks queries or passages", path: file,
            remedy: "use the tokenizer that belongs to this checkpoint")
    }
}
