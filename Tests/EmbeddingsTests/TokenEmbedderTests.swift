import Foundation
import Testing
import TrawlCore
import TrawlTensors
import TrawlTestSupport

@testable import TrawlEmbeddings

/// Token vectors against those of `eval/parity/late_goldens.py`.
@Suite struct TokenEmbedderTests {
    private struct Golden: Decodable {
        struct Text: Decodable {
            let text: String
            let vectors: [[Float]]
        }
        let queries: [Text]
        let passages: [Text]
    }

    private static func golden(_ name: String) throws -> Golden {
        try JSONDecoder().decode(
            Golden.self, from: Data(contentsOf: URL(fileURLWithPath: TestFiles.golden("\(name)/golden.json"))))
    }

    @Test(arguments: ["tiny-colbert", "tiny-pylate"]) func checkpointsGiveTheReferencesVectors(name: String) throws {
        let embedder = try TokenEmbedder(folder: TestFiles.golden(name))
        let golden = try Self.golden(name)
        #expect(embedder.isTrained && embedder.dimension == 8)
        for (texts, vectors) in [
            (golden.queries, try embedder.queries(golden.queries.map(\.text))),
            (golden.passages, try embedder.passages(golden.passages.map(\.text))),
        ] {
            #expect(vectors.counts == texts.map(\.vectors.count))
            let expected = texts.flatMap { $0.vectors.flatMap { $0 } }
            let largest = zip(vectors.values, expected).reduce(Float(0)) { max($0, abs($1.0 - $1.1)) }
            #expect(largest < 1e-5, "\(largest)")
        }
        // Queries are filled up with mask tokens; the last passage is cut.
        #expect(Set(golden.queries.map(\.vectors.count)).count == 1)
        #expect(try embedder.passages(golden.passages.map(\.text)).cutTexts == 1)
    }

    @Test func aTextHasTheSameVectorsInAnyBatch() throws {
        let texts = try Self.golden("tiny-colbert").passages.map(\.text)
        let all = try TokenEmbedder(folder: TestFiles.golden("tiny-colbert"), pool: ThreadPool(threadCount: 2))
            .passages(texts)
        let one = try TokenEmbedder(folder: TestFiles.golden("tiny-colbert"), pool: ThreadPool(threadCount: 1))
        #expect(try texts.flatMap { try one.passages([$0]).values } == all.values)
    }

    @Test func rangesAreThoseOfTheTokens() throws {
        let embedder = try TokenEmbedder(folder: TestFiles.golden("tiny-colbert"))
        let text = "The moon, pulls"
        let words = embedder.ranges(text, .passage).map { range in
            String(decoding: Array(text.utf8)[range], as: UTF8.self)
        }
        // [CLS] and the marker, the words without the comma, [SEP].
        #expect(words == ["", "", "The", "moon", "pulls", ""])
        #expect(embedder.ranges(text, .passage).count == (try embedder.passages([text])).counts[0])
        let query = embedder.ranges("moon", .query)
        #expect(query.count == 16 && query[2] == 0..<4 && query.filter { !$0.isEmpty }.count == 1)
        let long = String(repeating: "moon ", count: 50)
        #expect(embedder.ranges(long, .passage).count == (try embedder.passages([long])).counts[0])
    }

    /// Any encoder's hidden states will do: special tokens are part of them, and a query is as long as it is.
    @Test func otherEncodersGiveTheirHiddenStates() throws {
        let embedder = try TokenEmbedder(folder: TestFiles.golden("all-poolings"))
        let queries = try embedder.queries(["a", "a b"])
        #expect(!embedder.isTrained && queries.counts[0] < queries.counts[1])
        #expect(queries.values.count == queries.counts.reduce(0, +) * embedder.dimension)
        for start in stride(from: 0, to: queries.values.count, by: embedder.dimension) {
            let length = queries.values[start..<start + embedder.dimension].reduce(0) { $0 + $1 * $1 }
            #expect(abs(length - 1) < 1e-5)
        }
    }

    private func copy(_ name: String, _ change: (String) throws -> Void) throws -> String {
        let folder = try TemporaryFolder()
        let path = folder.path + "/model"
        try FileManager.default.copyItem(atPath: TestFiles.golden(name), toPath: path)
        try change(path)
        return errorText { try TokenEmbedder(folder: path) }
    }

    /// Newer versions of PyLate name the similarity.
    @Test func lateInteractionIsASimilarityThatIsKnown() throws {
        let failure = try copy("tiny-pylate") { path in
            let file = path + "/config_sentence_transformers.json"
            var members =
                try JSONSerialization.jsonObject(with: Data(contentsOf: URL(filePath: file))) as? [String: Any] ?? [:]
            members["similarity_fn_name"] = "MaxSim"
            try JSONSerialization.data(withJSONObject: members).write(to: URL(filePath: file))
        }
        #expect(failure == "nothing was thrown")
    }

    @Test func filesThatDoNotFitAreNamed() throws {
        let shape = try copy("tiny-colbert") { path in
            var writer = SafetensorsWriter()
            for tensor in try Safetensors(path: path).tensors {
                let shape = tensor.name == "linear.weight" ? tensor.shape.reversed() : tensor.shape
                writer.add(tensor.name, shape: shape, try tensor.floats())
            }
            try writer.write(to: path + "/model.safetensors")
        }
        #expect(shape.contains("linear.weight") && shape.contains("[16, 8]"), "\(shape)")
        let marker = try copy("tiny-colbert") { path in
            try #"{"query_token_id": "[nowhere]"}"#.write(
                toFile: path + "/artifact.metadata", atomically: true, encoding: .utf8)
        }
        #expect(marker.contains("[nowhere]") && marker.contains("artifact.metadata"), "\(marker)")
        let short = try copy("tiny-colbert") { path in
            try #"{"query_maxlen": 2}"#.write(toFile: path + "/artifact.metadata", atomically: true, encoding: .utf8)
        }
        #expect(short.contains("leave no space"), "\(short)")
        let dense = try copy("tiny-pylate") { path in
            try #"{"in_features": 12, "out_features": 8, "bias": false}"#.write(
                toFile: path + "/1_Dense/config.json", atomically: true, encoding: .utf8)
        }
        #expect(dense.contains("1_Dense") && dense.contains("16 values"), "\(dense)")
    }
}
