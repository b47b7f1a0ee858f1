import Foundation
import Testing
import TrawlCore
import TrawlCorpus
import TrawlLateIndex
import TrawlStore
import TrawlTestSupport

@testable import TrawlEngine

/// Late interaction through the engine, with a tiny ColBERT checkpoint.
@Suite struct LateInteractionTests {
    private let folder: TemporaryFolder
    private let engine = Engine()
    private static let model = TestFiles.repository("Tests/EmbeddingsTests/Golden/tiny-colbert")

    init() throws { folder = try TemporaryFolder() }

    private static let texts = [
        "a": "the moon pulls the oceans", "b": "plants turn light into sugar", "c": "they rise and fall",
        "d": "water and air make light", "e": "what moves the tides", "f": "...",
    ]

    private func documents(_ ids: String) throws -> DocumentList {
        DocumentList(
            try ids.map(String.init).map { id in
                try Document(id: id, title: id == "b" ? "sugar" : "", text: Self.texts[id] ?? "the moon \(id)")
            })
    }

    private func file(_ build: [String] = ["lexical", "late"], model: String = Self.model) throws -> RecipeFile {
        var file = RecipeFile()
        file.recipe.build = build
        file.recipe.late.model = model
        file.recipe.late.bits = 4
        return file
    }

    @discardableResult
    private func build(_ ids: String = "abcdef", _ file: RecipeFile? = nil) throws -> String {
        let path = folder.path + "/a.trawl"
        try engine.build(file ?? self.file(), at: path, documents: documents(ids))
        return path
    }

    private func hits(
        _ path: String, _ query: String, _ change: (inout SearchSettings) -> Void = { _ in }
    ) throws -> [SearchHit] {
        let index = try engine.open(path)
        var settings = index.settings
        settings.mode = .late
        change(&settings)
        return try engine.search(query, in: index, settings).hits
    }

    private func ids(_ hits: [SearchHit]) -> [String] { hits.map(\.document.rawValue) }

    @Test func aDamagedCodecIsNoticed() throws {
        let path = try build()
        let session = try Store.open(at: path).write()
        var bytes = try #require(try session.snapshot(of: session.manifest.segments).metadata(StoredCodec.metadataName))
        bytes[bytes.count - 2] ^= 0x40
        session.setMetadata(StoredCodec.metadataName, bytes: bytes)
        try session.commit(segments: session.manifest.segments)
        #expect {
            _ = try hits(path, "moon")
        } throws: {
            "\($0)".contains("the codec of the token vectors is damaged")
        }
        #expect(try !engine.check(path).filter { !$0.passed }.isEmpty)
    }

    @Test func documentsAreFoundByTheirTokens() throws {
        let path = try build()
        // A document of nothing but punctuation has the vectors of special tokens.
        #expect(try Set(ids(hits(path, "moon"))) == ["a", "b", "c", "d", "e", "f"])
        for (id, text) in Self.texts where id != "f" {
            #expect(try hits(path, text).first?.document.rawValue == id, "\(id)")
            #expect(try hits(path, text) { $0.late.isExact = true }.first?.document.rawValue == id)
        }
        let found = try hits(path, "the tides") { $0.late.probes = 1 }
        for hit in found { #expect(hit.score > -16 && hit.score <= 16.1) }
        #expect(try engine.open(path).defaultMode(SearchSettings()) == .lexical)
        let hybrid = try hits(path, "moves the tides") {
            ($0.mode, $0.fusion.weights) = (.hybrid, ["lexical": 1, "late": 1])
        }
        #expect(ids(hybrid).first == "e" && hybrid[0].stages.map(\.stage) == ["lexical", "late", "fusion"])
    }

    /// A late part alone is searched without a mode.
    @Test func anIndexOfTokenVectorsAloneIsSearchedByThem() throws {
        let path = try build("abc", file(["late"]))
        let hit = try #require(try engine.search("they rise", in: engine.open(path)).hits.first)
        #expect(hit.document.rawValue == "c" && hit.stages.map(\.stage) == ["late"])
    }

    @Test func indexesGrowShrinkAndMergeWithoutChangingScores() throws {
        let path = try build("abcd")
        func scores() throws -> [String: Float] {
            Dictionary(
                uniqueKeysWithValues: try hits(path, "the moon pulls water").map { ($0.document.rawValue, $0.score) })
        }
        let first = try scores()
        try engine.add(documents("ghi"), to: path)
        try engine.add(documents("ej"), to: path)
        try engine.delete([DocumentID("c"), DocumentID("h")], from: path)
        let grown = try scores()
        #expect(Set(grown.keys) == ["a", "b", "d", "e", "g", "i", "j"])
        for id in ["a", "b", "d"] { #expect(grown[id] == first[id]) }
        #expect(try engine.compact(path).index.segments == 1)
        #expect(try scores() == grown)
        let checks = try engine.check(path)
        #expect(checks.filter { !$0.passed }.isEmpty, "\(checks)")
        #expect(checks.contains { $0.name == "late" && $0.detail?.contains("7 encoded again, mean cosine") == true })
        let summary = try #require(try engine.open(path).partSummaries().first { $0.name == "late" }?.summary)
        #expect(summary.contains("8 dimensions; 4 bits each") && summary.contains("bytes per token"), "\(summary)")
    }

    @Test func anEmptyIndexGrows() throws {
        let path = try build("")
        #expect(try hits(path, "moon").isEmpty)
        #expect(try engine.check(path).allSatisfy(\.passed))
        try engine.add(documents("ab"), to: path)
        #expect(try ids(hits(path, "plants turn light")).first == "b")
        try engine.add(documents("c"), to: path)
        #expect(try ids(hits(path, "they rise")).first == "c")
    }

    @Test func matchesNameTheTokensThatWereBest() throws {
        let path = try build()
        let found = try hits(path, "moves tides") { $0.explains = true }
        let hit = try #require(found.first { $0.document.rawValue == "e" })
        // Markers and masks of the query are no text; a special token that was matched is not shown.
        #expect(Set(hit.matches.map { $0.text.split(separator: " ")[0] }) == ["moves", "tides"])
        #expect(hit.matches.map(\.contribution) == hit.matches.map(\.contribution).sorted(by: >))
        #expect(hit.matches.contains { !$0.ranges.isEmpty })
        for match in hit.matches {
            #expect(match.stage == "late" && abs(match.contribution) <= 1.01)
            guard let range = match.ranges.first else { continue }
            #expect(match.text.hasSuffix("→ " + String(decoding: Array(hit.text.utf8)[range], as: UTF8.self)))
        }
        // What is in the title has no range in the text.
        let titled = try #require(try hits(path, "sugar") { $0.explains = true }.first { $0.document.rawValue == "b" })
        for match in titled.matches { #expect(match.ranges.allSatisfy { $0.upperBound <= titled.text.utf8.count }) }
        #expect(try hits(path, "moves tides").allSatisfy(\.matches.isEmpty))
    }

    @Test func rerankingReadsStoredTokensOrEncodesTexts() throws {
        let query = "moon light rise"
        let path = try build()
        func reranked(_ path: String) throws -> [SearchHit] {
            try hits(path, query) {
                $0.mode = .lexical
                $0.rerankers = [RerankSettings(reranker: "late", model: Self.model, depth: 5)]
            }
        }
        let stored = try reranked(path)
        let searched = Dictionary(uniqueKeysWithValues: try hits(path, query).map { ($0.document, $0.score) })
        #expect(Set(ids(stored)) == ["a", "b", "c", "d"])
        for hit in stored { #expect(hit.score == searched[hit.document]) }
        // Without the part the same model encodes the hits.
        let other = folder.path + "/b.trawl"
        try engine.build(file(["lexical"]), at: other, documents: documents("abcdef"))
        let encoded = try reranked(other)
        let scores = Dictionary(uniqueKeysWithValues: encoded.map { ($0.document, $0.score) })
        for hit in stored { #expect(abs(hit.score - (scores[hit.document] ?? 0)) < 0.6) }
        #expect(encoded.map(\.score) == encoded.map(\.score).sorted(by: >))
        // A checkpoint that is named without a reranker means late interaction.
        let named = try hits(other, query) {
            $0.mode = .lexical
            $0.rerankers = [RerankSettings(model: Self.model, depth: 5)]
        }
        #expect(named.map(\.score) == encoded.map(\.score))
    }

    @Test func anotherModelThanTheIndexsIsRefused() throws {
        let model = folder.path + "/model"
        try FileManager.default.copyItem(atPath: Self.model, toPath: model)
        let path = try build("abc", file(model: model))
        #expect(try !hits(path, "moon").isEmpty)
        try #"{"query_maxlen": 12}"#.write(toFile: model + "/artifact.metadata", atomically: true, encoding: .utf8)
        #expect(errorText { try hits(path, "moon") }.contains("another model of token vectors"))
        #expect(errorText { try engine.add(documents("d"), to: path) }.contains("another model of token vectors"))
        let failed = try engine.check(path).filter { !$0.passed }
        #expect(failed.map(\.name) == ["late"])
        #expect(try engine.search("moon", in: engine.open(path)).hits.count == 1)
    }

    @Test func recipesThatCannotBeBuiltAreRefusedBeforeAnythingIsWritten() throws {
        #expect(errorText { try build("a", file(model: "no-such-model")) }.contains("no model \"no-such-model\""))
        let classifier = TestFiles.repository("Tests/RerankingTests/Golden/tiny-cross-encoder-1")
        #expect(errorText { try build("a", file(model: classifier)) }.contains("is a classifier"))
        #expect(!FileManager.default.fileExists(atPath: folder.path + "/a.trawl/data.mdb"))
        #expect(errorText { try RecipeFile(yaml: "late: {bits: 3}") }.contains("late.bits is 3"))
        #expect(errorText { try RecipeFile(yaml: "late: {probes: 0}") }.contains("late: probes is 0"))
        #expect(errorText { try RecipeFile(yaml: "late: {centroids: 5}") }.contains("late.centroids"))
    }

    @Test func theStoredVectorsAreComparedWithTheTexts() throws {
        let path = try build("abcd")
        // A codec that was made for other vectors: the structures are sound, what they stand for is not.
        let session = try Store.open(at: path).write()
        let index = try engine.open(path)
        let codec = try #require(try StoredCodec.read(index.snapshot))
        var bytes = codec.encoded
        let floats = codec.centroids.map { -$0 }
        floats.withUnsafeBytes { bytes.replaceSubrange(bytes.count - $0.count..<bytes.count, with: $0) }
        session.setMetadata(StoredCodec.metadataName, bytes: bytes)
        var fingerprints = index.fingerprints
        let digest = try #require(fingerprints["late"]?.split(separator: "-").first)
        fingerprints["late"] = digest + "-" + String(bytes.withUnsafeBytes { crc32($0) }, radix: 16)
        try session.setMetadata(SearchIndex.fingerprintsName, fingerprints)
        try session.commit(segments: session.manifest.segments)
        let failed = try engine.check(path).filter { !$0.passed }
        #expect(failed.map(\.name) == ["late"])
        #expect(failed.first?.detail?.contains("a cosine of") == true, "\(failed)")
    }
}
