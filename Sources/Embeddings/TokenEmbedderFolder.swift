package import TrawlCore
public import TrawlModels
internal import TrawlTensors
internal import TrawlTokenizers

/// What training needs to know of the folder of a model that gives every token of a text a vector: a ColBERT checkpoint, or any
/// other encoder, which is then to become one.
public struct TokenEmbedderFolder: Sendable {
    /// The folder.
    public let path: String
    /// The encoder.
    public let model: ModelFolder
    /// Tokens of passages that have no vectors.
    package let skipped: Set<TokenID>
    private let layout: LateInteractionFolder

    /// An encoder that was not trained for late interaction marks queries and passages from now on, with tokens of its vocabulary that
    /// no text has, as ColBERT does.
    ///
    /// - Throws: `TrawlError` that names the file that is missing, damaged or does not fit; `.unsupported` for a model that fills
    ///   queries up with mask tokens.
    public init(path: String) throws {
        let files = try SentenceTransformersFolder(path: path, pools: false)
        self.path = path
        model = try ModelFolder(path: files.transformerPath)
        guard model.architecture == .bert else {
            throw TrawlError(
                .unsupported, "a model of the type \(model.architectureName) cannot be trained", path: path,
                remedy: "begin with a BERT encoder, such as all-MiniLM-L6-v2")
        }
        let sizes = try EncoderConfiguration(bert: model)
        let tokenizer = try model.loadTokenizer()
        var layout = try LateInteractionFolder(
            path: path, tokenizer, model, files, hidden: sizes.hiddenSize, context: sizes.contextLength)
        guard layout.expandedLength == nil else {
            throw TrawlError(
                .unsupported, "a model that fills queries up with mask tokens cannot be trained", path: path,
                remedy:
                    "begin with a BERT encoder, such as all-MiniLM-L6-v2, or with a model that was trained from one here"
            )
        }
        if !layout.isTrained {
            layout.queryMarker = tokenizer.id(of: Self.markers.query)
            layout.passageMarker = tokenizer.id(of: Self.markers.passage)
        }
        self.layout = layout
        skipped = layout.skipped
    }

    private static let markers = (query: "[unused0]", passage: "[unused1]")

    /// The projection of states to vectors, `[dimension, hidden]`, row-major; nil for an encoder that was not trained for late
    /// interaction.
    ///
    /// - Throws: `TrawlError.unsupported` for a projection of more than one matrix.
    package func headValues() throws -> [Float]? {
        switch layout.head {
        case .identity: return nil
        case .linear: return try model.tensors.requiredTensor("linear.weight").floats()
        case .modules(let modules):
            if modules.count == 1, let values = try modules[0].matrix() { return values }
            throw TrawlError(
                .unsupported, "token vectors of more than one matrix cannot be trained", path: path,
                remedy: "begin with a BERT encoder, such as all-MiniLM-L6-v2")
        }
    }

    /// The length of a token's vector after training.
    ///
    /// - Parameter wanted: nil for that of the projection, or of a state where there is none.
    /// - Throws: `TrawlError.invalidInput` for another length than that of the projection, or one beyond that of a state.
    package func dimension(wanted: Int?) throws -> Int {
        let hidden = try EncoderConfiguration(bert: model).hiddenSize
        let own = try headValues().map { $0.count / hidden }
        let dimension = wanted ?? own ?? hidden
        guard own.map({ $0 == dimension }) ?? (1...hidden ~= dimension) else {
            throw TrawlError(
                .invalidInput, "token vectors of \(dimension) values cannot be trained", path: path,
                remedy: own.map { "leave the number out: the model's have \($0)" }
                    ?? "give a number from 1 to \(hidden), the length of the model's states")
        }
        return dimension
    }

    /// The tokens of each text as the encoder gets them, at most `maximum` of them, and how many texts are cut.
    package func inputs(of texts: [String], _ role: TextRole, maximum: Int) -> (tokens: [[TokenID]], cutTexts: Int) {
        let inputs = texts.map { layout.input($0, role, maximum: maximum) }
        return (inputs.map(\.tokens), inputs.count { $0.isCut })
    }

    /// The members of PyLate's config_sentence_transformers.json that say how texts are read.
    package var settings: [String: Any] {
        func name(_ marker: TokenID?) -> String { marker.flatMap { layout.tokenizer.token(for: $0) } ?? "" }
        return [
            "query_prefix": name(layout.queryMarker), "document_prefix": name(layout.passageMarker),
            "query_length": layout.queryLength, "document_length": layout.passageLength,
            "do_query_expansion": false, "attend_to_expansion_tokens": false,
            "skiplist_words": LateInteractionFolder.punctuation.filter { word in
                layout.tokenizer.id(of: word).map(skipped.contains) ?? false
            },
        ]
    }

    /// The tokens at which passages are cut, special ones included.
    package var maximumTokens: Int { layout.passageLength }

    /// Whether texts are lowercased, whatever the tokenizer does.
    package var isLowercased: Bool { layout.isLowercased }
}
