import Foundation
import Testing
import TrawlCore
import TrawlCorpus
import TrawlEngine
import TrawlTestSupport

/// The proof of the design: a part and a reranker that the engine has never heard of take part in everything.
@Suite struct ToyComponentsTests {
    private let folder: TemporaryFolder
    private let engine = Engine(
        parts: .default.adding(PassageLengths()), rerankers: .default.adding(ByName()))

    init() throws { folder = try TemporaryFolder() }

    private func documents(_ lengths: [(String, Int)]) throws -> DocumentList {
        DocumentList(
            try lengths.map { id, length in
                try Document(
                    id: id, text: String(repeating: "w", count: length), metadata: ["odd": "\(length % 2)"])
            })
    }

    private func build() throws -> String {
        let path = folder.path + "/a.trawl"
        let file = try RecipeFile(
            yaml: "{build: [lexical, longest], lengths: {unit: 2, shortestFirst: false}}", parts: engine.parts)
        try engine.build(file, at: path, documents: documents([("b", 10), ("c", 40), ("a", 20), ("d", 31)]))
        return path
    }

    private func found(_ path: String, _ change: (inout SearchSettings) throws -> Void = { _ in }) throws -> [String] {
        let index = try engine.open(path)
        var settings = index.settings
        settings.mode = SearchMode(rawValue: "longest")
        try change(&settings)
        return try engine.search("anything", in: index, settings).hits.map(\.document.rawValue)
    }

    @Test func aNewPartTakesPartInEverything() throws {
        let path = try build()
        #expect(try found(path) == ["c", "d", "a", "b"])
        #expect(try found(path) { $0.sections[LengthSettings.self].shortestFirst = true } == ["b", "a", "d", "c"])
        #expect(try found(path) { $0.conditions = [try DocumentCondition("odd=1")] } == ["d"])
        // It is fused with the others where it has a weight.
        #expect(
            try found(path) { ($0.mode, $0.fusion.weights) = (.hybrid, ["lexical": 1, "longest": 1]) }.first == "c")

        try engine.add(documents([("e", 50), ("f", 2)]), to: path)
        try engine.add(documents([("a", 60)]), to: path, replacing: true)
        try engine.delete([DocumentID("c")], from: path)
        #expect(try found(path) == ["a", "e", "d", "b", "f"])
        let checks = try engine.check(path)
        #expect(checks.filter { !$0.passed }.isEmpty, "\(checks)")
        #expect(checks.contains { $0.name == "lengths" && $0.detail == "5 lengths" })

        #expect(try engine.compact(path).index.segments == 1)
        #expect(try found(path) == ["a", "e", "d", "b", "f"])
        #expect(try engine.check(path).allSatisfy(\.passed))
        let index = try engine.open(path)
        #expect(try index.sizes().contains { $0.name == "lengths" && $0.bytes == 20 })
        #expect(try index.partSummaries().contains { $0.summary == "5 lengths" })
        #expect(index.summary.components == ["lexical", "longest"])
        let yaml = try RecipeFile(index.recipe, settings: index.settings).yaml(parts: engine.parts)
        #expect(yaml.contains("unit: 2"))
    }

    @Test func matchesAreComputedOnlyWhenTheyAreAskedFor() throws {
        let index = try engine.open(build())
        var settings = SearchSettings(mode: SearchMode(rawValue: "longest"))
        #expect(try engine.search("w", in: index, settings).hits.allSatisfy(\.matches.isEmpty))
        settings.explains = true
        #expect(try engine.search("w", in: index, settings).hits.first?.matches.first?.contribution == 40)
    }

    @Test func whatThePartDependsOnIsCompared() throws {
        let path = try build()
        let other = try RecipeFile(yaml: "{build: [longest], lengths: {unit: 3}}", parts: engine.parts)
        let built = try engine.open(path).recipe
        #expect(other.recipe.sections != built.sections)
        #expect {
            try RecipeFile(yaml: "lengths: {unti: 3}", parts: engine.parts)
        } throws: {
            "\($0)".contains("lengths.unti") && "\($0)".contains("unit, shortestFirst")
        }
    }

    @Test func anEngineWithoutThePartRefusesTheIndex() throws {
        let path = try build()
        let error = #expect(throws: TrawlError.self) { try Engine().open(path) }
        #expect(error?.code == .incompatible && "\(String(describing: error?.cause))".contains("longest"))
    }

    @Test func aNewRerankerRunsInAChain() throws {
        let path = try build()
        #expect(
            try found(path) { $0.rerankers = [RerankSettings(reranker: "by-name", depth: 3)] } == ["a", "c", "d", "b"])
        let index = try engine.open(path)
        var settings = SearchSettings(mode: SearchMode(rawValue: "longest"))
        settings.limit = 1
        settings.rerankers = [
            RerankSettings(reranker: "by-name", depth: 4), RerankSettings(reranker: "by-name", depth: 2),
        ]
        let hit = try #require(try engine.search("x", in: index, settings).hits.first)
        #expect(hit.document.rawValue == "a" && hit.stages.map(\.stage) == ["longest", "rerank", "rerank 2"])
        settings.rerankers = [RerankSettings(reranker: "by-age")]
        #expect {
            try engine.session(index, settings)
        } throws: {
            "\($0)".contains("by-age") && "\($0)".contains("cross, ") && "\($0)".contains(", by-name")
        }
    }

    /// A reranker sees each document once, whatever passages of it were found.
    @Test func rerankingHappensAfterCollapsing() throws {
        let path = folder.path + "/c.trawl"
        var recipe = IndexRecipe(passages: PassageRecipe(size: .words(2)), build: ["longest"])
        recipe.corpus.paths = []
        let list = DocumentList([
            try Document(id: "z", text: "aaaa aaaa aaa aaa aa aa"), try Document(id: "y", text: "b b"),
        ])
        try engine.build(RecipeFile(recipe), at: path, documents: list)
        #expect(try found(path) { $0.rerankers = [RerankSettings(reranker: "by-name", depth: 2)] } == ["y", "z"])
    }
}
