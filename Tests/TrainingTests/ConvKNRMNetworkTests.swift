import Foundation
import Testing
import TrawlCore
import TrawlModels
import TrawlTensors
import TrawlTestSupport
import TrawlTokenizers

@testable import TrawlTraining

/// The Conv-KNRM ranker that is trained: against PyTorch's gradients, and through its own folder.
@Suite struct ConvKNRMNetworkTests {
    private static let golden = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "RerankingTests/Golden/tiny-conv-knrm").path

    private static func pairs() throws -> (inputs: [EncoderInput], scores: [Double], gradients: JSON) {
        let golden = try JSON(contentsOf: Self.golden + "/golden.json")
        let pairs = try #require(golden["pairs"]?.array)
        let inputs = pairs.map { pair in
            let ids = (pair["ids"]?.array ?? []).map { ($0.array ?? []).compactMap(\.int).map { TokenID($0) } }
            let input = PairTemplate.plain.input(ids[0], ids[1], maximum: 100)
            return EncoderInput(tokens: input.tokens, segments: input.segments)
        }
        return (inputs, pairs.compactMap { $0["score"]?.double }, try #require(golden["gradients"]))
    }

    @Test func scoresAndGradientsMatchPyTorch() throws {
        let network = try ConvKNRMNetwork(ModelFolder(path: Self.golden))
        let (inputs, expected, gradients) = try Self.pairs()
        let tape = Tape()
        let scores = network.scores(of: inputs, tape)
        for (score, answer) in zip(tape.values(of: scores), expected) { #expect(abs(Double(score) - answer) < 1e-4) }
        #expect(scores.count == expected.count)
        // The loss of the script: the number of a pair times its score.
        _ = tape.loss(of: scores) { _ in (0, inputs.indices.map { Float($0 + 1) }) }
        tape.backward()
        for parameter in network.parameters where parameter.isTrained {
            let found = try #require(parameter.gradients)
            var answer = (gradients[parameter.name]?.array ?? []).compactMap(\.double)
            #expect(answer.count == found.count, "\(parameter.name)")
            // The kernel of equal n-grams stays as it is.
            if parameter.name.hasPrefix("kernels.") { answer[answer.count - 1] = 0 }
            let largest = answer.map { abs($0) }.max() ?? 0
            for (value, exact) in zip(found, answer) {
                #expect(abs(Double(value) - exact) < 2e-4 * max(1, largest), "\(parameter.name)")
            }
        }
        #expect(network.parameters.first?.gradients == nil)
    }

    @Test func aWrittenFolderScoresAsTheNetwork() throws {
        let folder = try TemporaryFolder()
        let bert = try ModelFolder(
            path: URL(filePath: Self.golden).deletingLastPathComponent().appending(path: "tiny-cross-encoder-1").path)
        try folder.copy(bert.path, to: "start")
        let model = try ModelFolder(path: folder.path + "/start")
        let network = try ConvKNRMNetwork(model, seed: 3)
        let inputs = [
            EncoderInput(tokens: [20, 21, 22, 23, 24], segments: [0, 0, 1, 1, 1]),
            EncoderInput(tokens: [20], segments: [0]),
        ]
        let expected = network.scores(of: inputs)
        #expect(expected.allSatisfy { $0.isFinite })
        var sizes: [Int] = []
        for base in [nil, model] as [ModelFolder?] {
            let output = TrainedModelFolder(
                path: folder.path + (base == nil ? "/complete" : "/compact"), storage: .f32, base: base)
            try network.write(to: output, beginningWith: model)
            let read = try ModelFolder(path: output.path)
            #expect(try ConvKNRMNetwork(read).scores(of: inputs) == expected)
            for (score, answer) in zip(try ConvKNRM(read).scores(of: inputs), expected) {
                #expect(abs(score - answer) < 1e-4)
            }
            #expect(try read.loadTokenizer().vocabularySize == model.loadTokenizer().vocabularySize)
            sizes.append(try Data(contentsOf: URL(filePath: output.path + "/model.safetensors")).count)
        }
        // The word vectors are the base's.
        #expect(sizes[0] - sizes[1] > 4 * network.vocabularySize * network.configuration.wordSize)
    }

    @Test func whatABERTModelDoesNotHaveIsDrawnBySeed() throws {
        let bert = try ModelFolder(
            path: URL(filePath: Self.golden).deletingLastPathComponent().appending(path: "tiny-cross-encoder-1").path)
        func drawn(_ seed: UInt64) throws -> [Float] {
            try ConvKNRMNetwork(bert, seed: seed).parameters.filter(\.isTrained).flatMap(\.values)
        }
        #expect(try drawn(1) == drawn(1))
        #expect(try drawn(1) != drawn(2))
        let words = try bert.tensors.requiredTensor("bert.embeddings.word_embeddings.weight").floats()
        #expect(try ConvKNRMNetwork(bert).parameters.first?.values == words)
    }

    @Test func anotherArchitectureIsRefused() throws {
        let folder = URL(filePath: Self.golden).deletingLastPathComponent()
        let error = #expect(throws: TrawlError.self) {
            try ConvKNRMNetwork(ModelFolder(path: folder.appending(path: "tiny-distilbert").path))
        }
        #expect(error?.code == .unsupported)
    }

    private static func passage(_ number: Int) -> [TokenID] {
        [0, 1, 4, 9].map { (offset: Int) -> TokenID in TokenID(5 + (3 * number + offset) % 14) }
    }

    /// Eight queries, each with one relevant passage of three.
    @Test func fewExamplesAreLearntByHeartWithAnyNumberOfThreads() throws {
        var found: [[Float]] = []
        for threads in [1, 2] {
            let network = try ConvKNRMNetwork(ModelFolder(path: Self.golden))
            var settings = RerankerObjective.Settings()
            (settings.examples.queriesPerStep, settings.examples.negatives) = (8, 2)
            let collection = JudgedCollection(
                passages: (0..<24).map { Self.passage($0) },
                queries: (0..<8).map { query in
                    .init(
                        tokens: [TokenID(5 + query)],
                        ranking: (0..<3).map { offset in
                            .init(
                                passage: 3 * query + offset, score: Float(3 - offset), isRelevant: offset == query % 3)
                        })
                })
            let examples = try RerankExamples([collection], template: .plain, settings: settings.examples)
            var training = TrainingSettings()
            training.steps = 120
            training.learningRate.peak = 1e-2
            let trainer = try Trainer(
                RerankerObjective(network, examples: examples, settings: settings), settings: training,
                pool: ThreadPool(threadCount: threads))
            var losses: [Double] = []
            try trainer.run {
                losses.append($0.loss)
                return true
            }
            let last = try #require(losses.last)
            #expect(last < 0.5 * losses[0])
            found.append(network.parameters.filter(\.isTrained).flatMap(\.values))
        }
        #expect(found[0] == found[1])
    }
}

@Suite struct NGramTapeTests {
    @Test func ngramsEndWithTheirText() {
        let tape = Tape()
        let bias = Parameter(name: "bias", rows: 1, columns: 1, isVector: true, rateFactor: 1, values: [1000])
        let places = [
            tape.constant([1, 2, 3], rows: 3, columns: 1), tape.constant([10, 20, 30], rows: 3, columns: 1),
            tape.constant([100, 200, 300], rows: 3, columns: 1),
        ]
        #expect(
            tape.values(of: tape.ngrams(places, bias: bias, tokens: [0, 1, 2, 0, 2], spans: [0..<2, 2..<5]))
                == [1021, 1002, 1313, 1031, 1003])
    }

    @Test func gradientsOfNGramsAreTheSumsOfTheirParts() throws {
        let (one, two) = (TapeTests.parameter(4, 3, seed: 4), TapeTests.parameter(4, 3, seed: 5))
        let bias = TapeTests.parameter(1, 3, seed: 6)
        try TapeTests.check([one, two, bias]) { tape in
            tape.ngrams(
                [TapeTests.input(one, tape), TapeTests.input(two, tape)], bias: bias, tokens: [3, 0, 0, 1, 3],
                spans: [0..<3, 3..<4, 4..<5])
        }
    }

    @Test func kernelsPassGradientsToRowsAndThemselves() throws {
        let x = TapeTests.parameter(7, 4, seed: 5)
        let means = Parameter(
            name: "means", rows: 1, columns: 3, isVector: true, rateFactor: 1, values: [-0.5, 0.2, 0.7])
        let deviations = Parameter(
            name: "deviations", rows: 1, columns: 3, isVector: true, rateFactor: 1, values: [0.5, 0.4, 0.6])
        try TapeTests.check([x, means, deviations]) { tape in
            let rows = tape.unitRows(TapeTests.input(x, tape))
            return tape.kernelPooling(
                [rows], pairs: [.init(query: 0..<2, passage: 2..<5), .init(query: 5..<6, passage: 6..<7)], means: means,
                deviations: deviations, trained: 3)
        }
    }
}
