import Foundation
import Testing
import TrawlCore
import TrawlEmbeddings
import TrawlModels
import TrawlTensors
import TrawlTestSupport

@testable import TrawlTraining

/// The network of late interaction that is trained: against the one that searches use, through its own folder.
@Suite struct BertTokenNetworkTests {
    private static let texts = ["who built the tower", "water, and the river (of) the city bridge!", "city", "paris"]

    private let files: TemporaryFolder
    private let folder: TokenEmbedderFolder

    init() throws {
        files = try TemporaryFolder()
        try files.copy(EmbedderNetworkTests.model, to: "base")
        folder = try TokenEmbedderFolder(path: files.path + "/base")
    }

    private func inputs(_ role: TextRole) -> [[TokenID]] { folder.inputs(of: Self.texts, role, maximum: 48).tokens }

    private static func distance(_ a: [Float], _ b: [Float]) -> Float {
        a.count == b.count ? zip(a, b).map { abs($0 - $1) }.max() ?? 0 : .infinity
    }

    private func disturbed(dimension: Int? = nil) throws -> BertTokenNetwork {
        let network = try BertTokenNetwork(folder, dimension: dimension, samples: inputs(.passage))
        for (index, parameter) in network.parameters.enumerated() where parameter.isTrained {
            let noise = TapeTests.values(parameter.count, seed: UInt64(index), scale: 0.05)
            try parameter.replaceValues(zip(parameter.values, noise).map { $0 + $1 })
        }
        return network
    }

    /// The similarities of all texts as queries with all as passages.
    private func similarities(_ network: BertTokenNetwork) -> [Float] {
        let tape = Tape()
        let (queries, passages) = (inputs(.query), inputs(.passage))
        let embedded = network.embeddings(of: queries + passages, tape)
        return tape.values(
            of: network.similarities(embedded, queries: queries, passages: passages, scale: 1, tape))
    }

    @Test func aWrittenFolderScoresAsTheNetwork() throws {
        let network = try disturbed(dimension: 8)
        let expected = similarities(network)
        #expect(
            Self.distance(expected, similarities(try BertTokenNetwork(folder, dimension: 8, samples: inputs(.passage))))
                > 1e-3)
        for base in [nil, folder.model] {
            let path = files.path + (base == nil ? "/complete" : "/compact")
            try network.write(to: TrainedModelFolder(path: path, storage: .f32, base: base))
            let embedder = try TokenEmbedder(folder: path)
            #expect(embedder.isTrained && embedder.dimension == 8)
            let (queries, passages) = (try embedder.queries(Self.texts), try embedder.passages(Self.texts))
            // Of the marks, those that the vocabulary has.
            let marks = inputs(.passage)[1].count { folder.skipped.contains($0) }
            #expect(marks > 0 && passages.counts[1] == inputs(.passage)[1].count - marks)
            var (found, first) = ([Float](), 0)
            for count in queries.counts {
                var start = 0
                for other in passages.counts {
                    var sum: Float = 0
                    for row in first..<first + count {
                        let products: [Float] = (start..<start + other).map { column in
                            (0..<8).reduce(Float(0)) {
                                $0 + queries.values[row * 8 + $1] * passages.values[column * 8 + $1]
                            }
                        }
                        sum += products.max() ?? 0
                    }
                    found.append(sum)
                    start += other
                }
                first += count
            }
            #expect(Self.distance(found, expected) < 1e-4)
            // It can be trained further.
            let again = try TokenEmbedderFolder(path: path)
            let read = try BertTokenNetwork(again)
            #expect(Self.distance(read.head.values, network.head.values) == 0)
            #expect(Self.distance(similarities(read), expected) < 1e-4)
            #expect(again.inputs(of: Self.texts, .query, maximum: 48).tokens == inputs(.query))
            #expect(throws: TrawlError.self) { try BertTokenNetwork(again, dimension: 16) }
        }
        #expect(!FileManager.default.fileExists(atPath: files.path + "/compact/tokenizer.json"))
    }

    /// Vectors of full length begin as the states, shorter ones as the directions that keep most of them.
    @Test func aProjectionBeginsWithTheLargestDirections() throws {
        let hidden = try BertTokenNetwork(folder).head.columns
        let passages = inputs(.passage)
        func products(_ network: BertTokenNetwork) -> [Float] {
            let values = network.embeddings(of: passages)
            let length = network.head.rows
            let rows = values.count / length
            return (0..<rows * rows).map { index in
                let (a, b) = (index / rows * length, index % rows * length)
                return (0..<length).reduce(0) { $0 + values[a + $1] * values[b + $1] }
            }
        }
        let whole = products(try BertTokenNetwork(folder))
        let states = products(try BertTokenNetwork(folder, dimension: hidden))
        #expect(whole == states)
        var errors: [Float] = []
        for dimension in [hidden / 4, hidden / 2, hidden - 1] {
            let short = products(try BertTokenNetwork(folder, dimension: dimension, samples: passages))
            errors.append(zip(whole, short).reduce(0) { $0 + abs($1.0 - $1.1) } / Float(whole.count))
        }
        #expect(errors == errors.sorted(by: >) && errors[2] < 0.02, "\(errors)")
        #expect(throws: TrawlError.self) { try BertTokenNetwork(folder, dimension: hidden + 1) }
    }

    @Test func gradientsAreThoseOfTheSimilarities() throws {
        let network = try disturbed(dimension: 8)
        let (queries, passages) = (inputs(.query), inputs(.passage))
        try TapeTests.check(network.parameters.filter(\.isTrained), tolerance: 8e-2) {
            network.similarities(
                network.embeddings(of: queries + passages, $0), queries: queries, passages: passages, scale: 1, $0)
        }
    }

    /// Any division of the texts gives the gradient of the whole.
    @Test func aCachedGradientIsThatOfTheWholeStep() throws {
        let network = try disturbed(dimension: 8)
        let (queries, passages) = (inputs(.query), inputs(.passage))
        func gradients(_ microBatch: Int) -> [Float] {
            for parameter in network.parameters { parameter.clearGradient() }
            GradientCache(network: network, microBatch: microBatch).accumulate(queries + passages, on: Tape()) {
                let scores = network.similarities($1, queries: queries, passages: passages, scale: 1, $0)
                _ = $0.loss(of: scores) { values in (0, TapeTests.values(values.count, seed: 7)) }
            }
            return network.parameters.flatMap { $0.gradients ?? [] }
        }
        let whole = gradients(1000)
        let scale = whole.map { abs($0) }.max() ?? 0
        #expect(scale > 0)
        for microBatch in [1, 30] { #expect(Self.distance(gradients(microBatch), whole) < 1e-5 * max(1, scale)) }
    }

    @Test func modelsThatFillQueriesUpAreRefused() throws {
        let error = #expect(throws: TrawlError.self) {
            try TokenEmbedderFolder(
                path: URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
                    .appending(path: "EmbeddingsTests/Golden/tiny-colbert").path)
        }
        #expect(error?.message.contains("mask") == true)
    }
}
