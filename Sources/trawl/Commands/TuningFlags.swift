public import ArgumentParser
import TrawlCore
import TrawlCorpus
public import TrawlEmbeddings
public import TrawlEngine
public import TrawlLexicalIndex
public import TrawlTensors

/// How to search; shared by `query` and `eval`.
struct TuningFlags: ParsableArguments {
    @Option(
        name: .customLong("settings"),
        help: ArgumentHelp(
            "A YAML file of settings in place of the index's, as 'trawl eval tune' writes it.", valueName: "file"))
    var settingsFile: String?
    @OptionGroup(title: "Retrieval") var filter: FilterOptions
    @OptionGroup(title: "Lexical retrieval") var lexical: LexicalFlags
    @OptionGroup(title: "Dense retrieval") var dense: DenseFlags
    @OptionGroup(title: "Generative retrieval") var generative: GenerativeFlags
    @OptionGroup(title: "Late interaction") var late: LateFlags
    @OptionGroup(title: "Hybrid retrieval") var hybrid: FusionFlags
    @OptionGroup(title: "Reranking") var reranking: RerankFlags

    /// The file of `--examples`.
    var examples: String? { dense.examples }

    /// The index's own settings with the flags on top of them.
    ///
    /// - Parameter isTyped: Whether somebody types the queries, rather than a file that holds them as plain words.
    func settings(of index: any Searchable, mode: SearchMode?, isTyped: Bool = false) throws -> SearchSettings {
        var settings = try settingsFile.map { try index.settings.applying(contentsOf: $0) } ?? index.settings
        try generative.apply(to: &settings)
        if let mode { settings.mode = mode }
        lexical.apply(to: &settings, isTyped: isTyped)
        try dense.apply(to: &settings)
        late.apply(to: &settings)
        hybrid.apply(to: &settings)
        settings.conditions += filter.conditions
        reranking.apply(to: &settings)
        return settings
    }
}

/// How words are searched.
struct LexicalFlags: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "How queries are read. (default: the index's for typed queries, plain for others and for evaluation)",
            discussion: """
                full: "words" next to each other, title:word, text:word, wor* (prefix), word~1 and word~2 (edits), \
                -word (excluded), +word (required), AND, OR, NOT, parentheses; \\ before a character makes it text. Words \
                are optional, phrases and fields are required. plain: no operators. auto: as full if the query has an \
                operator that is rarely written by chance, else as plain. In hybrid search, the other methods get the \
                words, and their hits too must have what is required and not have what is excluded.
                """))
    var syntax: QuerySyntax?
    @Option(help: ArgumentHelp("k1 of BM25. (default: the index's)", valueName: "n")) var k1: Float?
    @Option(help: ArgumentHelp("b of BM25. (default: the index's)", valueName: "n")) var b: Float?

    func apply(to settings: inout SearchSettings, isTyped: Bool) {
        if let syntax { settings.lexical.syntax = syntax } else if !isTyped { settings.lexical.syntax = .plain }
        if let k1 { settings.lexical.k1 = k1 }
        if let b { settings.lexical.b = b }
    }
}

/// How queries are embedded, and vectors searched.
struct DenseFlags: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The task, for embedding models that were trained with instructions. (default: the index's)",
            valueName: "text"))
    var instruction: String?
    @Option(
        help: ArgumentHelp(
            "Examples of queries and passages for the embedding model's prompt: JSON lines or TSV. "
                + "(default: the index's)", valueName: "file"))
    var examples: String?
    @Option(
        help: ArgumentHelp(
            "Text before each query when it is embedded. (default: the index's, or the model's)", valueName: "text"))
    var queryPrompt: String?
    @Flag(
        help: "Compare the query with every vector, or every passage's token vectors, whatever structure the index has."
    )
    var exact = false
    @Option(
        name: [.customLong("ef-search"), .customLong("walk-width")],
        help: ArgumentHelp(
            "Search width in a graph of vectors (efSearch): higher is more accurate and slower. "
                + "(default: the index's, or by the number of hits)", valueName: "n"))
    var efSearch: Int?

    @Option(
        help: ArgumentHelp(
            "Search twice: move the query's vector towards those of the first passages found (Rocchio). "
                + "0 for none. (default: the index's)", valueName: "n"))
    var feedback: Int?
    @Option(
        help: ArgumentHelp(
            "What these passages count beside the query. (default: the index's)", valueName: "weight"))
    var feedbackWeight: Float?
    @Flag(help: "Leave the vectors of queries as the model makes them, whatever adapter was fitted to the index.")
    var noAdapter = false

    func validate() throws {
        if let efSearch, efSearch < 1 { throw ValidationError("--ef-search must be at least 1") }
        if let feedback, feedback < 0 { throw ValidationError("--feedback must be at least 0") }
        if let feedbackWeight, !(feedbackWeight >= 0 && feedbackWeight.isFinite) {
            throw ValidationError("--feedback-weight must be at least 0")
        }
    }

    func apply(to settings: inout SearchSettings) throws {
        if let queryPrompt {
            (settings.dense.queryPrompt, settings.dense.instruction, settings.dense.examples) = (queryPrompt, nil, [])
        }
        if let instruction { settings.dense.instruction = instruction }
        if let examples { settings.dense.examples = try InstructionExample.read(examples) }
        if instruction != nil || examples != nil { settings.dense.queryPrompt = nil }
        if exact { (settings.dense.isExact, settings.late.isExact) = (true, true) }
        if let efSearch { settings.dense.searchWidth = efSearch }
        if noAdapter { settings.dense.usesAdapter = false }
        if let feedback { settings.dense.feedback = feedback }
        if let feedbackWeight { settings.dense.feedbackWeight = feedbackWeight }
    }
}

/// How candidates of late interaction are found.
struct LateFlags: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The nearest centroids of each query token whose passages are candidates. (default: the index's)",
            valueName: "n"))
    var probes: Int?
    @Option(
        help: ArgumentHelp(
            "How many candidates are scored by all their tokens. (default: the index's)", valueName: "n"))
    var candidates: Int?

    func validate() throws {
        if let probes, probes < 1 { throw ValidationError("--probes must be at least 1") }
        if let candidates, candidates < 1 { throw ValidationError("--candidates must be at least 1") }
    }

    func apply(to settings: inout SearchSettings) {
        if let probes { settings.late.probes = probes }
        if let candidates { settings.late.candidates = candidates }
    }
}

/// How rankings are fused.
struct FusionFlags: ParsableArguments {
    @Option(help: ArgumentHelp("How rankings are fused. (default: the index's)", valueName: "method"))
    var fusion: FusionMethod?
    @Option(
        help: ArgumentHelp(
            "The weights of the methods, such as dense=1,lexical=0.5,generative=1. (default: the index's)",
            valueName: "weights"),
        transform: { text in
            if let weights = FusionSettings.weights(text) { return weights }
            throw ValidationError("'\(text)' is not of the form dense=1,lexical=0.5, each method once")
        })
    var weights: [String: Float]?

    @Option(
        help: ArgumentHelp(
            "How many blocks of a fitted fusion count, from the first; 0 for the weighted sum. (default: all)",
            valueName: "n"))
    var blocks: Int?

    func validate() throws {
        if let blocks, blocks < 0 { throw ValidationError("--blocks must be at least 0") }
    }

    func apply(to settings: inout SearchSettings) {
        if let fusion { settings.fusion.method = fusion }
        if let blocks { settings.fusion.blocks = blocks }
        if let weights { settings.fusion.weights = weights }
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
extension VectorRecipe.Codes: ExpressibleByArgument {}
extension VectorRecipe.Format: ExpressibleByArgument {}

extension InstructionExample {
    /// The examples in a file.
    static func read(_ path: String) throws -> [InstructionExample] {
        try ExampleReader().read(path).map { InstructionExample(query: $0.query, passage: $0.passage) }
    }
}

extension TextRole: ExpressibleByArgument {}
