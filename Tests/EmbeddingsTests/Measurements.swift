import Core
import Glibc
import Models
import Tensors
import Testing

@testable import Embeddings

private let home =
    getenv("TRAWL_HOME").map { String(cString: $0) }
    ?? (getenv("HOME").map { String(cString: $0) } ?? "") + "/.cache/trawl"

/// Full parity and speed; run by `TRAWL_MEASURE=FOLDER`, the folder that eval/parity/models_goldens.py filled
/// (eval/results/model-parity.md has the commands).
@Suite(.serialized, .enabled(if: getenv("TRAWL_MEASURE") != nil)) struct Measurements {
    private let folder = getenv("TRAWL_MEASURE").map { String(cString: $0) } ?? ""

    private func lines(_ name: String) throws -> [String] {
        try MappedFile(path: folder + "/" + name).withBytes {
            String(decoding: $0, as: UTF8.self).split(separator: "\n").map(String.init)
        }
    }

    @Test func embeddingsOfAllTexts() throws {
        let texts = try lines("minilm-texts.txt")
        let file = try MappedFile(path: folder + "/minilm-vectors.f32")
        let got = try TextEmbedder(folder: home + "/models/all-MiniLM-L6-v2").embed(texts)
        #expect(file.count == got.values.count * 4)
        var worst: Float = 0
        file.withBytes { bytes in
            for (index, value) in got.values.enumerated() {
                worst = max(worst, abs(value - bytes.loadUnaligned(fromByteOffset: 4 * index, as: Float.self)))
            }
        }
        print("embeddings: \(texts.count) texts, largest difference \(worst)")
        #expect(worst < 1e-4)
    }

    @Test func embeddingSpeed() throws {
        let texts = try lines("speed-texts.txt")
        let embedder = try TextEmbedder(folder: home + "/models/all-MiniLM-L6-v2")
        _ = try embedder.embed(Array(texts.prefix(8)))
        let took = try ContinuousClock().measure { _ = try embedder.embed(texts) }
        print("embeddings: \(texts.count) texts in \(took)")
    }

    @Test func decodingSpeed() throws {
        let path = home + "/models/smollm2-135m-instruct/SmolLM2-135M-Instruct.Q4_1.gguf"
        let clock = ContinuousClock()
        let session = try ModelFolder(path: path).loadDecoder().makeSession()
        var nodes: [CacheNode] = []
        let prefill = try clock.measure { nodes = try session.prefill([(0..<64).map { TokenID(1000 + $0) }]).nodes }
        for rows in [15, 60] {
            var parents = [CacheNode](repeating: nodes[0], count: rows)
            let took = try clock.measure {
                for step in 0..<10 {
                    parents = try session.advance(
                        parents.enumerated().map { DecodingRow(parent: $1, token: TokenID(2000 + 97 * $0 + step)) }
                    ).nodes
                }
            }
            print("decoding: \(rows) rows, a step \(took / 10)")
        }
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        print("prefill of 64 tokens \(prefill); peak memory of this process \(usage.ru_maxrss / 1024) MB")
    }
}
