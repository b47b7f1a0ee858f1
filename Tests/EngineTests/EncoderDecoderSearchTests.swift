import Foundation
import Testing
import TrawlCore
import TrawlCorpus
import TrawlSubstringIndex

@testable import TrawlEngine

/// Generative search whose generator is an encoder-decoder: the tiny random one of ModelsTests, with a tokenizer of words
/// beside its base.
@Suite struct EncoderDecoderSearchTests {
    private let folder: UpdateFolder
    private let recipe: IndexRecipe
    /// Every word is as frequent as any other, so that those which the generator prefers stand out.
    private let documents = (0..<40).map { number in
        TestDocument(
            id: "d\(number)", title: "",
            text: (0..<24).map { Self.word(4 + (number * 31 + $0 * 7) % 92) }.joined(separator: " "))
    }

    private static func word(_ id: Int) -> String { "w\(id)" }

    init() throws {
        folder = try UpdateFolder()
        let goldens = "/" + #filePath.split(separator: "/").dropLast(2).joined(separator: "/") + "/ModelsTests/Golden/"
        for name in ["tiny-bert-base", "tiny-bert-bert-compact"] {
            try FileManager.default.copyItem(atPath: goldens + name, toPath: "\(folder.path)/\(name)")
        }
        let words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"] + (4..<96).map(Self.word)
        let tokenizer: [String: Any] = [
            "model": [
                "type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
                "max_input_chars_per_word": 100,
                "vocab": Dictionary(uniqueKeysWithValues: words.enumerated().map { ($1, $0) }),
            ],
            "added_tokens": words.prefix(4).enumerated().map {
                [
                    "id": $0, "content": $1, "special": true, "single_word": false, "lstrip": false, "rstrip": false,
                    "normalized": false,
                ]
            },
            "pre_tokenizer": ["type": "BertPreTokenizer"],
            "post_processor": ["type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2]],
        ]
        try JSONSerialization.data(withJSONObject: tokenizer)
            .write(to: URL(fileURLWithPath: "\(folder.path)/tiny-bert-base/tokenizer.json"))
        var recipe = IndexRecipe(build: ["generative"])
        recipe.generative.model = "\(folder.path)/tiny-bert-bert-compact"
        self.recipe = recipe
    }

    @Test func passagesAreFoundByWhatItWrites() throws {
        let index = try SearchIndex(path: try folder.build("a.trawl", documents, recipe))
        #expect(try index.substringIndex().boundary == 3)
        var settings = SearchSettings(mode: .generative)
        settings.explains = true
        // By fitted weights, what a random model writes does not count.
        settings.generative.usesLearnedWeights = false
        let session = try Engine().session(index, settings)
        // The last is longer than the encoder's 40 tokens.
        let queries = ["w8 w15", "w90", [String](repeating: "w20", count: 60).joined(separator: " ")]
        let results = try session.search(queries.enumerated().map { Query(id: "\($0)", text: $1) })
        for result in results {
            #expect(!result.hits.isEmpty)
            #expect(result.keys.contains { $0.origin == "body" && $0.logProbability < 0 && $0.count > 0 })
        }
        // What is written depends on what was asked.
        #expect(results[0].keys.map(\.logProbability) != results[1].keys.map(\.logProbability))
    }

    @Test func anIndexWithAnotherEndOfPassagesIsRefused() throws {
        let index = try SearchIndex(path: try folder.build("a.trawl", documents, recipe))
        let file = "\(folder.path)/tiny-bert-bert-compact/config.json"
        let text = try String(contentsOfFile: file, encoding: .utf8)
        try text.replacingOccurrences(of: "\"eos_token_id\": 3", with: "\"eos_token_id\": 2")
            .write(toFile: file, atomically: true, encoding: .utf8)
        let error = #expect(throws: TrawlError.self) {
            try Engine().session(index, SearchSettings(mode: .generative))
        }
        #expect(error?.code == .incompatible && error?.remedy?.contains("build the index again") == true)
    }
}
