import Testing
import TrawlCore
import TrawlTestSupport

@testable import TrawlEmbeddings

/// Embedding models made of decoders against sentence-transformers: `eval/parity/decoders_goldens.py`.
@Suite struct DecoderEmbedderTests {
    /// One tokenizer adds the end token itself, the other leaves it to tokenizer_config.json.
    @Test(arguments: ["tiny-qwen3", "tiny-mistral"]) func lastTokensMatchSentenceTransformers(name: String) throws {
        let folder = TestFiles.golden(name)
        let embedder = try TextEmbedder(folder: folder)
        let rows = try #require(try JSON(contentsOf: folder + "/golden.json").array)
        let texts = rows.compactMap { $0["text"]?.string }
        let plain = try embedder.embed(texts, prompt: "")
        let asked = try embedder.embed(texts, prompt: try embedder.prompt(named: "query"))
        for (index, row) in rows.enumerated() {
            for (found, key) in [(plain, "vector"), (asked, "query")] {
                let expected = (row[key]?.array ?? []).compactMap(\.double).map { Float($0) }
                #expect(zip(found[index], expected).allSatisfy { abs($0 - $1) < 1e-4 })
                #expect(found[index].count == expected.count)
            }
        }
        for (index, text) in texts.enumerated() {
            let alone = try embedder.embed([text], prompt: try embedder.prompt(named: "query"))
            #expect(alone[0] == asked[index], "the same bits in any batch")
        }
    }
}
