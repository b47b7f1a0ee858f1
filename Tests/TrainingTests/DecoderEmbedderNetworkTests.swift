import Foundation
import Testing
import TrawlCore
import TrawlEmbeddings
import TrawlModels
import TrawlTensors
import TrawlTestSupport

@testable import TrawlTraining

/// The decoder that is trained as an embedder: against the one that searches use, against torch and peft
/// (`eval/parity/embedder_adapter_goldens.py`), and through its own folder.
@Suite struct DecoderEmbedderNetworkTests {
    private static let goldens = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().path
    private static let texts = ["who built the tower", "water and the river of the city bridge", "city"]

    private let files: TemporaryFolder
    private let folder: EmbedderFolder

    init() throws {
        files = try TemporaryFolder()
        try files.copy(Self.goldens + "/EmbeddingsTests/Golden/tiny-qwen3", to: "base")
        folder = try EmbedderFolder(path: files.path + "/base")
    }

    private func tokens(_ texts: [String] = Self.texts, prompt: String = "") throws -> [[TokenID]] {
        try TextEmbedder(folder: folder.path).inputs(of: texts, in: EmbeddingPrompt(prefix: prompt), maximum: 60).tokens
    }

    private static func distance(_ a: [Float], _ b: [Float]) -> Float {
        a.count == b.count ? zip(a, b).map { abs($0 - $1) }.max() ?? 0 : .infinity
    }

    private static func disturb(_ parameters: [Parameter]) throws {
        for (index, parameter) in parameters.enumerated() {
            let noise = TapeTests.values(parameter.count, seed: UInt64(index), scale: 0.05)
            try parameter.replaceValues(zip(parameter.values, noise).map { $0 + $1 })
        }
    }

    @Test func itEmbedsAsSearchesDo() throws {
        let expected = try TextEmbedder(folder: folder.path).embed(Self.texts, prompt: "").values
        #expect(Self.distance(try DecoderEmbedderNetwork(folder).embeddings(of: tokens()), expected) < 1e-5)
    }

    /// Qwen2's projections have biases; a bare decoder gets mean pooling.
    @Test func aBareDecoderEmbedsByTheMeanOfItsStates() throws {
        let bare = try EmbedderFolder(path: Self.goldens + "/ModelsTests/Golden/tiny-qwen2")
        #expect(!bare.isEmbedder)
        let texts: [[TokenID]] = [[3, 4, 5, 6, 7], [9, 8]]
        let network = try DecoderEmbedderNetwork(bare)
        var expected: [Float] = []
        try bare.model.loadEncoder().encode(texts.map { EncoderInput(tokens: $0) }, pool: .shared) { index, states in
            let width = states.count / texts[index].count
            var mean = (0..<width).map { column in
                stride(from: column, to: states.count, by: width).reduce(Float(0)) { $0 + states[$1] }
            }
            mean.scaleToUnitLength()
            expected += mean
        }
        #expect(Self.distance(network.embeddings(of: texts), expected) < 1e-5)
        try Self.disturb(network.parameters)
        try TapeTests.check(network.parameters, tolerance: 5e-2) { network.embeddings(of: texts, $0) }
    }

    @Test func gradientsAreThoseOfTheEmbeddings() throws {
        let network = try DecoderEmbedderNetwork(folder)
        try Self.disturb(network.parameters)
        let tokens = try tokens()
        try TapeTests.check(network.parameters, tolerance: 5e-2) { network.embeddings(of: tokens, $0) }
    }

    @Test func aStepsLossAndGradientsAreThoseOfPeft() throws {
        let golden = try JSON(
            contentsOf: Self.goldens + "/TrainingTests/Golden/embedder-adapter-step.json")
        func numbers(_ json: JSON?) -> [Float] { (json?.array ?? []).compactMap(\.double).map { Float($0) } }
        func texts(_ json: JSON?) -> [String] { (json?.array ?? []).compactMap(\.string) }
        var adaptation = EmbedderAdaptation()
        adaptation.adapters?.rank = try #require(golden["rank"]?.int)
        adaptation.adapters?.alpha = Float(try #require(golden["alpha"]?.int))
        let network = try DecoderEmbedderNetwork(folder, adaptation: adaptation)
        #expect(network.parameters.count == golden["parameters"]?.members?.count)
        for parameter in network.parameters {
            try parameter.replaceValues(numbers(golden["parameters"]?[parameter.name]))
        }
        let queries = try tokens(texts(golden["queries"]), prompt: "Instruct: find what answers\nQuery: ")
        let passages = try tokens((golden["groups"]?.array ?? []).flatMap { texts($0) })
        let rows = queries.indices.map { ContrastiveRow(positive: 2 * $0, group: [2 * $0], labels: [1], masked: []) }
        let scale = 1 / Float(try #require(golden["temperature"]?.double))
        // In one part and in many.
        for microBatch in [1000, 1] {
            for parameter in network.parameters { parameter.clearGradient() }
            let loss = GradientCache(network: network, microBatch: microBatch).accumulate(
                queries + passages, on: Tape()
            ) { tape, embedded in
                let scores = network.similarities(embedded, queries: queries, passages: passages, scale: scale, tape)
                var loss = 0.0
                _ = tape.loss(of: scores, scale: 1 / Float(rows.count)) { values in
                    let found = EmbeddingLoss.contrastive(values, columns: passages.count, rows, softWeight: 0)
                    loss = found.hard.reduce(0, +) / Double(rows.count)
                    return (0, found.slopes)
                }
                return loss
            }
            #expect(abs(loss - (try #require(golden["loss"]?.double))) < 1e-4)
            for parameter in network.parameters {
                let expected = numbers(golden["gradients"]?[parameter.name])
                let found = try #require(parameter.gradients)
                let largest = expected.map { abs($0) }.max() ?? 0
                for (number, index) in stride(from: 0, to: found.count, by: max(1, found.count / 8)).enumerated() {
                    #expect(abs(found[index] - expected[number]) < 1e-4 + 1e-3 * largest, "\(parameter.name)")
                }
            }
        }
    }

    @Test(arguments: [nil, 2]) func aWrittenFolderEmbedsAsTheNetwork(_ layers: Int?) throws {
        var adaptation = EmbedderAdaptation()
        adaptation.layers = layers
        let network = try DecoderEmbedderNetwork(folder, adaptation: adaptation)
        #expect(network.parameters.count == 2 * 7 * (layers ?? 3))
        try Self.disturb(network.parameters)
        let tokens = try tokens()
        let expected = network.embeddings(of: tokens)
        #expect(Self.distance(expected, try DecoderEmbedderNetwork(folder).embeddings(of: tokens)) > 1e-3)
        // Each replaces the one before it, of which nothing may be left.
        let path = files.path + "/written"
        for isComplete in [false, true, false] {
            try network.write(
                to: TrainedModelFolder(path: path, storage: .f32, base: folder.model, isComplete: isComplete))
            let embedder = try TextEmbedder(folder: path)
            #expect(Self.distance(try embedder.embed(Self.texts, prompt: "").values, expected) < 1e-5)
            #expect(embedder.prompts["query"] == "Instruct: find what answers\nQuery: ")
            #expect(embedder.isNormalised && embedder.maximumTokens == 60)
            #expect(try embedder.digest != TextEmbedder(folder: folder.path).digest)
            // It is trained on from where it ended.
            let again = try DecoderEmbedderNetwork(EmbedderFolder(path: path), adaptation: adaptation)
            #expect(again.parameters.map(\.name) == network.parameters.map(\.name))
            let isEqual = again.parameters.map(\.values) == network.parameters.map(\.values)
            #expect(isEqual)
            // What peft loads: the path of the decoder, and the tokenizer.
            let settings = try JSON(contentsOf: path + "/adapter_config.json")
            #expect(settings["task_type"]?.string == "FEATURE_EXTRACTION")
            #expect(settings["base_model_name_or_path"]?.string == (isComplete ? folder.path : "base"))
            #expect(settings["layers_to_transform"]?.array?.compactMap(\.int) == (layers == nil ? nil : [1, 2]))
            #expect(FileManager.default.fileExists(atPath: path + "/tokenizer.json") == isComplete)
            #expect(FileManager.default.fileExists(atPath: path + "/config.json") != isComplete)
            #expect(TrainedModelFolder.holdsModel(path))
            try TrainedModelFolder.requireOwn(path)
        }
    }

    /// What peft writes by itself: no config.json, and no mark of ours.
    @Test func anAdapterOfPeftsIsReadAndNotWrittenOver() throws {
        let path = files.path + "/theirs"
        try DecoderEmbedderNetwork(folder).write(
            to: TrainedModelFolder(path: path, base: folder.model, isComplete: true))
        let expected = try TextEmbedder(folder: path).embed(Self.texts).values
        let file = URL(filePath: path + "/adapter_config.json")
        var settings = try #require(
            try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any])
        for name in settings.keys where name.hasPrefix("trawl_") { settings[name] = nil }
        settings["base_model_name_or_path"] = "someone/base"
        try JSONSerialization.data(withJSONObject: settings).write(to: file)
        #expect(try TextEmbedder(folder: path).embed(Self.texts).values == expected)
        #expect(throws: TrawlError.self) { try TrainedModelFolder.requireOwn(path) }
        settings["base_model_name_or_path"] = "someone/other"
        try JSONSerialization.data(withJSONObject: settings).write(to: file)
        let error = #expect(throws: TrawlError.self) { try TextEmbedder(folder: path) }
        #expect(error?.message.contains("other") == true)
    }

    @Test func whatCannotBeTrainedIsRefusedBeforeTheSearch() throws {
        func expectRefusal(_ word: String, _ change: (inout EmbedderAdaptation) -> Void = { _ in }) {
            var adaptation = EmbedderAdaptation()
            change(&adaptation)
            let error = #expect(throws: TrawlError.self) {
                try DecoderEmbedderNetwork.requireTrainable(EmbedderFolder(path: files.path + "/base"), adaptation)
            }
            #expect(error?.code == .unsupported && error?.message.contains(word) == true && error?.remedy != nil)
        }
        expectRefusal("layers of a decoder") { $0.adapters = nil }
        expectRefusal("4 layers") { $0.layers = 4 }
        try files.write("base/1_Pooling/config.json", #"{"pooling_mode":"max"}"#)
        expectRefusal("max")
        let bidirectional = try EmbedderFolder(path: Self.goldens + "/ModelsTests/Golden/tiny-mistral-bidirectional")
        #expect(throws: TrawlError.self) { try DecoderEmbedderNetwork.requireTrainable(bidirectional, .init()) }
    }

    // MARK: instructions and examples

    @Test func anInstructionIsKeptAndExamplesFollowIt() throws {
        // A decoder that tells of no template.
        try files.write("base/config_sentence_transformers.json", #"{"prompts":{},"similarity_fn_name":"cosine"}"#)
        let instructed = try EmbedderFolder(path: folder.path).instructed("find the tower")
        let network = try DecoderEmbedderNetwork(instructed)
        let path = files.path + "/written"
        try network.write(to: TrainedModelFolder(path: path, base: folder.model))
        let embedder = try TextEmbedder(folder: path)
        #expect(try embedder.prompt(for: .query).prefix == "Instruct: find the tower\nQuery: ")
        #expect(try embedder.prompt(for: .passage).prefix == "")
        let shown = try embedder.prompt(
            for: .query, examples: [InstructionExample(query: "river", passage: "water")])
        #expect(
            shown.prefix
                == "Instruct: find the tower\nQuery: river\nResponse: water\n\nInstruct: find the tower\nQuery: ")
        #expect(try EmbedderFolder(path: path).queryInstruction == "find the tower")
    }

    @Test func aModelLikeE5KeepsItsOwnTaskBehindExamples() throws {
        let shown = try folder.instructed(nil, showsExamples: true)
        #expect(folder.template == .e5Instruct && shown.template == .anna)
        #expect(shown.queryInstruction == "find what answers")
        #expect(try folder.instructed(nil).template == .e5Instruct)
    }

    @Test func aPromptThatEndsInAMarkKeepsIt() throws {
        try files.write(
            "base/config_sentence_transformers.json",
            #"{"prompts":{"query":"<instruct>find\n<query>"},"similarity_fn_name":"cosine"}"#)
        let prompt = try TextEmbedder(folder: folder.path).prompt(for: .query)
        #expect(prompt.prefix == "<instruct>find\n<query>" && prompt.suffix == "\n<response>")
    }

    @Test func anEncoderWithoutInstructionsAndAnUnknownTemplateAreRefused() throws {
        let bert = try EmbedderFolder(path: EmbedderNetworkTests.model)
        #expect(throws: TrawlError.self) { try bert.instructed("find") }
        #expect(throws: TrawlError.self) { try bert.instructed(nil, showsExamples: true) }
        try files.write("base/config_sentence_transformers.json", #"{"prompts":{},"trawl_template":"other"}"#)
        let error = #expect(throws: TrawlError.self) { try EmbedderFolder(path: folder.path) }
        #expect(error?.message.contains("other") == true && error?.remedy?.contains("lg-anna") == true)
    }

    /// Eight queries with a passage each; queries 0 and 1 have the same one.
    private func examples(shown: Int?) throws -> EmbedderExamples {
        var settings = EmbedderExamples.Settings()
        (settings.queriesPerStep, settings.negatives, settings.maximumTokens) = (8, 1, 16)
        settings.shown = shown
        let collection = JudgedCollection(
            passages: (0..<9).map { [TokenID(50 + $0)] },
            queries: (0..<8).map { query in
                JudgedRanking(
                    tokens: [TokenID(query)],
                    ranking: [
                        .init(passage: max(1, query), score: 2, isRelevant: true),
                        .init(passage: 8, score: 1, isRelevant: false),
                    ])
            })
        return try EmbedderExamples(
            [collection],
            showing: [
                { query, shown, maximum in
                    shown.flatMap { [TokenID(100 + $0.query), TokenID(50 + $0.passage)] }
                        + [TokenID(query), TokenID(1000 + maximum)]
                }
            ], settings: settings)
    }

    @Test func queriesAreShownOthersOfTheStepButNeverTheirOwnAnswer() throws {
        let examples = try examples(shown: 3)
        var counts: Set<Int> = []
        for number in 0..<20 {
            let step = TrainingStep(number: number, seed: 1)
            let batch = examples.batch(of: step)
            #expect(batch.texts == examples.batch(of: step).texts)
            for text in batch.texts.prefix(8) {
                #expect(text.last == TokenID(1000 + 4 * 16))
                let query = Int(text[text.count - 2])
                let shown = text.dropLast(2)
                counts.insert(shown.count / 2)
                let queries = shown.filter { $0 >= 100 }.map { Int($0) - 100 }
                #expect(Set(queries).count == queries.count)
                #expect(!queries.contains(query) && !shown.contains(TokenID(50 + max(1, query))))
                #expect(zip(queries, shown.filter { $0 < 100 }).allSatisfy { $1 == TokenID(50 + max(1, $0)) })
            }
        }
        #expect(counts == [0, 1, 2, 3])
    }

    @Test func whoIsShownNothingReadsTheQueryAlone() throws {
        let step = TrainingStep(number: 3, seed: 1)
        let texts = try [nil, 0].map { try examples(shown: $0).batch(of: step).texts }
        #expect(texts[0] == texts[1])
        #expect(texts[0].prefix(8).allSatisfy { $0.count == 1 })
    }
}
