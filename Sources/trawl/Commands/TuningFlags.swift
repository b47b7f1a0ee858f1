public import ArgumentParser
import TrawlCore
import TrawlCorpus
public import TrawlEmbeddings
public import TrawlEngine
public import TrawlLexicalIndex
public import TrawlTensors

/// How to search; shared by `query` and `eval`.
struct TuningFlags: ParsableArguments {
    @Flag(help: "Rerank the best hits with the language model (likelihood of the query given the passage).")
    var rerank = false
    @Option(help: "Rerank with this model: a cross-encoder or a language model.") var reranker: String?
    @Option(help: "How many hits to rerank.") var rerankDepth = 20
    @Option(help: "The weight of the reranker's scores, 0 to 1; below 1 they are added to those of the search.")
    var rerankWeight: Float = 1

    @OptionGroup var generative: GenerativeFlags

    @Option(help: "The task that the embedding model is told with each query, if it is made for instructions.")
    var instruction: String?
    @Option(help: "Examples of queries and passages that the embedding model is shown: JSON lines or TSV.")
    var examples: String?
    @Option(help: "Text before each query when it is embedded, in place of what the model's files say.")
    var queryPrompt: String?
    @Flag(help: "Compare the query with every vector, whatever structure the index has.") var exact = false
    @Option(
        name: [.customLong("ef-search"), .customLong("walk-width")],
        help: "Search width in a graph of vectors (efSearch): higher is more accurate and slower.")
    var efSearch: Int?

    @Option(
        help: ArgumentHelp(
            "How lexical search reads queries: plain, full or auto (default for typed queries).",
            discussion: """
                full: "words" next to each other, title:word, text:word, wor* (beginning), word~1 and word~2 (edits), \
                -word (excluded), +word (required), AND, OR, NOT, parentheses; \\ before a character makes it text. Words \
                are optional, phrases and fields required. plain: no operators. auto: operators where a query has one that \
                is not written by chance, else plain. Queries of files and of standard input, and evaluation, are plain \
                unless this says otherwise. In hybrid search, the other methods get the words, and what is required or \
                excluded holds for their hits too.
                """))
    var syntax: QuerySyntax?
    @Option(help: "BM25 k1.") var k1: Float?
    @Option(help: "BM25 b.") var b: Float?
    @Option(help: "Fusion of hybrid search: bounded, min-max, rrf or z-score (default: bounded).") var fusion:
        FusionMethod?
    @Option(
        help: "Weights of hybrid search, such as dense=1,lexical=0.5,generative=1.",
        transform: { text in
            if let weights = FusionSettings.weights(text) { return weights }
            throw ValidationError("'\(text)' is not of the form dense=1,lexical=0.5")
        })
    var weights: [String: Float]?
    @OptionGroup var filter: FilterOptions

    func validate() throws {
        if let efSearch, efSearch < 1 { throw ValidationError("--ef-search must be at least 1") }
        if rerankDepth < 1 { throw ValidationError("--rerank-depth must be at least 1") }
    }

    /// The index's own settings with the flags on top of them.
    ///
    /// - Parameter isTyped: Whether somebody types the queries, rather than a file that holds them as plain words.
    func settings(of index: SearchIndex, mode: SearchMode?, isTyped: Bool = false) throws -> SearchSettings {
        var settings = index.settings
        try generative.apply(to: &settings)
        if let mode { settings.mode = mode }
        if let syntax { settings.lexical.syntax = syntax } else if !isTyped { settings.lexical.syntax = .plain }
        if let k1 { settings.lexical.k1 = k1 }
        if let b { settings.lexical.b = b }
        if let fusion { settings.fusion.method = fusion }
        if let weights { settings.fusion.weights = weights }
        if let queryPrompt {
            (settings.dense.queryPrompt, settings.dense.instruction, settings.dense.examples) = (queryPrompt, nil, [])
        }
        if let instruction { settings.dense.instruction = instruction }
        if let examples { settings.dense.examples = try InstructionExample.read(examples) }
        if instruction != nil || examples != nil { settings.dense.queryPrompt = nil }
        settings.conditions += filter.conditions
        if exact { settings.dense.isExact = true }
        if let efSearch { settings.dense.searchWidth = efSearch }
        if rerank || reranker != nil {
            settings.rerankers = [
                RerankSettings(
                    model: reranker, depth: rerankDepth, weight: rerankWeight, precision: settings.generative.precision)
            ]
        }
        return settings
    }
}

extension Precision: ExpressibleByArgument {}
extension SearchMode: ExpressibleByArgument {
    public init?(argument: String) {
        self.init(rawValue: argument)
        guard Self.allModes.contains(self) else { return nil }
    }

    public static var allValueStrings: [String] { allModes.map(\.rawValue) }

    static let allModes = IndexParts.default.modes
}
extension QuerySyntax: ExpressibleByArgument {}
extension FusionMethod: ExpressibleByArgument {}
extension VectorRecipe.Structure: ExpressibleByArgument {}
extension VectorRecipe.Format: ExpressibleByArgument {}

extension InstructionExample {
    /// The examples in a file.
    static func read(_ path: String) throws -> [InstructionExample] {
        try ExampleReader().read(path).map { InstructionExample(query: $0.query, passage: $0.passage) }
    }
}

extension TextRole: ExpressibleByArgument {}
