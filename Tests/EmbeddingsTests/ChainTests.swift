import Foundation
import Testing
import TrawlCore
import TrawlTestSupport

@testable import TrawlEmbeddings

/// Folders that sentence-transformers wrote, and what it gave for them (`eval/parity/chains_goldens.py`).
@Suite struct ChainTests {
    static let names = ["norm-then-dense", "all-poolings", "sentence-t5"]

    @Test(arguments: names) func embeddingsMatchSentenceTransformers(_ name: String) throws {
        let folder = TestFiles.golden(name)
        let cases = try #require(try JSON(contentsOf: folder + "/golden.json").array)
        let texts = cases.compactMap { $0["text"]?.string }
        let embedder = try TextEmbedder(folder: folder)
        let query = try embedder.prompt(named: "query")
        let cut = try TextEmbedder(folder: folder, truncatedTo: 7)
        let got = [
            "vector": try embedder.embed(texts), "query": try embedder.embed(texts, prompt: query),
            "document": try embedder.embed(texts, prompt: ""), "truncated": try cut.embed(texts),
        ]
        var largest = 0.0
        for (row, item) in cases.enumerated() {
            for (key, matrix) in got {
                let expected = (item[key]?.array ?? []).compactMap(\.double)
                try #require(matrix.dimension == expected.count)
                for (a, b) in zip(matrix[row], expected) { largest = max(largest, abs(Double(a) - b)) }
            }
        }
        #expect(largest < 1e-4)
        if ProcessInfo.processInfo.environment["TRAWL_MEASURE"] != nil { print("\(name): \(largest)") }
    }

    @Test func whatFoldersSayOfTheirEmbeddingsIsKnown() throws {
        let dot = try TextEmbedder(folder: TestFiles.golden("norm-then-dense"))
        #expect(!dot.isNormalised && dot.similarity == .dot && dot.defaultPromptName == "query")
        #expect(dot.maximumTokens == 30 && dot.dimension == 12)
        let cosine = try TextEmbedder(folder: TestFiles.golden("all-poolings"))
        #expect(cosine.isNormalised && cosine.similarity == .cosine && cosine.defaultPromptName == nil)
        #expect(cosine.maximumTokens == 12 && cosine.dimension == 10)
    }

    @Test func theDigestTellsEachThingThatChangesEmbeddings() throws {
        let copy = try TemporaryFolder(copyOf: TestFiles.golden("norm-then-dense"))
        var digests = [try TextEmbedder(folder: copy.path).digest]
        func expectAnother(_ what: String, _ change: () throws -> Void) throws {
            try change()
            digests.append(try TextEmbedder(folder: copy.path).digest)
            #expect(Set(digests).count == digests.count, "\(what)")
            try copy.restore()
        }
        for (file, old, new) in [
            ("1_Pooling/config.json", "false", "true"), ("1_Pooling/config.json", "\"mean\"", "\"cls\""),
            ("4_Dense/config.json", "GELU", "Tanh"), ("4_Dense/config.json", "\"bias\": true", "\"bias\": false"),
            ("6_Dense/config.json", "\"use_residual\": true", "\"use_residual\": false"),
            ("modules.json", "normalize.Normalize", "dropout.Dropout"),
            ("config_sentence_transformers.json", "seek it: ", "seek: "),
            (
                "config_sentence_transformers.json", "\"default_prompt_name\": \"query\"",
                "\"default_prompt_name\": null"
            ),
            ("sentence_bert_config.json", "{", "{\"max_seq_length\": 20,"),
            ("sentence_bert_config.json", "{", "{\"do_lower_case\": true,"),
        ] {
            try expectAnother(new) { try copy.edit(file, old, new) }
        }
        for file in ["2_LayerNorm/model.safetensors", "4_Dense/model.safetensors"] {
            var bytes = try copy.bytes(file)
            bytes[bytes.count - 4] ^= 1
            try expectAnother(file) { try copy.write(file, bytes) }
        }
        let same = try TextEmbedder(folder: copy.path).digest
        #expect(same == digests[0])
        #expect(try TextEmbedder(folder: copy.path, truncatedTo: 5).digest != same)
    }

    @Test func lowercasingComesBeforeTheTokenizer() throws {
        let copy = try TemporaryFolder(copyOf: TestFiles.golden("norm-then-dense"))
        let plain = try TextEmbedder(folder: copy.path)
        try copy.edit("sentence_bert_config.json", "{", "{\"do_lower_case\": true,")
        let lowercased = try TextEmbedder(folder: copy.path)
        #expect(try lowercased.embed(["Is IT"]) == plain.embed(["is it"]))
        #expect(try plain.embed(["Is IT"]) != plain.embed(["is it"]))
    }

    @Test func brokenChainsAreNamed() throws {
        let copy = try TemporaryFolder(copyOf: TestFiles.golden("norm-then-dense"))
        func failure(_ change: () throws -> Void) throws -> TrawlError? {
            defer { #expect(throws: Never.self) { try copy.restore() } }
            try change()
            return #expect(throws: TrawlError.self) { try TextEmbedder(folder: copy.path) }
        }
        let early = try failure {
            try copy.edit("modules.json", "pooling.Pooling", "x.Dropout")
            try copy.edit("modules.json", "dropout.Dropout", "y.Pooling")
            try copy.move("1_Pooling/config.json", to: "5_Dropout/config.json")
        }
        #expect(early?.code == .unsupported && early?.message.contains("before the pooling") == true)
        let none = try failure { try copy.edit("modules.json", "pooling.Pooling", "x.Dropout") }
        #expect(none?.message.contains("no Pooling") == true)
        let second = try failure { try copy.edit("modules.json", "dropout.Dropout", "x.Transformer") }
        #expect(second?.message.contains("behind another module") == true)
        let other = try failure { try copy.edit("modules.json", "dropout.Dropout", "x.WordWeights") }
        #expect(other?.message.contains("WordWeights") == true)
        let tokens = try failure { try copy.edit("4_Dense/config.json", "sentence_embedding", "token_embeddings") }
        #expect(tokens?.message.contains("token_embeddings") == true)
        let narrow = try failure { try copy.edit("6_Dense/config.json", "\"in_features\": 12", "\"in_features\": 13") }
        #expect(narrow?.code == .incompatible && narrow?.path?.hasSuffix("6_Dense") == true)
        let prompt = try failure {
            try copy.edit("config_sentence_transformers.json", "_name\": \"query\"", "_name\": \"ask\"")
        }
        #expect(prompt?.code == .corrupted && prompt?.message.contains("ask") == true)
        let similarity = try failure { try copy.edit("config_sentence_transformers.json", "\"dot\"", "\"maxsim\"") }
        #expect(similarity?.code == .unsupported && similarity?.message.contains("maxsim") == true)
        for folder in ["", "4_Dense/"] {
            let pickle = try failure {
                try copy.move(folder + "model.safetensors", to: folder + "pytorch_model.bin")
            }
            #expect(pickle?.code == .unsupported && pickle?.remedy?.contains("save_pretrained") == true)
        }
    }
}

@Suite struct SimilarityTests {
    @Test func valuesAreThoseOfSentenceTransformers() {
        let (a, b): ([Float], [Float]) = ([1, 2, 2], [3, 0, -4])
        #expect(Similarity.dot(a[...], b[...]) == -5)
        #expect(abs(Similarity.cosine(a[...], b[...]) + 1 / 3) < 1e-12)
        #expect(abs(Similarity.euclidean(a[...], b[...]) + 44.0.squareRoot()) < 1e-12)
        #expect(Similarity.manhattan(a[...], b[...]) == -10)
        #expect(Similarity.cosine([0, 0], a[1...]) == 0)
    }
}
