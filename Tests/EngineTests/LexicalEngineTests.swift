import Testing
import TrawlCore
import TrawlCorpus
import TrawlLexicalIndex
import TrawlStore
import TrawlTestSupport

@testable import TrawlEngine

/// Languages and query syntax through the engine.
@Suite struct LexicalEngineTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func build(
        _ texts: [(title: String, text: String)], _ recipe: IndexRecipe = IndexRecipe(build: ["lexical"]),
        parts: IndexParts = .default
    ) throws -> SearchIndex {
        let engine = Engine(parts: parts)
        let documents = try texts.enumerated().map { number, text in
            try Document(id: "\(number)", title: text.title, text: text.text)
        }
        let path = folder.path + "/a.trawl"
        try engine.build(RecipeFile(recipe), at: path, documents: DocumentList(documents))
        return try engine.open(path)
    }

    private static let german = [
        ("Gezeiten", "Die Gezeiten werden durch die Anziehung des Mondes auf das Wasser der Meere verursacht."),
        ("Häuser", "In den Häusern der Stadt wohnen die Menschen, und auf dem Land stehen auch viele Höfe."),
    ]

    @Test func theLanguageIsFoundOutAndKept() throws {
        let index = try build(Self.german)
        #expect(index.recipe.lexical.analysis == AnalyzerSettings(try #require(TextLanguage("german"))))
        #expect(try index.partSummaries().contains { $0.summary == "language: german, folded" })
        for query in ["Haus", "Häuser", "HAUSERN"] {
            #expect(try Engine().search(query, in: index).hits.map(\.document.rawValue) == ["1"], "\(query)")
        }
        // What is added later is analysed as the index was made.
        let added = try Document(id: "e", text: "The houses of the city and the farms of the land are old and grey.")
        try Engine().add(DocumentList([added]), to: index.path)
        let grown = try index.refreshed()
        #expect(grown.recipe.lexical == index.recipe.lexical)
        #expect(try Engine().check(grown.path).filter { !$0.passed }.isEmpty)
    }

    @Test func aNamedLanguageIsTaken() throws {
        var recipe = IndexRecipe(build: ["lexical"])
        try recipe.lexical.set(language: "none")
        let index = try build(Self.german, recipe)
        #expect(index.recipe.lexical.analysis.stemmer == nil)
        #expect(try Engine().search("Haus", in: index).hits.isEmpty)
    }

    @Test func documentsInSeveralLanguagesAreNotStemmed() throws {
        let index = try build(
            Self.german + [
                ("Tides", "The tides are caused by the pull of the moon on the water of the oceans."),
                ("Houses", "In the houses of the city there are people, and on the land there are farms."),
            ])
        #expect(index.recipe.lexical.analysis == AnalyzerSettings(.none))
    }

    /// An index that was built before there was folding answers as it did, and still does when it grows.
    @Test func anOlderIndexKeepsItsAnalysis() throws {
        var recipe = IndexRecipe(build: ["lexical"])
        recipe.lexical.analysis = AnalyzerSettings(
            language: "en", stemmer: "porter", removesStopWords: true, folds: false, version: 1)
        let index = try build([("", "A café in town"), ("", "A cafe at sea 🎉")], recipe)
        try Engine().add(DocumentList([try Document(id: "new", text: "Cafés everywhere")]), to: index.path)
        let grown = try index.refreshed()
        #expect(try Engine().search("café", in: grown).hits.map(\.document.rawValue).sorted() == ["0", "new"])
        #expect(try Engine().search("🎉", in: grown).hits.isEmpty)
        #expect(try Engine().check(grown.path).filter { !$0.passed }.isEmpty)
    }

    // MARK: - Changes from elsewhere

    /// What a search that follows an index holds open is not what is at its path any more.
    @Test func anIndexThatIsBuiltAgainIsFollowed() throws {
        let old = try build([("", "moon")])
        try SearchIndex.remove(path: old.path)
        #expect(errorText { _ = try old.refreshed() }.contains("no such index"))
        #expect(try Engine().search("moon", in: old).hits.count == 1)
        _ = try build([("", "tide"), ("", "sand")])
        let followed = try old.refreshed()
        #expect(followed.summary.documents == 2)
        #expect(try followed.refreshed() === followed)
    }

    /// Tuning may end while documents wait for the lock or for their models.
    @Test func settingsThatAreSavedBeforeAnAdditionBeginsAreKept() throws {
        let index = try build([("", "moon")])
        let builder = try IndexBuilder(
            addingTo: index.path, replacing: false, engine: Engine(), progress: .silent)
        var settings = index.settings
        settings.limit = 37
        try Engine().setDefaults(settings, of: index.path)
        try builder.run(DocumentList([try Document(id: "new", text: "tide")]))
        let grown = try index.refreshed()
        #expect(grown.settings.limit == 37 && grown.summary.documents == 2)
    }

    // MARK: - Query syntax

    private static let moon = [
        ("Apollo", "The first moon landing was made by Apollo 11, long ago, and it was watched by many."),
        ("Gemini", "A program of flights before the landing on the Moon."),
        ("Mice", "Mice and men."),
    ]

    @Test func operatorsApplyToTypedQueriesUnlessTurnedOff() throws {
        let index = try build(Self.moon)
        func found(_ query: String, _ syntax: QuerySyntax? = nil) throws -> [String] {
            var settings = index.settings
            if let syntax { settings.lexical.syntax = syntax }
            return try Engine().search(query, in: index, settings).hits.map(\.document.rawValue).sorted()
        }
        #expect(try found("\"moon landing\"") == ["0"] && found("\"moon landing\"", .plain) == ["0", "1"])
        #expect(try found("title:gemini OR mice") == ["1", "2"])
        #expect(try found("NOT mice AND moon", .full) == ["0", "1"])
        #expect(throws: TrawlError.self) { try found("(moon", .full) }
        #expect(try found("(moon") == ["0", "1"])
    }

    @Test func wordsThatOccurNowhereGiveASuggestion() throws {
        let index = try build(Self.moon)
        #expect(try Engine().search("apolo landing", in: index).suggestion == "apollo landing")
        #expect(try Engine().search("\"moon landng\" -mies", in: index).suggestion == "\"moon landing\" -mies")
        #expect(try Engine().search("moon landing", in: index).suggestion == nil)
        #expect(try Engine().search("apolo*", in: index).suggestion == nil)
    }

    @Test func explanationsNameWhatMatched() throws {
        let index = try build(Self.moon)
        var settings = index.settings
        settings.explains = true
        let hit = try #require(try Engine().search("\"moon landing\" flig*", in: index, settings).hits.first)
        #expect(hit.matches.map(\.text) == ["\"moon landing\""])
        #expect(hit.matches[0].ranges.map { hit.text.substring(utf8: $0) } == ["moon", "landing"])
    }

    /// Words for methods that know no operators, and what the query requires and excludes for their hits.
    @Test func otherMethodsOfAHybridSearchReadWords() throws {
        let parts = IndexParts.default.adding(PassageLengths()).adding(QueryEcho())
        var recipe = IndexRecipe(build: ["lexical", "longest", "echo"])
        try recipe.lexical.set(language: "english")
        let index = try build(Self.moon, recipe, parts: parts)
        var settings = index.settings
        settings.mode = .hybrid
        settings.fusion.weights = ["lexical": 1, "longest": 1, "echo": 1]
        func search(_ query: String) throws -> (hits: [String], heard: String) {
            let result = try Engine(parts: parts).search(query, in: index, settings)
            return (result.hits.map(\.document.rawValue).sorted(), result.notes.joined())
        }
        #expect(try search("landing") == (["0", "1", "2"], "landing"))
        #expect(try search("landing -apollo") == (["1", "2"], "landing"))
        #expect(try search("\"moon landing\" flig*") == (["0"], "moon landing flig"))
    }
}

/// A retrieval method that finds nothing and notes the query that it was asked.
private struct QueryEcho: IndexPart {
    let name = "echo"
    let buildName: String? = "echo"
    let storage: ClosedRange<UInt16> = 110...110

    func makeBuilder(_ recipe: IndexRecipe, _ context: BuildContext) throws -> any PartBuilder { Nothing() }
    func merge(
        _ slices: [MergeSlice], _ recipe: IndexRecipe, into writer: SegmentWriter, progress: any ProgressReporter
    ) throws {}
    func open(_ index: SearchIndex) throws -> Bool { true }
    func check(_ index: SearchIndex, _ context: CheckContext) throws -> String? { nil }
    func makeRetriever(_ context: RetrieverContext) throws -> (any Retriever)? { Echo() }

    private struct Nothing: PartBuilder {
        func write(_ draft: SegmentDraft, into writer: SegmentWriter, progress: any ProgressReporter) throws {}
    }

    private struct Echo: Retriever {
        let name = "echo"
        func search(_ queries: [String], limit: Int) throws -> [Retrieved] {
            queries.map { Retrieved(ranking: Ranking([]), notes: [$0]) }
        }
    }
}
