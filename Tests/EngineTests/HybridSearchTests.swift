import Testing
import TrawlCore
import TrawlCorpus
import TrawlTestSupport

@testable import TrawlEngine

@Suite struct HybridSearchTests {
    /// Where documents have several passages, more passages are retrieved the more hits are asked for.
    @Test(arguments: FusionMethod.allCases.filter { $0 != .fitted })
    func hitsDoNotDependOnHowManyAreAskedFor(method: FusionMethod) throws {
        let folder = try TemporaryFolder()
        let engine = Engine()
        var random = SplitMix64(seed: 5)
        var recipe = IndexRecipe(build: ["lexical", "dense"])
        recipe.passages = PassageRecipe(size: .words(6))
        let documents = try (0..<60).map { number in
            let random = TestDocument.random("d\(number)", &random)
            return try Document(id: random.id, title: random.title, text: random.text)
        }
        let path = folder.path + "/index.trawl"
        try engine.build(RecipeFile(recipe), at: path, documents: DocumentList(documents))
        let index = try engine.open(path)
        #expect(index.documents.passageCount > 2 * index.documents.documentCount)
        var settings = SearchSettings(mode: .hybrid)
        settings.fusion.method = method
        settings.fusion.depth = 30
        settings.limit = 3
        let few = try engine.search("where does the wind move the deserts", in: index, settings).hits
        settings.limit = 50
        let many = try engine.search("where does the wind move the deserts", in: index, settings).hits
        #expect(few.count == 3 && many.count > 20)
        #expect(many.prefix(3).map(\.document) == few.map(\.document))
        #expect(many.prefix(3).map(\.score) == few.map(\.score))
    }
}
