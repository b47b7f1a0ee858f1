import Testing
import TrawlCore
import TrawlCorpus
import TrawlEmbeddings
import TrawlTestSupport
import TrawlVectorIndex

@testable import TrawlEngine

/// What a fitted query adapter does to dense search, and how an index keeps it.
@Suite struct QueryAdapterTests {
    private static let texts = [
        "The moon pulls the oceans.", "Tides rise and fall twice a day.", "Plants turn light into sugar.",
        "Iron rusts where water and air meet.", "The sea covers most of the planet.", "A harbour shelters ships.",
    ]
    private static let query = "why does the sea rise"

    private let folder: TemporaryFolder
    private let engine = Engine()
    private var path: String { folder.path("index.trawl") }

    init() throws {
        folder = try TemporaryFolder()
        try build()
    }

    private func build() throws {
        try engine.build(
            RecipeFile(IndexRecipe(build: ["dense"])), at: path,
            documents: DocumentList(
                Self.texts.enumerated().map {
                    try Document(id: "\($0.offset)", text: $0.element, metadata: ["number": "\($0.offset)"])
                }))
    }

    private func hits(_ change: (inout SearchSettings) -> Void = { _ in }) throws -> [SearchHit] {
        let index = try engine.open(path)
        var settings = index.settings
        settings.mode = .dense
        change(&settings)
        return try engine.search(Self.query, in: index, settings).hits
    }

    private func vector(of text: String) throws -> (vector: [Float], embedder: String) {
        let index = try engine.open(path)
        let (vectors, embedder) = try engine.queryVectors([text], of: index, index.settings)
        return (vectors[0], embedder)
    }

    /// One that remembers that a query like the asked one was answered by a document.
    private func memory(
        of document: String, text: String = "why do seas rise", weight: Float = 2, threshold: Float = 0.5
    ) throws -> QueryAdapter {
        let (vector, embedder) = try vector(of: text)
        var adapter = QueryAdapter(dimension: vector.count, queries: 1, embedder: embedder)
        adapter.memory = QueryMemory(
            [.init(text: text, documents: [DocumentID(document), DocumentID("unknown")], shares: [0.5, 1])],
            vectors: vector,
            dimension: vector.count, weight: weight, threshold: threshold)
        return adapter
    }

    /// One that moves the asked query by the direction of a passage.
    private func map(towards text: String) throws -> QueryAdapter {
        let (query, embedder) = try vector(of: Self.query)
        let (target, _) = try vector(of: text)
        return QueryAdapter(
            down: query, up: target, bias: target.map { $0 / 2 }, queries: 1, embedder: embedder)
    }

    @Test func theMapIsTheFormula() throws {
        let (query, embedder) = try vector(of: Self.query)
        let adapter = try map(towards: Self.texts[3])
        let inner = zip(adapter.down, query).reduce(Float(0)) { $0 + $1.0 * $1.1 }
        var direct = query.indices.map { query[$0] + adapter.up[$0] * inner + adapter.bias[$0] }
        direct.scaleToUnitLength()
        for (one, other) in zip(adapter.moved(query), direct) { #expect(abs(one - other) < 1e-5) }
        #expect(adapter.scaled(by: 0).moved(query) == query)
        #expect(adapter.scaled(by: 0) == QueryAdapter(dimension: query.count, queries: 1, embedder: embedder))
    }

    @Test func anAdapterIsTheDefaultOnceFittedAndOffMeansOff() throws {
        let before = try hits()
        #expect(before[0].document != DocumentID("3"))
        #expect(throws: TrawlError.self) { try hits { $0.dense.usesAdapter = true } }
        let digest = try engine.open(path).digest()
        try engine.setQueryAdapter(map(towards: Self.texts[3]), of: path)
        #expect(try engine.open(path).digest() != digest)
        #expect(try hits()[0].document == DocumentID("3"))
        let without = try hits { $0.dense.usesAdapter = false }
        #expect(without.map(\.document) == before.map(\.document) && without.map(\.score) == before.map(\.score))
    }

    @Test func aRememberedQueryRaisesWhatAnsweredItAndSaysSo() throws {
        let before = try hits()
        try engine.setQueryAdapter(memory(of: "2"), of: path)
        let after = try hits { $0.explains = true }
        let (asked, remembered) = (try vector(of: Self.query).vector, try vector(of: "why do seas rise").vector)
        let cosine = zip(asked, remembered).reduce(Float(0)) { $0 + $1.0 * $1.1 }
        try #require(cosine > 0.6)
        for hit in after {
            let own = try #require(before.first { $0.document == hit.document }).score
            let added = hit.document == DocumentID("2") ? 2 * 0.5 * (cosine - 0.5) : 0
            #expect(abs(hit.score - own - added) < 1e-5)
            #expect(hit.matches.map(\.text) == (added > 0 ? ["judged query: why do seas rise"] : []))
        }
        #expect(after.map(\.score) == after.map(\.score).sorted(by: >))
    }

    @Test func queriesUnlikeTheRememberedOnesAreUntouched() throws {
        let before = try hits()
        try engine.setQueryAdapter(memory(of: "2", text: "rusty iron"), of: path)
        for (one, other) in zip(try hits(), before) {
            #expect(one.document == other.document && abs(one.score - other.score) < 1e-6)
        }
    }

    @Test func aRaisedDocumentComesInFromBelowTheLimitAndFiltersStillHold() throws {
        try engine.setQueryAdapter(memory(of: "2", weight: 50), of: path)
        #expect(try hits { $0.limit = 1 }.map(\.document) == [DocumentID("2")])
        let others = try DocumentCondition("number!=2")
        let filtered = try hits { $0.conditions = [others] }
        #expect(!filtered.contains { $0.document == DocumentID("2") } && filtered.count == 5)
    }

    @Test func documentsThatAreGoneAreForgotten() throws {
        try engine.setQueryAdapter(memory(of: "2", weight: 50), of: path)
        try engine.delete([DocumentID("2")], from: path)
        #expect(try hits().count == 5)
    }

    @Test func itOutlivesNewDocumentsAndNotANewBuild() throws {
        try engine.setQueryAdapter(memory(of: "2"), of: path)
        let fitted = try engine.open(path).queryAdapter()
        try engine.add(DocumentList([Document(id: "new", text: "Ships wait for the tide.")]), to: path)
        #expect(fitted != nil)
        #expect(try engine.open(path).queryAdapter() == fitted)
        try engine.compact(path)
        #expect(try engine.open(path).queryAdapter() == fitted)
        try build()
        #expect(try engine.open(path).queryAdapter() == nil)
        #expect(try hits().count == 6)
    }

    @Test func anAdapterOfAnotherModelIsRefused() throws {
        let (vector, _) = try vector(of: Self.query)
        try engine.setQueryAdapter(
            QueryAdapter(dimension: vector.count, queries: 1, embedder: "another"), of: path)
        #expect {
            try hits()
        } throws: {
            ($0 as? TrawlError)?.code == .incompatible
        }
    }

    @Test func whatIsStoredIsReadExactlyAndDamageIsNoticed() throws {
        var adapter = try map(towards: Self.texts[3])
        adapter.memory = try memory(of: "2").memory
        let bytes = try adapter.encoded()
        #expect(try QueryAdapter(decoding: bytes) == adapter)
        var random = SplitMix64(seed: 1)
        for place in (0..<200).map({ _ in Int.random(in: bytes.indices, using: &random) }) + [0, 3, bytes.count - 1] {
            var damaged = bytes
            damaged[place] ^= 1 << UInt8.random(in: 0...7, using: &random)
            #expect(throws: TrawlError.self) { try QueryAdapter(decoding: damaged) }
        }
        for count in [0, 3, 7, 8, 100, bytes.count - 1] {
            #expect(throws: TrawlError.self) { try QueryAdapter(decoding: Array(bytes.prefix(count))) }
        }
    }
}
