import Foundation
import Testing
import TrawlCore
import TrawlTensors
import TrawlTestSupport

@testable import TrawlModels

/// A BERT encoder in the layout of ONNX Runtime's optimiser becomes one of transformers
/// (`eval/parity/onnx_goldens.py`, which ONNX Runtime itself ran).
@Suite struct ONNXTests {
    private let folder: TemporaryFolder
    private let bytes: [UInt8]

    init() throws {
        folder = try TemporaryFolder()
        bytes = try ByteSource(path: TestFiles.golden("tiny-onnx/model_optimized.onnx")).readAll()
    }

    private func converted(_ bytes: [UInt8]) throws -> ModelFolder {
        let path = folder.path("model")
        try? FileManager.default.removeItem(atPath: path)
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        for name in ["config.json", "tokenizer.json"] {
            try FileManager.default.copyItem(
                atPath: TestFiles.golden("tiny-onnx/\(name)"), toPath: path + "/" + name)
        }
        try ONNXEncoder(path: folder.write("model.onnx", bytes)).write(to: path)
        return try ModelFolder(path: path)
    }

    private func failure(_ bytes: [UInt8]) -> String { errorText { _ = try converted(bytes) } }

    /// The bytes of the file with a text in place of another of the same length.
    private func replacing(_ text: String, with other: String) throws -> [UInt8] {
        precondition(text.utf8.count == other.utf8.count)
        var bytes = bytes
        let old = Array(text.utf8)
        let places = bytes.indices.dropLast(old.count).filter { Array(bytes[$0..<$0 + old.count]) == old }
        try #require(!places.isEmpty, "\(text)")
        for place in places { bytes.replaceSubrange(place..<place + old.count, with: other.utf8) }
        return bytes
    }

    @Test func everyTensorHasItsNumbersAndItsName() throws {
        let model = try converted(bytes)
        let origin = try Safetensors(
            path: TestFiles.repository("Tests/RerankingTests/Golden/tiny-cross-encoder-1"))
        let encoder = origin.tensors.filter { $0.name.hasPrefix("bert.e") }
        #expect(model.tensors.tensors.count == encoder.count)
        for tensor in encoder {
            let found = try #require(
                model.tensors.tensor(named: String(tensor.name.dropFirst("bert.".count))), "\(tensor.name)")
            #expect(found.shape == tensor.shape)
            // Word vectors are in half precision.
            let tolerance: Float = tensor.name.contains("word_embeddings") ? 1e-3 : 0
            let (values, expected) = (try found.floats(), try tensor.floats())
            #expect(zip(values, expected).allSatisfy { abs($0 - $1) <= tolerance }, "\(tensor.name)")
        }
    }

    @Test func aFileCutAnywhereIsRefused() throws {
        // The graph ends shortly before the file.
        for length in stride(from: 1, to: bytes.count - 64, by: 331) {
            #expect(failure(Array(bytes[..<length])).contains("model.onnx"), "\(length) bytes")
        }
    }

    @Test func otherModelsAreNamed() throws {
        #expect(failure([0x08, 0x01]).contains("no ONNX graph"))
        #expect(failure(Array(repeating: 0x0B, count: 40)).contains("a kind that is not known"))
        let plain = failure(try replacing("\tAttention", with: "\tAttentive"))
        #expect(plain.contains("without attention"), "\(plain)")
        let nameless = failure(
            try replacing("encoder.layer.0.output.dense.bias", with: "encoder.layer.0.output.dense.vias"))
        #expect(nameless.contains("without a bias"), "\(nameless)")
        let twice = failure(
            try replacing("encoder.layer.1.output.dense.bias", with: "encoder.layer.0.output.dense.bias"))
        #expect(twice.contains("twice"), "\(twice)")
        let renamed = failure(
            try replacing("embeddings.LayerNorm.weight", with: "embeddings.LayerNorm.height"))
        #expect(renamed.contains("embeddings.LayerNorm.weight"), "\(renamed)")
    }
}
