import Testing
import TrawlCore
import TrawlCorpus
import TrawlEmbeddings
import TrawlTestSupport
import TrawlVectorIndex

@testable import TrawlEngine

/// Rocchio feedback of dense search.
@Suite struct QueryFeedbackTests {
    private static let texts = [
        "The moon pulls the oceans.", "Tides rise and fall twice a day.", "Plants turn light into sugar.",
        "Iron rusts where water and air meet.", "The sea covers most of the planet.", "A harbour shelters ships.",
    ]

    private static func build(in folder: TemporaryFolder) throws -> SearchIndex {
        let path = folder.path + "/index.trawl"
        try Engine().build(
            RecipeFile(IndexRecipe(build: ["dense"])), at: path,
            documents: DocumentList(texts.enumerated().map { try Document(id: "\($0.offset)", text: $0.element) }))
        return try Engine().open(path)
    }

    @Test func itIsTheQueryAndTheMeanOfThePassagesFoundFirst() throws {
        let folder = try TemporaryFolder()
        let engine = Engine()
        let index = try Self.build(in: folder)
        let query = "why does the sea rise"
        var settings = SearchSettings(mode: .dense)
        let plain = try engine.search(query, in: index, settings).hits
        (settings.dense.feedback, settings.dense.feedbackWeight) = (2, 0.5)
        let moved = try engine.search(query, in: index, settings).hits
        #expect(moved.map(\.score) != plain.map(\.score))

        let embedder = try engine.models.embedder(index.recipe.dense.model)
        let searcher = try index.open(VectorsPart())
        let vector = Array(try embedder.embed([query])[0])
        let first = try plain.prefix(2).map { hit in
            try searcher.vector(of: index.documents.passages(of: hit.document)[0])
        }
        var direct = zip(vector, zip(first[0], first[1])).map { $0 + 0.5 * ($1.0 + $1.1) / 2 }
        let length = direct.reduce(0) { $0 + $1 * $1 }.squareRoot()
        direct = direct.map { $0 / length }
        for hit in moved {
            let own = try searcher.vector(of: index.documents.passages(of: hit.document)[0])
            #expect(abs(zip(direct, own).reduce(0) { $0 + $1.0 * $1.1 } - hit.score) < 1e-6)
        }
    }

    @Test func noneIsTheSameToTheBit() throws {
        let folder = try TemporaryFolder()
        let index = try Self.build(in: folder)
        var settings = SearchSettings(mode: .dense)
        let plain = try Engine().search("tides", in: index, settings).hits
        for (feedback, weight) in [(0, Float(0.5)), (3, 0)] {
            (settings.dense.feedback, settings.dense.feedbackWeight) = (feedback, weight)
            let hits = try Engine().search("tides", in: index, settings).hits
            #expect(hits.map(\.document) == plain.map(\.document) && hits.map(\.score) == plain.map(\.score))
        }
        settings.dense.feedback = -1
        #expect(throws: TrawlError.self) { try Engine().session(index, settings) }
    }
}
