import Testing
import TrawlCore
import TrawlCorpus
import TrawlEngine
import TrawlTestSupport

/// Scores passages by the number in them, and none that has none.
private struct ByNumber: RerankerKind {
    let name = "by-number"

    func makeReranker(_ settings: RerankSettings, models: ModelCache) throws -> any Reranker { Numbers() }

    private struct Numbers: Reranker {
        func rerank(_ ranking: Ranking, query: String, documents: any SearchedDocuments) throws -> Reranked {
            var scored: [ScoredPassage] = []
            var unscored: Set<PassageID> = []
            for entry in ranking {
                let text = try documents.passage(entry.passage).text
                if let number = text.split(separator: " ").lazy.compactMap({ Float($0) }).first {
                    scored.append(ScoredPassage(entry.passage, number))
                } else {
                    unscored.insert(entry.passage)
                }
            }
            return Reranked(Ranking(scored), unscored: unscored, notes: ["\(unscored.count) without a number"])
        }
    }
}

@Suite struct UnscoredPassagesTests {
    private let folder: TemporaryFolder
    private let engine = Engine(rerankers: .default.adding(ByNumber()))
    private let index: SearchIndex

    init() throws {
        folder = try TemporaryFolder()
        let path = folder.path + "/a.trawl"
        // By words alone the order is a, b, c, d, e.
        let texts = [
            ("a", "apple 1"), ("b", "apple x"), ("c", "apple 3 y y"), ("d", "apple x y y y"), ("e", "apple 2 y y y y"),
        ]
        let documents = DocumentList(try texts.map { try Document(id: $0, text: $1) })
        try engine.build(try RecipeFile(yaml: "{build: [lexical]}"), at: path, documents: documents)
        index = try engine.open(path)
    }

    private func search(_ stages: RerankSettings...) throws -> SearchResult {
        var settings = index.settings
        settings.rerankers = stages
        return try engine.search("apple", in: index, settings)
    }

    @Test(arguments: [Float(1), 0.9]) func theyKeepTheirOrderBelowTheOthersAndANoteSaysSo(_ weight: Float) throws {
        let found = try search(RerankSettings(reranker: "by-number", depth: 4, weight: weight))
        // Scored, not scored, not reranked.
        #expect(found.hits.map(\.document.rawValue) == ["c", "a", "b", "d", "e"])
        #expect(found.notes == ["2 without a number"])
        #expect(found.hits.map { $0.stages.last?.score != nil } == [true, true, false, false, false])
    }

    @Test func aNextStageSeesAllOfThem() throws {
        let found = try search(
            RerankSettings(reranker: "by-number", depth: 5), RerankSettings(reranker: "by-number", depth: 5))
        #expect(found.hits.map(\.document.rawValue) == ["c", "e", "a", "b", "d"])
        #expect(found.notes.count == 2)
    }
}
