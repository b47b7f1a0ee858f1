import Foundation
import Testing
import TrawlCore
import TrawlTensors
import TrawlTestSupport

@testable import TrawlEmbeddings

private let minilm = TestFiles.model("all-MiniLM-L6-v2")

@Suite struct TextEmbedderTests {
    @Test func embeddingsMatchSentenceTransformers() throws {
        let cases = try #require(try JSON(contentsOf: TestFiles.golden("minilm.json")).array)
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

/// RoBERTa in three shards, byte-level BPE, two poolings, two dense layers, normalisation and prompts, as
/// sentence-transformers 6 writes them.
@Suite struct TinyRobertaTests {
    private let folder = TestFiles.golden("tiny-roberta")

    @Test func embeddingsMatchSentenceTransformers() throws {
        let cases = try #require(try JSON(contentsOf: folder + "/golden.json").array)
        let embedder = try TextEmbedder(folder: folder)
        #expect(embedder.dimension == 16 && embedder.maximumTokens == 36 && embedder.isNormalised)
        #expect(embedder.similarity == .cosine)
        let texts = cases.compactMap { $0["text"]?.string }
        for (key, prompt) in [("vector", nil), ("query", try embedder.prompt(named: "query"))] {
            let got = try embedder.embed(texts, prompt: prompt)
            for (row, item) in cases.enumerated() {
                let expected = (item[key]?.array ?? []).compactMap(\.double)
                #expect(expected.count == 16)
                #expect(zip(got[row], expected).map { abs(Double($0) - $1) }.max() ?? 1 < 1e-5, "\(key) \(row)")
            }
        }
    }

    @Test func missingAndContradictoryFilesAreNamed() throws {
        let copy = try TemporaryFolder(copyOf: folder)
        func failure(_ change: () throws -> Void) throws -> TrawlError? {
            try change()
            defer { #expect(throws: Never.self) { try copy.restore() } }
            do {
                _ = try TextEmbedder(folder: copy.path)
                return nil
            } catch { return error as? TrawlError }
        }
        #expect(try failure {}?.message == nil)
        let shard = "model-00002-of-00003.safetensors"
        let missing = try failure { try copy.remove(shard) }
        #expect(missing?.code == .notFound && missing?.path?.hasSuffix(shard) == true)
        let index = "model.safetensors.index.json"
        let absent = try failure {
            try copy.edit(index, "\"weight_map\": {", "\"weight_map\": {\"no.such\": \"\(shard)\",")
        }
        #expect(absent?.message.contains("no.such") == true)
        let outside = try failure { try copy.edit(index, "\"\(shard)\"", "\"../\(shard)\"") }
        #expect(outside?.message.contains("not a file name") == true)
        #expect(try failure { try copy.edit("2_Dense/config.json", "48", "47") }?.path?.hasSuffix("2_Dense") == true)
        #expect(try failure { try copy.edit("2_Dense/config.json", "Tanh", "Mish") }?.code == .unsupported)
        #expect(try failure { try copy.remove("3_Dense/model.safetensors") }?.code == .notFound)
        for padding in ["-5", "42", "9007199254740991"] {
            let error = try failure {
                try copy.edit("config.json", "\"pad_token_id\": 1", "\"pad_token_id\": \(padding)")
            }
            #expect(error?.code == .corrupted && error?.message.contains("padding") == true, "\(padding)")
        }
    }

    @Test func theDigestTellsWhatChangesEmbeddings() throws {
        let copy = try TemporaryFolder(copyOf: folder)
        var digests: Set<String> = [try TextEmbedder(folder: copy.path).digest]
        for (file, old, new) in [
            ("2_Dense/config.json", "Tanh", "ReLU"), ("1_Pooling/config.json", "\"mean\"", "\"max\""),
            ("config.json", "1e-12", "1e-5"), ("tokenizer_config.json", "36", "20"),
        ] {
            try copy.edit(file, old, new)
            digests.insert(try TextEmbedder(folder: copy.path).digest)
            try copy.restore()
        }
        #expect(digests.count == 5)
        #expect(digests.contains(try TextEmbedder(folder: folder).digest))
    }

    @Test func theLengthIsThatOfTheFilesInTheirOrder() throws {
        let copy = try TemporaryFolder(copyOf: folder)
        try copy.edit("sentence_bert_config.json", "{", "{\"max_seq_length\": 12,")
        #expect(try TextEmbedder(folder: copy.path).maximumTokens == 12)
        try copy.restore()
        try copy.edit("tokenizer_config.json", "36", "1000000000000000019884624838656")
        #expect(try TextEmbedder(folder: copy.path).maximumTokens == 40)
    }
}

@Suite struct PoolingTests {
    private func pooled(_ mode: Pooling.Mode, skipping: Int = 0) -> [Float] {
        let states: [Float] = [1, 10, 2, 20, 6, -30]
        return states.withUnsafeBufferPointer {
            Pooling(modes: [mode], includesPrompt: false).pool($0, width: 2, promptTokens: skipping)
        }
    }

    @Test func everyModeIsTheOneOfSentenceTransformers() {
        #expect(pooled(.cls) == [1, 10])
        #expect(pooled(.cls, skipping: 1) == [2, 20])
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
        #expect(try read(#"{"pooling_mode_mean_tokens":false,"pooling_mode_cls_token":false}"#) == [.mean])
        #expect(try read(#"{"pooling_mode":["max","mean"]}"#) == [.max, .mean])
        #expect(throws: TrawlError.self) { try read(#"{"pooling_mode":"median"}"#) }
        #expect(throws: TrawlError.self) { try read("{}") }
    }
}
