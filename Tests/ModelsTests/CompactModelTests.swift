import Foundation
import Testing
import TrawlCore
import TrawlTensors
import TrawlTestSupport
import TrawlTokenizers

@testable import TrawlModels

/// Encoder-decoders that leave tensors to a base, and folders that are damaged.
@Suite struct CompactModelTests {
    private let home: TemporaryFolder
    private let compact = "tiny-bert-bert-compact"

    init() throws {
        home = try TemporaryFolder(models: ["tiny-bert-base", "tiny-bert-bert-compact", "tiny-bert-bert"])
    }

    @Test func theDigestCoversTheBase() throws {
        let before = try home.folder(compact).digest
        #expect(try home.folder(compact).digest == before)
        var bytes = try home.bytes("tiny-bert-base/model.safetensors")
        bytes[bytes.count - 1] ^= 1
        try home.write("tiny-bert-base/model.safetensors", bytes)
        #expect(try home.folder(compact).digest != before)
    }

    @Test func aBaseThatWasFixedMustBeThatOne() throws {
        let digest = try home.folder("tiny-bert-base").digest
        let name = "\"trawl_base_model\": \"tiny-bert-base\""
        try home.editConfiguration(compact, name, name + ", \"trawl_base_digest\": \"\(digest)\"")
        _ = try home.folder(compact).loadGenerator()
        try home.editConfiguration(compact, digest, String(digest.reversed()))
        let error = #expect(throws: TrawlError.self) { try home.folder(compact) }
        #expect(error?.code == .incompatible && error?.remedy != nil)
        #expect(error?.message.contains(home.path("tiny-bert-base")) == true && error?.path == home.path(compact))
    }

    @Test func aMissingBaseIsNamed() throws {
        try home.remove("tiny-bert-base")
        let error = #expect(throws: TrawlError.self) { try home.folder(compact) }
        #expect(error?.code == .notFound && error?.remedy?.contains("tiny-bert-base") == true)
    }

    @Test(arguments: ["tiny-bert-bert", "tiny-bert-bert-compact"]) func aBaseThatIsNoBertIsRefused(_ name: String)
        throws
    {
        try home.editConfiguration(
            compact, "\"trawl_base_model\": \"tiny-bert-base\"", "\"trawl_base_model\": \"\(name)\"")
        #expect(throws: TrawlError.self) { try home.folder(compact) }
    }

    @Test(arguments: ["../tiny-bert-base", "..", ""]) func aBaseIsAFolderBesideTheModel(_ name: String) throws {
        try home.editConfiguration(
            compact, "\"trawl_base_model\": \"tiny-bert-base\"", "\"trawl_base_model\": \"\(name)\"")
        let error = #expect(throws: TrawlError.self) { try home.folder(compact) }
        #expect(error?.code == .corrupted)
    }

    @Test func aMissingTokenizerComesFromTheBase() throws {
        #expect(throws: TrawlError.self) { try home.folder(compact).loadTokenizer() }
        try home.write(
            "tiny-bert-base/tokenizer.json",
            """
            {"added_tokens": [{"id": 2, "content": "[CLS]", "special": true}, {"id": 3, "content": "[SEP]", "special": true}],
             "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
             "max_input_chars_per_word": 100, "vocab": {"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, "a": 4}}}
            """)
        let folder = try home.folder(compact)
        #expect(try folder.loadTokenizer().vocabularySize == 5)
        #expect(try folder.boundaryToken(folder.loadTokenizer()) == 3)
        // Without the members the tokenizer's roles count.
        try home.editConfiguration(compact, "decoder_start_token_id", "x")
        try home.editConfiguration(compact, "eos_token_id", "y")
        try home.remove("\(compact)/generation_config.json")
        let model = try home.folder(compact).loadGenerator()
        #expect(model.startTokens == [2] && model.endToken == 3)
    }

    @Test(arguments: [
        "decoder.bert.encoder.layer.2.crossattention.self.key.weight", "decoder.cls.predictions.transform.dense.bias",
        "decoder.cls.predictions.bias",
    ])
    func aMissingTensorIsNamed(_ name: String) throws {
        try home.renameTensor(compact, name)
        let error = #expect(throws: TrawlError.self) { try home.folder(compact).loadGenerator() }
        #expect(error?.message.contains("'\(name)'") == true)
    }

    @Test func aTensorThatNeitherFolderHasIsNamed() throws {
        try home.renameTensor("tiny-bert-base", "encoder.layer.0.attention.self.query.weight")
        let error = #expect(throws: TrawlError.self) { try home.folder(compact).loadGenerator() }
        #expect(error?.message.contains("'encoder.encoder.layer.0.attention.self.query.weight'") == true)
    }

    @Test func sizesThatDoNotFitAreNamed() throws {
        try home.editConfiguration("tiny-bert-bert", "\"intermediate_size\": 40", "\"intermediate_size\": 41")
        let error = #expect(throws: TrawlError.self) { try home.folder("tiny-bert-bert").loadGenerator() }
        #expect(error?.message.contains("layer.0.intermediate.dense.weight") == true)
    }

    @Test func aTruncatedFileIsAnError() throws {
        let weights = "\(compact)/model.safetensors"
        try home.write(weights, home.bytes(weights).dropLast(100))
        let error = #expect(throws: TrawlError.self) { try home.folder(compact) }
        #expect(error?.code == .corrupted)
    }

    @Test func membersOfOtherTypesAreUnsupported() throws {
        try home.editConfiguration("tiny-bert-bert", "\"model_type\": \"bert\"", "\"model_type\": \"gpt2\"")
        let error = #expect(throws: TrawlError.self) { try home.folder("tiny-bert-bert").loadGenerator() }
        #expect(error?.code == .unsupported && error?.message.contains("gpt2") == true)
    }
}
