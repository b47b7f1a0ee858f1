import TrawlCore
import TrawlEngine

/// The body of `POST /v1/search`.
struct SearchRequest {
    /// How to search. Queries with equal options are searched together.
    struct Options: Hashable, Sendable {
        var mode: String?
        var limit = 10
        var filters: [String] = []
        var senses: [SenseReference] = []
        var weights: [String: Float]?
        var rerank = Reranking.ofIndex
        var passages = false
        var explain = false
        var highlight = false
    }

    /// The rerankers of a search.
    enum Reranking: Hashable, Sendable {
        /// Those of the index's settings, if it has any.
        case ofIndex
        case none
        /// A chain as text.
        case chain(String)
    }

    let index: ServedIndex
    let queries: [String]
    /// Whether `queries` was given, and not `query`.
    let isList: Bool
    var options: Options
    let isStream: Bool

    static let hitLimit = 1000
    static let queryLimit = 256

    /// - Throws: `RequestFault`.
    init(_ body: RequestObject, _ indexes: ServedIndexes, _ models: ServedModels, _ parts: IndexParts) throws {
        index = try indexes.named(body.string("index"), at: body.place("index"))
        isList = body.has("queries")
        if isList {
            guard !body.has("query") else {
                throw RequestFault.invalid(
                    "both query and queries are given", at: body.place("query"), remedy: "give one of them")
            }
            queries = try body.strings("queries", atMost: Self.queryLimit) ?? []
            guard !queries.isEmpty else {
                throw RequestFault.invalid("queries is empty", at: body.place("queries"), remedy: "give at least one")
            }
            for (number, query) in queries.enumerated() where query.allSatisfy(\.isWhitespace) {
                throw RequestFault.invalid(
                    "a query is blank", at: "\(body.place("queries"))[\(number)]", remedy: "give a text")
            }
        } else {
            queries = [try body.requiredText("query")]
        }
        var options = Options()
        options.mode = try body.choice("mode", parts.modes.map { ($0.rawValue, $0.rawValue) })
        options.limit = try body.integer("k", in: 1...Self.hitLimit) ?? options.limit
        options.filters = try body.strings("filter", atMost: 100) ?? []
        for (number, filter) in options.filters.enumerated() {
            do { _ = try DocumentCondition(filter) } catch {
                throw RequestFault(
                    error, at: body.place("filter") + (body.any("filter")?.array == nil ? "" : "[\(number)]"))
            }
        }
        options.senses = try (body.strings("senses", atMost: 100) ?? []).enumerated().map { number, text in
            guard let sense = SenseReference(text) else {
                throw RequestFault.invalid(
                    "\"\(text)\" is not a word with a sense",
                    at: body.place("senses") + (body.any("senses")?.array == nil ? "" : "[\(number)]"),
                    remedy: "give a word and the number of one of its senses, such as bank#2")
            }
            return sense
        }
        options.weights = try Self.weights(body, parts)
        options.rerank = try Self.rerank(body, models)
        options.passages = try body.boolean("passages") ?? false
        options.explain = try body.boolean("explain") ?? false
        options.highlight = try body.boolean("highlight") ?? false
        isStream = try body.boolean("stream") ?? false
        if isStream, isList {
            throw RequestFault.invalid(
                "a list of queries is not streamed", at: body.place("stream"), remedy: "give one query")
        }
        if let mode = options.mode, mode != SearchMode.hybrid.rawValue, options.weights != nil {
            throw RequestFault.invalid(
                "weights have no effect on a \(mode) search", at: body.place("weights"), remedy: "search in hybrid mode"
            )
        }
        try body.finish()
        self.options = options
    }

    private static func weights(_ body: RequestObject, _ parts: IndexParts) throws -> [String: Float]? {
        guard let given = try body.numbers("weights") else { return nil }
        var weights: [String: Float] = [:]
        for (name, value) in given {
            guard parts.named(name) != nil else {
                throw RequestFault.invalid(
                    "unknown method \"\(name)\"", at: "\(body.place("weights")).\(name)",
                    remedy:
                        "the methods are \(parts.modes.filter { $0 != .hybrid }.map(\.rawValue).joined(separator: ", "))"
                )
            }
            guard value >= 0, value <= 1e6 else {
                throw RequestFault.invalid(
                    "the weight of \(name) is \(value)", at: "\(body.place("weights")).\(name)",
                    remedy: "give a number from 0 up")
            }
            weights[name] = Float(value)
        }
        return weights
    }

    private static func rerank(_ body: RequestObject, _ models: ServedModels) throws -> Reranking {
        switch body.any("rerank") {
        case nil: return .ofIndex
        case .bool(false): return .none
        case .bool(true): return .chain(RerankChain.default.description)
        case .string(let chain): return .chain(try models.chain(chain, at: body.place("rerank")).description)
        default:
            throw RequestFault.invalid(
                "rerank is neither true nor false nor a chain", at: body.place("rerank"),
                remedy: "give true, false, or a chain such as late:50")
        }
    }
}

extension SearchRequest.Options {
    /// The settings of a search of `index`.
    func settings(of index: any Searchable, _ models: ServedModels) throws -> SearchSettings {
        var settings = index.settings
        if let mode { settings.mode = SearchMode(rawValue: mode) }
        settings.limit = limit
        settings.conditions += try filters.map { try DocumentCondition($0) }
        settings.senses = senses
        if let weights {
            settings.fusion.weights = weights
            if mode == nil { settings.mode = .hybrid }
        }
        switch rerank {
        case .ofIndex: break
        case .none: settings.rerankers = []
        case .chain(let chain): settings.rerankers = try RerankChain(chain).settings(precision: models.precision)
        }
        settings.collapsesDocuments = !passages
        settings.explains = explain || highlight
        return settings
    }

    /// What an error of a search with these options means to the sender of the request, with the field that it is about if
    /// the error tells.
    func fault(of error: TrawlError) -> RequestFault {
        let field: String? =
            switch error.topic {
            case .metadata where !filters.isEmpty: "filter"
            case .senses where !senses.isEmpty, .senseList where !senses.isEmpty: "senses"
            case .build where weights != nil, .fusionWeights where weights != nil: "weights"
            case .build where mode != nil: "mode"
            default: nil
            }
        return RequestFault(error, at: field.map { "$.\($0)" })
    }
}
