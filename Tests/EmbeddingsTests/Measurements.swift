import Glibc
import Testing
import TrawlCore
import TrawlTestSupport

@testable import TrawlEmbeddings

/// Full parity; run by `TRAWL_MEASURE=FOLDER`, the folder that eval/parity/models_goldens.py filled
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
        let got = try TextEmbedder(folder: TestFiles.model("all-MiniLM-L6-v2")).embed(texts)
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
}
