import Foundation
import Testing
import TrawlCore
import TrawlModels
import TrawlTensors
import TrawlTestSupport
import TrawlTokenizers

@testable import TrawlReranking

/// Conv-KNRM against PyTorch (`eval/parity/conv_knrm_goldens.py`).
@Suite struct ConvKNRMTests {
    private static let golden = TestFiles.golden("tiny-conv-knrm")

    @Test func scoresMatchPyTorch() throws {
        let ranker = try CrossEncoder(folder: Self.golden)
        let pairs = try #require(try JSON(contentsOf: Self.golden + "/golden.json")["pairs"]?.array)
        #expect(pairs.count > 3)
        for pair in pairs {
            let (query, passage) = (try #require(pair["query"]?.string), try #require(pair["passage"]?.string))
            let expected = try #require(pair["score"]?.double)
            let scores = try ranker.scores(query: query, passages: [passage])
            #expect(abs(Double(scores[0]) - expected) < 1e-4, "\(query) | \(passage)")
        }
    }

    @Test func passagesTogetherScoreAsEachAloneOnAnyNumberOfThreads() throws {
        let passages = ["the tower", "", "water and the river of the city", "bridge over the river"]
        let query = "who built the tower"
        let together = try CrossEncoder(folder: Self.golden, pool: ThreadPool(threadCount: 2))
            .scores(query: query, passages: passages)
        let alone = try CrossEncoder(folder: Self.golden, pool: ThreadPool(threadCount: 1))
        for (passage, score) in zip(passages, together) {
            #expect(try alone.scores(query: query, passages: [passage]) == [score])
        }
    }

    /// The known answers of the method's formula: one token of a query beside cosines of 1 and 0.5.
    @Test func kernelsCountWhatIsAlike() {
        let means: [Float] = (0..<10).map { -0.9 + 0.2 * Float($0) } + [1]
        let deviations: [Float] = [Float](repeating: 0.1, count: 10) + [0.001]
        let cosines: [Float] = [1, 0.5]
        var scratch = [Float](repeating: 0, count: 2)
        var sums = [Float](repeating: 0, count: 11)
        var features = sums
        means.withUnsafeBufferPointer { means in
            deviations.withUnsafeBufferPointer { deviations in
                guard let means = means.baseAddress, let deviations = deviations.baseAddress else { return }
                KernelPooling(means: means, deviations: deviations, count: 11)
                    .pool(cosines, rows: 1, columns: 2, stride: 2, scratch: &scratch, sums: &sums, into: &features)
            }
        }
        let expected: [Float] = [
            -13.8155, -13.8155, -13.8155, -13.8155, -13.8004, -7.997, -2, 0, -1.9211, -0.4994, 0,
        ]
        for (feature, answer) in zip(features, expected) { #expect(abs(feature - answer) < 1e-3) }
    }

    @Test(arguments: [
        ("\"filters\": 8", "\"filters\": 9", "convolutions.1.bias"),
        ("\"filters\": 8", "\"filters\": 5000", "'filters' is 5000"),
        ("\"largest_width\": 3", "\"largest_width\": 2", "output.weight"),
        ("\"largest_width\": 3", "\"largest_width\": 9", "'largest_width' is 9"),
        ("\"kernels\": 11", "\"kernels\": 0", "'kernels' is missing or not a size"),
        ("\"kernels\": 11", "\"kernels\": 12", "kernels.means"),
    ]) func sizesThatContradictTheTensorsAreErrors(_ old: String, _ new: String, _ named: String) throws {
        let folder = try TemporaryFolder()
        try folder.copy(Self.golden, to: "ranker")
        let path = folder.path + "/ranker/config.json"
        let text = try String(contentsOfFile: path, encoding: .utf8)
        #expect(text.contains(old))
        try text.replacing(old, with: new).write(toFile: path, atomically: false, encoding: .utf8)
        let error = #expect(throws: TrawlError.self) { try CrossEncoder(folder: folder.path + "/ranker") }
        #expect(error?.message.contains(named) == true, "\(error?.message ?? "")")
    }

    @Test func tokensWithoutAVectorAreErrors() throws {
        let ranker = try ConvKNRM(ModelFolder(path: Self.golden))
        let error = #expect(throws: TrawlError.self) {
            try ranker.scores(of: [EncoderInput(tokens: [1, 999], segments: [0, 1])])
        }
        #expect(error?.code == .invalidInput)
    }

    @Test func itIsNeitherEncoderNorDecoder() throws {
        let model = try ModelFolder(path: Self.golden)
        #expect(!model.isEncoder && !model.isDecoder && !model.isEncoderDecoder)
        #expect(throws: TrawlError.self) { try model.loadDecoder() }
        #expect(throws: TrawlError.self) { try model.loadEncoder() }
    }
}
