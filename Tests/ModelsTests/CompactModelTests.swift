import Foundation
import Testing
import TrawlCore
import TrawlTensors
import TrawlTokenizers

@testable import TrawlModels

/// Encoder-decoders that leave tensors to a base, and folders that are damaged.
@Suite struct CompactModelTests {
    private let home = TemporaryModels(["tiny-bert-base", "tiny-bert-bert-compact", "tiny-bert-bert"])
    private let compact = "tiny-bert-bert-compact"

    @Test func theDigestCoversTheBase() throws {
        let before = try home.folder(compact).digest
        #expect(try home.folder(compact).digest == before)
        let weights = home.path("tiny-bert-base/model.safetensors")
        var bytes = try Data(contentsOf: URL(fileURLWithPath: weights))
        bytes[bytes.count - 1] ^= 1
        try bytes.write(to: URL(fileURLWithPath: weights))
        #expect(try home.folder(compact).digest != before)
    }

    @Test func aBaseThatWasFixedMustBeThatOne() throws {
        let digest = try home.folder("tiny-bert-base").digest
        let name = "\"trawl_base_model\": \"tiny-bert-base\""
        try home.edit(compact, name, name + ", \"trawl_base_digest\": \"\(digest)\"")
        _ = try home.folder(compact).loadGenerator()
        try home.edit(compact, digest, String(digest.reversed()))
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
        try home.edit(compact, "\"trawl_base_model\": \"tiny-bert-base\"", "\"trawl_base_model\": \"\(name)\"")
        #expect(throws: TrawlError.self) { try home.folder(compact) }
    }

    @Test(arguments: ["../tiny-bert-base", "..", ""]) func aBaseIsAFolderBesideTheModel(_ name: String) throws {
        try home.edit(compact, "\"trawl_base_model\": \"tiny-bert-base\"", "\"trawl_base_model\": \"\(name)\"")
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
        try home.edit(compact, "decoder_start_token_id", "x")
        try home.edit(compact, "eos_token_id", "y")
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
        try home.edit("tiny-bert-bert", "\"intermediate_size\": 40", "\"intermediate_size\": 41")
        let error = #expect(throws: TrawlError.self) { try home.folder("tiny-bert-bert").loadGenerator() }
        #expect(error?.message.contains("layer.0.intermediate.dense.weight") == true)
    }

    @Test func aTruncatedFileIsAnError() throws {
        let weights = URL(fileURLWithPath: home.path("\(compact)/model.safetensors"))
        try Data(contentsOf: weights).dropLast(100).write(to: weights)
        let error = #expect(throws: TrawlError.self) { try home.folder(compact) }
        #expect(error?.code == .corrupted)
    }

    @Test func membersOfOtherTypesAreUnsupported() throws {
        try home.edit("tiny-bert-bert", "\"model_type\": \"bert\"", "\"model_type\": \"gpt2\"")
        let error = #expect(throws: TrawlError.self) { try home.folder("tiny-bert-bert").loadGenerator() }
        #expect(error?.code == .unsupported && error?.message.contains("gpt2") == true)
    }
}

/// Copies of golden models, which go with their owner.
final class TemporaryModels {
    private let home = NSTemporaryDirectory() + "trawl-models-\(UUID().uuidString)"

    init(_ names: [String]) {
        try? FileManager.default.createDirectory(atPath: home, withIntermediateDirectories: true)
        for name in names {
            try? FileManager.default.copyItem(atPath: "\(goldenFolder)/\(name)", toPath: path(name))
        }
    }

    deinit { try? FileManager.default.removeItem(atPath: home) }

    func path(_ name: String) -> String { home + (home.hasSuffix("/") ? "" : "/") + name }
    func folder(_ name: String) throws -> ModelFolder { try ModelFolder(path: path(name)) }
    func remove(_ name: String) throws { try FileManager.default.removeItem(atPath: path(name)) }

    func write(_ name: String, _ text: String) throws {
        try text.write(toFile: path(name), atomically: true, encoding: .utf8)
    }

    /// Replaces `old`, which must be there, in a model's config.json.
    func edit(_ name: String, _ old: String, _ new: String) throws {
        let text = try String(contentsOfFile: path(name + "/config.json"), encoding: .utf8)
        #expect(text.contains(old))
        try write(name + "/config.json", text.replacingOccurrences(of: old, with: new))
    }

    /// Gives a tensor a name of the same length that no model reads.
    func renameTensor(_ model: String, _ name: String) throws {
        let file = URL(fileURLWithPath: path(model + "/model.safetensors"))
        var bytes = try Data(contentsOf: file)
        let place = try #require(bytes.range(of: Data("\"\(name)\"".utf8)))
        bytes[place.lowerBound + 1] = UInt8(ascii: "X")
        try bytes.write(to: file)
    }
}
