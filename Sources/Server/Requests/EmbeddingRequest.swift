import TrawlCore
import TrawlCorpus
import TrawlEmbeddings

/// Texts to embed, as either API asks.
struct EmbeddingRequest {
    /// How to embed. Texts with equal options are embedded together.
    struct Options: Hashable, Sendable {
        var model: String
        /// The role whose prompt goes before the texts.
        var role: TextRole?
        /// The name of one of the model's prompts.
        var promptName: String?
    }

    /// A text, or tokens of the model's vocabulary.
    enum Input: Sendable {
        case text(String)
        case tokens([TokenID])

        /// About how many tokens it has; what is not worth tokenising twice.
        fileprivate var cost: Int {
            switch self {
            case .text(let text): text.utf8.count / 4 + 2
            case .tokens(let tokens): tokens.count
            }
        }
    }

    /// What one request wants embedded.
    struct Item: Sendable {
        var inputs: [Input]
        /// The place of the inputs in the body.
        var place: String
        /// Whether a text that is longer than the model reads is an error.
        var refusesLongTexts = false
    }

    enum Encoding { case float, base64 }

    static let inputLimit = 2048

    var options: Options
    var item: Item
    /// nil: all.
    var dimensions: Int?
    var encoding = Encoding.float
    /// Whether vectors are scaled to length 1; nil: as the model does.
    var normalises: Bool?

    var cost: Int { item.inputs.reduce(0) { $0 + $1.cost } }

    /// The body of `POST /v1/embeddings`.
    init(openAI body: RequestObject, _ models: ServedModels) throws {
        options = Options(model: try models.name(body.string("model")))
        item = Item(inputs: try Self.inputs(body, "input"), place: "$.input")
        options.role = try body.choice(
            "input_type", [("query", .query), ("passage", .passage), ("document", .passage)])
        dimensions = try body.integer("dimensions", in: 1...1_000_000)
        encoding = try body.choice("encoding_format", [("float", .float), ("base64", .base64)]) ?? .float
        // Who asks is of no use here.
        _ = try body.string("user")
        try body.finish()
    }

    /// The body of `POST /embed`.
    init(tei body: RequestObject, _ models: ServedModels) throws {
        options = Options(model: try models.name(body.string("model")))
        item = Item(inputs: try Self.inputs(body, "inputs"), place: "$.inputs")
        item.refusesLongTexts = try !(body.boolean("truncate") ?? false)
        options.promptName = try body.string("prompt_name")
        dimensions = try body.integer("dimensions", in: 1...1_000_000)
        normalises = try body.boolean("normalize") ?? true
        _ = try body.choice("truncation_direction", [("Right", ()), ("right", ())])
        try body.finish()
    }

    private static func inputs(_ body: RequestObject, _ name: String) throws -> [Input] {
        let wanted = "a text, a list of texts, a list of token ids or a list of such lists"
        func tokens(_ value: JSON) throws -> [TokenID]? {
            guard let values = value.array, !values.isEmpty else { return nil }
            var tokens: [TokenID] = []
            for value in values {
                guard let id = value.count, let token = TokenID(exactly: id) else { return nil }
                tokens.append(token)
            }
            return tokens
        }
        guard let value = body.any(name) else {
            throw RequestFault.invalid("\(name) is missing", at: body.place(name), remedy: "give \(wanted)")
        }
        if let only = try tokens(value) { return [.tokens(only)] }
        let inputs = try body.list(name, atMost: inputLimit, wanted) { value -> Input? in
            if let text = value.string { return .text(text) }
            return try tokens(value).map { .tokens($0) }
        }
        guard let inputs, !inputs.isEmpty else {
            throw RequestFault.invalid("\(name) is empty", at: body.place(name), remedy: "give \(wanted)")
        }
        for (index, input) in inputs.enumerated() {
            guard case .text(let text) = input, text.isEmpty else { continue }
            throw RequestFault.invalid(
                "a text is empty", at: inputs.count == 1 ? body.place(name) : "\(body.place(name))[\(index)]",
                remedy: "give a text")
        }
        return inputs
    }
}

/// Embeds what several requests ask.
enum EmbeddingBatch {
    /// The vectors of one request.
    struct Answer: Sendable {
        let dimension: Int
        /// `[inputs, dimension]`
        var values: [Float]
        let isNormalised: Bool
        /// The tokens that the model read.
        let tokenCount: Int
        /// The texts that were longer than the model reads.
        let cutCount: Int
    }

    static func answers(
        _ options: EmbeddingRequest.Options, _ items: [EmbeddingRequest.Item], _ models: ServedModels
    ) throws -> [Answer] {
        let embedder = try models.embedder(options.model)
        let prompt = try prompt(options, embedder)
        let texts = try items.map { item in
            try item.inputs.enumerated().map { index, input in try text(input, at: "\(item.place)[\(index)]", embedder)
            }
        }
        let all = texts.flatMap { $0 }
        let lengths = embedder.inputLengths(of: all, prefix: prompt.prefix)
        var start = 0
        for (item, texts) in zip(items, texts) {
            let long = lengths[start..<start + texts.count].firstIndex { $0 > embedder.maximumTokens }
            if item.refusesLongTexts, let long {
                throw RequestFault.invalid(
                    "a text has \(lengths[long]) tokens, the model reads \(embedder.maximumTokens)",
                    at: "\(item.place)[\(long - start)]", remedy: "shorten it, or set truncate to true")
            }
            start += texts.count
        }
        let matrix = try embedder.embed(all, in: prompt)
        start = 0
        return texts.map { texts in
            let range = start..<start + texts.count
            start += texts.count
            return Answer(
                dimension: matrix.dimension,
                values: Array(matrix.values[range.lowerBound * matrix.dimension..<range.upperBound * matrix.dimension]),
                isNormalised: embedder.isNormalised,
                tokenCount: lengths[range].reduce(0) { $0 + min($1, embedder.maximumTokens) },
                cutCount: lengths[range].count { $0 > embedder.maximumTokens })
        }
    }

    private static func prompt(
        _ options: EmbeddingRequest.Options, _ embedder: TextEmbedder
    ) throws -> EmbeddingPrompt {
        if let role = options.role { return try embedder.prompt(for: role) }
        if let name = options.promptName {
            do { return EmbeddingPrompt(prefix: try embedder.prompt(named: name)) } catch let error as TrawlError {
                throw RequestFault(error, at: "$.prompt_name")
            }
        }
        return EmbeddingPrompt(prefix: embedder.defaultPromptName.flatMap { embedder.prompts[$0] } ?? "")
    }

    private static func text(
        _ input: EmbeddingRequest.Input, at place: String, _ embedder: TextEmbedder
    ) throws -> String {
        switch input {
        case .text(let text): return cleaned(text)
        case .tokens(let tokens):
            guard let text = embedder.text(of: tokens) else {
                throw RequestFault.invalid(
                    "a token id is not of the model's vocabulary", at: place,
                    remedy: "give tokens of this model's tokenizer, or a text")
            }
            return text
        }
    }
}

extension EmbeddingBatch.Answer {
    /// The rows, with their first dimensions and length 1 where that is asked for.
    ///
    /// - Throws: `RequestFault` for more dimensions than there are.
    func rows(_ request: EmbeddingRequest) throws -> [[Float]] {
        let kept = request.dimensions ?? dimension
        guard kept <= dimension else {
            throw RequestFault.invalid(
                "the model has \(dimension) dimensions, not \(kept)", at: "$.dimensions",
                remedy: "ask for 1 to \(dimension)")
        }
        let scales =
            kept < dimension ? isNormalised || request.normalises == true : request.normalises == true && !isNormalised
        return stride(from: 0, to: values.count, by: dimension).map { start in
            let row = values[start..<start + kept]
            guard scales else { return Array(row) }
            let length = row.reduce(0) { $0 + $1 * $1 }.squareRoot()
            return row.map { $0 / max(length, 1e-12) }
        }
    }
}
