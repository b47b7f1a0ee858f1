import Foundation
import Testing
import TrawlCore
import TrawlCorpus
import TrawlSubstringIndex
import TrawlTokenizers

@testable import TrawlEngine

@Suite struct DocumentIdentifiersTests {
    private let folder: UpdateFolder
    private let recipe: IndexRecipe

    init() throws {
        folder = try UpdateFolder()
        var recipe = IndexRecipe.updates(["lexical", "generative"])
        recipe.generative.identifiers = GenerativeRecipe.defaultIdentifiers
        self.recipe = recipe
    }

    private func write(_ lines: String...) throws -> String {
        let file = "\(folder.path)/\(UUID().uuidString).jsonl"
        try lines.joined(separator: "\n").write(toFile: file, atomically: true, encoding: .utf8)
        return file
    }

    /// Two passages of the first document, one of each other; one of them brings its own queries.
    private func build() throws -> String {
        var recipe = recipe
        recipe.corpus.paths = [
            try write(
                #"{"_id": "tides", "title": "Moon", "text": "the moon pulls oceans which rise and fall twice a day and so every beach is wide and narrow"}"#,
                #"{"_id": "plants", "title": "", "text": "plants turn light into sugar", "pseudo_queries": ["how does a leaf eat", " "]}"#,
                #"{"_id": "walls", "title": "", "text": "a wall across the north", "pseudo_queries": "who built it"}"#)
        ]
        let path = "\(folder.path)/a.trawl"
        let queries = [
            DocumentID("tides"): ["is a beach narrow?", "why does the sea\nrise"],
            DocumentID("plants"): ["food of leaves", "how does a leaf eat"],
        ]
        try Engine().build(
            RecipeFile(recipe), at: path,
            documents: PseudoQueryDocuments(recipe.corpus.documents(), queries: queries, recipe: recipe))
        return path
    }

    private func documents(_ phrase: String, in path: String) throws -> [String] {
        let finder = try PhraseFinder(index: SearchIndex(path: path))
        var options = PhraseFinder.Options()
        options.passages = 10
        return try finder.find(PhraseQuery(phrase), named: phrase, options).passages.map(\.document).sorted()
    }

    private func texts(of path: String) throws -> [String] {
        let index = try SearchIndex(path: path)
        let (substrings, tokenizer) = (try index.substringIndex(), try index.tokenizer())
        var texts: [String] = []
        try index.documents.forEachPassageList { _, passages in
            for passage in passages {
                texts.append(tokenizer.decode(try substrings.tokens(of: passage).dropLast(), skipSpecialTokens: false))
            }
        }
        return texts
    }

    @Test func eachFollowsThePassageThatSharesMostWords() throws {
        let path = try build()
        let texts = try texts(of: path)
        #expect(texts.count == 4)
        #expect(texts[0].hasPrefix("moon @ @ the moon") && texts[0].hasSuffix(" | | why does the sea rise @ @"))
        #expect(texts[1].hasPrefix("moon @ @") && texts[1].hasSuffix(" | | is a beach narrow? @ @"))
        #expect(texts[2] == "plants turn light into sugar | | how does a leaf eat @ @ | | food of leaves @ @")
        #expect(texts[3] == "a wall across the north | | who built it @ @")
        #expect(try documents("the sea rise", in: path) == ["tides"])
        #expect(try documents("leaf eat", in: path) == ["plants"])
        for result in try Engine().check(path, sample: 100) {
            #expect(result.passed, "\(result)")
        }
    }

    /// A key that repeats is a list, in the tokens and in what is stored.
    @Test func repeatedFieldsAreAList() throws {
        var recipe = recipe
        recipe.corpus.paths = [
            try write(#"{"_id": "a", "text": "the moon", "pseudo_queries": "first", "pseudo_queries": "last one"}"#)
        ]
        let path = "\(folder.path)/r.trawl"
        _ = try IndexBuilder(RecipeFile(recipe), output: path, engine: Engine(), progress: .silent).run(
            recipe.corpus.documents())
        #expect(try texts(of: path) == ["the moon | | first @ @ | | last one @ @"])
        #expect(try Engine().check(path, sample: 100).allSatisfy(\.passed))
    }

    @Test(arguments: ["[1, 2]", #"{"q": "a"}"#])
    func whatIsNotAListOfTextsIsRefused(value: String) throws {
        var recipe = recipe
        recipe.corpus.paths = [
            try write(#"{"_id": "a", "text": "one"}"#, #"{"_id": "b", "text": "two", "pseudo_queries": \#(value)}"#)
        ]
        let error = #expect(throws: TrawlError.self) {
            try Engine().build(RecipeFile(recipe), at: "\(folder.path)/n.trawl")
        }
        #expect(error?.code == .invalidInput && error?.line == 2 && error?.path == recipe.corpus.paths[0])
        #expect(!FileManager.default.fileExists(atPath: "\(folder.path)/n.trawl"))
    }

    @Test func spansOfIdentifiersHaveNoRangeInTheText() throws {
        let index = try SearchIndex(path: try build())
        let tokens = PassageTokens(tokenizer: try index.tokenizer(), titleEnd: " @@")
        let text = "a wall across the north"
        let whole = tokens.tokens(title: "", text: text, identifiers: ["who built it"], boundary: 0)
        let words = tokens.tokens(title: "", text: text, boundary: 0).count - 1
        #expect(whole.count > words + 4)
        for span in [words..<words + 2, words - 1..<words + 1, whole.count - 2..<whole.count] {
            #expect(tokens.textRanges(of: [span], title: "", text: text).isEmpty)
        }
        #expect(tokens.textRanges(of: [words - 1..<words], title: "", text: text) == [18..<23])
    }

    @Test func otherMethodsAndTrainingReadTheTextAlone() throws {
        let index = try SearchIndex(path: try build())
        #expect(try Engine().search("leaf sea", in: index, SearchSettings(mode: .lexical)).hits.isEmpty)
        let tokenizer = try index.tokenizer()
        var texts: [String] = []
        try index.forEachTokenisedPassage(tokenizer) { texts.append(tokenizer.decode($1, skipSpecialTokens: false)) }
        #expect(texts.count == 4 && !texts.contains { $0.contains("|") })
        #expect(texts[3] == "a wall across the north")
    }

    @Test func changesOfTheIndexKeepThem() throws {
        let path = try build()
        let more = try write(
            #"{"_id": "walls", "title": "", "text": "a wall of stone", "pseudo_queries": ["what is it made of"]}"#,
            #"{"_id": "rain", "title": "", "text": "clouds let water fall"}"#)
        try Engine().add(
            PseudoQueryDocuments(
                recipe.corpus.documents(paths: [more]), queries: [DocumentID("rain"): ["why is it wet"]],
                recipe: recipe), to: path, replacing: true)
        _ = try IndexUpdater(path: path).delete([DocumentID("plants")])
        _ = try IndexUpdater(path: path).compact()
        #expect(try documents("the sea", in: path) == ["tides"])
        #expect(try documents("who built", in: path) == [])
        #expect(try documents("made of", in: path) == ["walls"])
        #expect(try documents("it wet", in: path) == ["rain"])
        for result in try Engine().check(path, sample: 100) {
            #expect(result.passed, "\(result)")
        }
    }

    @Test func anIndexThatKeepsNoneRefusesThem() throws {
        let path = try folder.build(
            "b.trawl", [TestDocument(id: "a", title: "", text: "the moon")], .updates(["lexical", "generative"]))
        let more = try write(#"{"_id": "b", "text": "more"}"#)
        let recipe = try SearchIndex(path: path).recipe
        let error = #expect(throws: TrawlError.self) {
            try PseudoQueryDocuments(
                recipe.corpus.documents(paths: [more]), queries: [DocumentID("b"): ["what else"]], recipe: recipe)
        }
        #expect(error?.topic == .pseudoQueries)
        #expect(try SearchIndex(path: path).documents.documentCount == 1)
    }
}
