import Testing
import Trawl

/// The program in the umbrella's documentation, with reranking and evaluation: what a user of the library writes.
@Suite struct LibraryProgramTests {
    @Test func aProgramIndexesItsOwnObjectsAndSearches() throws {
        let engine = Engine()
        let folder = try TemporaryIndexFolder()
        let documents = [
            try Document(
                id: "tides", title: "Tides", text: "The moon pulls the oceans, which rise and fall twice a day.",
                metadata: ["year": "1999"]),
            try Document(id: "plants", text: "Plants turn light, water and carbon dioxide into sugar."),
        ]
        try engine.build(RecipeFile(IndexRecipe()), at: folder.path, documents: DocumentList(documents))
        try engine.add(
            DocumentList([try Document(id: "iron", text: "Iron rusts where water and air meet.")]), to: folder.path)
        let index = try engine.open(folder.path)
        #expect(index.documents.documentCount == 3)

        for mode in index.modes {
            var settings = index.settings
            settings.mode = mode
            settings.explains = true
            let result = try engine.search("why does the sea rise and fall", in: index, settings)
            #expect(result.hits.first?.document.rawValue == "tides", "\(mode)")
        }

        var settings = index.settings
        settings.rerankers = [RerankSettings(reranker: "likelihood", depth: 2)]
        let reranked = try engine.search("what does water do to metal", in: index, settings)
        #expect(reranked.hits.first?.stages.map(\.stage) == ["lexical", "dense", "generative", "fusion", "rerank"])

        let vectors = try engine.models.embedder("all-MiniLM-L6-v2").embed(["a text", "another"])
        #expect(vectors.count == 2 && vectors.dimension == 384)

        var qrels = Qrels()
        try qrels.judge(query: "q", DocumentID("tides"), grade: 1)
        let evaluation = try IndexEvaluation(
            engine, index, queries: [Query(id: "q", text: "the moon and the sea")], qrels: qrels,
            measures: [Measure("nDCG@10")])
        #expect(try evaluation.evaluate(index.settings).report.means == [1])

        try engine.delete([DocumentID("tides")], from: folder.path)
        #expect(try index.refreshed().documents.documentCount == 2)
        #expect(index.documents.documentCount == 3)
        #expect(try engine.check(folder.path).allSatisfy(\.passed))
    }

    @Test func blankDocumentsAndUnfitIDsAreRefused() {
        #expect(throws: TrawlError.self) { try Document(id: "a", text: " ") }
        #expect(throws: TrawlError.self) { try Document(id: "", text: "a") }
        #expect(throws: TrawlError.self) { try Document(id: "a\u{1}", text: "a") }
        #expect(throws: TrawlError.self) { try Document(id: String(repeating: "a", count: 481), text: "a") }
    }
}
