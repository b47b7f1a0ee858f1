import Core
import Glibc
import Tensors
import Testing

@testable import Embeddings

private let home =
    getenv("TRAWL_HOME").map { String(cString: $0) }
    ?? (getenv("HOME").map { String(cString: $0) } ?? "") + "/.cache/trawl"
private let minilm = home + "/models/all-MiniLM-L6-v2"
private let golden = "/" + #filePath.split(separator: "/").dropLast().joined(separator: "/") + "/Golden/minilm.json"

@Suite struct TextEmbedderTests {
    @Test func embeddingsMatchSentenceTransformers() throws {
        let cases = try #require(try JSON(contentsOf: golden).array)
        let embedder = try TextEmbedder(folder: minilm)
        #expect(embedder.dimension == 384 && embedder.maximumTokens == 256 && embedder.isNormalised)
        let got = try embedder.embed(cases.compactMap { $0["text"]?.string })
        #expect(got.count == cases.count)
        for (row, item) in cases.enumerated() {
            let expected = (item["vector"]?.array ?? []).compactMap(\.double)
            #expect(zip(got[row], expected).map { abs(Double($0) - $1) }.max() ?? 1 < 1e-5, "text \(row)")
        }
    }

    @Test func longTextsAreCutAndEmptyOnesEmbedded() throws {
        let embedder = try TextEmbedder(folder: minilm, truncatedTo: 64)
        let long = Array(repeating: "river", count: 254).joined(separator: " ")
        let got = try embedder.embed([long, long + " and more that is cut", "", "river"])
        #expect(got.dimension == 64 && got[0] == got[1].prefix(64))
        for row in 0..<4 { #expect(abs(got[row].reduce(0) { $0 + $1 * $1 } - 1) < 1e-5) }
        #expect(got[0].elementsEqual(got[1]))
        #expect(embedder.digest != (try TextEmbedder(folder: minilm)).digest)
    }

    @Test func promptsStandBeforeTheText() throws {
        let embedder = try TextEmbedder(folder: minilm)
        let prompted = try embedder.embed(["fish"], prompt: "query: ")
        #expect(prompted.values == (try embedder.embed(["query: fish"])).values)
        #expect(throws: TrawlError.self) { try embedder.prompt(named: "query") }
    }

    @Test func wrongFoldersAreErrors() throws {
        #expect(throws: TrawlError.self) { try TextEmbedder(folder: "/nonexistent") }
        #expect(throws: TrawlError.self) { try TextEmbedder(folder: minilm, truncatedTo: 385) }
    }
}

@Suite struct PoolingTests {
    private func pooled(_ mode: Pooling.Mode, skipping: Int = 0) -> [Float] {
        let states: [Float] = [1, 10, 2, 20, 6, -30]
        var out: [Float] = [0, 0]
        states.withUnsafeBufferPointer { Pooling(modes: [mode]).pool($0, width: 2, skipping: skipping, into: &out) }
        return out
    }

    @Test func everyModeIsTheOneOfSentenceTransformers() {
        #expect(pooled(.cls) == [1, 10])
        #expect(pooled(.max) == [6, 20])
        #expect(pooled(.mean) == [3, 0])
        #expect(pooled(.mean, skipping: 1) == [4, -5])
        #expect(abs(pooled(.meanSqrtLength)[0] - 9 / Float(3).squareRoot()) < 1e-6)
        #expect(abs(pooled(.weightedMean)[0] - 23 / 6) < 1e-6)
        #expect(pooled(.lastToken) == [6, -30])
    }

    @Test func oldAndNewConfigurationsAreRead() throws {
        func read(_ text: String) throws -> [Pooling.Mode] {
            try Array(text.utf8).withUnsafeBytes {
                try Pooling(configuration: try JSON(parsing: $0, path: "x"), path: "x").modes
            }
        }
        #expect(try read(#"{"pooling_mode_mean_tokens":true,"pooling_mode_cls_token":true}"#) == [.cls, .mean])
        #expect(try read(#"{"pooling_mode":"lasttoken"}"#) == [.lastToken])
        #expect(try read(#"{"pooling_mode":["max","mean"]}"#) == [.max, .mean])
        #expect(throws: TrawlError.self) { try read(#"{"pooling_mode":"median"}"#) }
        #expect(throws: TrawlError.self) { try read("{}") }
    }
}
