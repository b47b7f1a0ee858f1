import TrawlCore
import TrawlCorpus
import TrawlEngine
import TrawlReranking

/// Texts to put in the order of their relevance to a query, as either API asks.
struct RerankRequest: Sendable {
    let query: String
    let texts: [String]
    /// The place of the texts in the body.
    let place: String
    /// The reranker, with or without a model.
    let model: String
    let chain: RerankChain
    /// The most texts that are answered; nil: all.
    let limit: Int?
    let returnsTexts: Bool
    /// Whether the body is that of text-embeddings-inference.
    let isTEI: Bool

    static let textLimit = 1000

    /// - Throws: `RequestFault`.
    init(_ body: RequestObject, _ models: ServedModels) throws {
        query = cleaned(try body.requiredText("query"))
        isTEI = body.has("texts")
        if isTEI {
            place = "$.texts"
            texts = try body.strings("texts", atMost: Self.textLimit) ?? []
            limit = nil
            returnsTexts = try body.boolean("return_text") ?? false
            // Scores are a reranker's own, and every reranker cuts what it cannot read.
            _ = (try body.boolean("raw_scores"), try body.boolean("truncate"))
            _ = try body.choice("truncation_direction", [("Right", ()), ("right", ())])
        } else {
            place = "$.documents"
            let given = try body.list("documents", atMost: Self.textLimit, "a text or an object with a text") { value in
                value.string ?? value["text"]?.string
            }
            guard let given else {
                throw RequestFault.invalid(
                    "documents is missing", at: "$.documents", remedy: "give documents, or texts as TEI has them")
            }
            texts = given
            limit = try body.integer("top_n", in: 1...1_000_000)
            returnsTexts = try body.boolean("return_documents") ?? false
            // What Cohere's clients send besides. Its documents may be cut into windows; ours are by the reranker.
            _ = try body.integer("max_chunks_per_doc", in: 1...1_000_000)
            _ = try body.integer("max_tokens_per_doc", in: 1...1_000_000)
        }
        guard !texts.isEmpty else {
            throw RequestFault.invalid("there is nothing to rank", at: place, remedy: "give at least one text")
        }
        let name = try body.string("model")
        try body.finish()
        model = name ?? Rerankers.defaultName
        chain = try models.chain(model, at: "$.model")
        guard chain.stages.count == 1, chain.stages[0].depth == nil, chain.stages[0].weight == nil else {
            throw RequestFault.invalid(
                "\"\(model)\" is a chain", at: "$.model", remedy: "name one reranker, such as late or cross=MODEL")
        }
    }
}

/// The texts of a request with their scores, best first.
struct RerankAnswer: Sendable {
    struct Entry: Sendable {
        let index: Int
        let score: Float
    }

    let entries: [Entry]
    let notes: [String]

    /// - Throws: `RequestFault` or `TrawlError` where no text can be scored.
    init(_ request: RerankRequest, engine: Engine, _ models: ServedModels) throws {
        let settings = request.chain.settings(precision: models.precision)[0]
        let made: ModelScorer
        do { made = try engine.scorer(settings) } catch let error as TrawlError {
            throw RequestFault(error, at: "$.model")
        }
        let found = try made.scorer.judge(query: request.query, passages: request.texts.map { cleaned($0) })
        if let failure = found.failures.first, found.failures.count == request.texts.count {
            throw RequestFault(failure.error, at: "\(request.place)[\(failure.passage)]")
        }
        let scored = found.values.enumerated().compactMap { index, score in score.map { Entry(index: index, score: $0) }
        }
        entries = scored.sorted { ($1.score, $0.index) < ($0.score, $1.index) }
        var notes: [String] = []
        if found.cutCount > 0 { notes.append("\(found.cutCount) texts were not read to the end") }
        if found.isQueryCut { notes.append("the query was not read to the end") }
        if !found.failures.isEmpty { notes.append("\(found.failures.count) texts could not be scored") }
        self.notes = notes
    }
}
