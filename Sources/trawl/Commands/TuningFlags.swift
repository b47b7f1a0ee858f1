public import ArgumentParser
import TrawlCore
import TrawlCorpus
public import TrawlEmbeddings
public import TrawlEngine
public import TrawlTensors

/// How to search; shared by `query` and `eval`.
struct TuningFlags: ParsableArguments {
    @Flag(help: "Rerank the best hits with the language model (likelihood of the query given the passage).")
    var rerank = false
    @Option(help: "Rerank with this model: a cross-encoder or a language model.") var reranker: String?
    @Option(help: "How many hits to rerank.") var rerankDepth = 20

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

    @Option(help: "BM25 k1.") var k1: Float?
    @Option(help: "BM25 b.") var b: Float?
    @Option(help: "Fusion of hybrid search: min-max, rrf or z-score.") var fusion: FusionMethod?
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
        if queryPrompt != nil, instruction != nil || examples != nil {
            throw ValidationError("give either --query-prompt, or --instruction and --examples")
        }
        if rerankDepth < 1 { throw ValidationError("--rerank-depth must be at least 1") }
    }

    /// The index's own settings with the flags on top of them.
    func settings(of index: SearchIndex, mode: SearchMode?) throws -> SearchSettings {
        var settings = index.settings
        try generative.apply(to: &settings)
        if let mode { settings.mode = mode }
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
                RerankSettings(model: reranker, depth: rerankDepth, precision: settings.generative.precision)
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
