import TrawlCore
import TrawlEngine

/// The body of the routes below `/v1/ngrams`.
struct PhraseRequest: Sendable {
    let index: ServedIndex
    let phrase: String
    let query: PhraseQuery
    var options: PhraseFinder.Options

    /// - Parameter lists: Whether passages and next tokens are listed.
    /// - Throws: `RequestFault`.
    init(_ body: RequestObject, _ indexes: ServedIndexes, lists: Bool) throws {
        index = try indexes.named(body.string("index"), at: body.place("index"))
        phrase = try body.requiredText("phrase")
        do { query = try PhraseQuery(phrase) } catch let error as TrawlError {
            throw RequestFault(error, at: body.place("phrase"))
        }
        var options = PhraseFinder.Options()
        options.variants = PhraseVariants(
            anyCase: try body.boolean("any_case") ?? false, anySpace: try body.boolean("any_space") ?? false)
        options.within = try body.integer("within", in: 0...1_000_000)
        options.readLimit = try body.integer("cap", in: 1...1_000_000) ?? options.readLimit
        if lists {
            options.passages = try body.integer("k", in: 0...1000) ?? 10
            options.continuations = try body.integer("next", in: 0...1000) ?? 10
        }
        try body.finish()
        self.options = options
    }
}

/// The body of `POST /v1/ngrams/next`.
struct NextRequest: Sendable {
    let index: ServedIndex
    let context: String
    /// The text whose probability is asked for; nil: what follows.
    let text: String?
    let limit: Int

    init(_ body: RequestObject, _ indexes: ServedIndexes) throws {
        index = try indexes.named(body.string("index"), at: body.place("index"))
        context = try body.string("context") ?? ""
        text = try body.string("text")
        limit = try body.integer("k", in: 1...1000) ?? 10
        if text?.isEmpty == true {
            throw RequestFault.invalid("text is empty", at: body.place("text"), remedy: "give a text, or leave it out")
        }
        try body.finish()
    }
}

/// The body of `POST /v1/generate-ngrams`.
struct GenerateRequest: Sendable {
    let index: ServedIndex
    let query: String
    let limit: Int
    let documents: Int

    init(_ body: RequestObject, _ indexes: ServedIndexes) throws {
        index = try indexes.named(body.string("index"), at: body.place("index"))
        query = try body.requiredText("query")
        limit = try body.integer("k", in: 1...1000) ?? 25
        documents = try body.integer("documents", in: 0...100) ?? 3
        try body.finish()
    }
}
