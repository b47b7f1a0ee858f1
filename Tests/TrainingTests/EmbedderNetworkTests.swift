import Foundation
import Testing
import TrawlCore
import TrawlEmbeddings
import TrawlModels
import TrawlTensors
import TrawlTestSupport

@testable import TrawlTraining

/// The embedder that is trained: against the one that searches use, against torch, and through its own folder.
@Suite struct EmbedderNetworkTests {
    static let model = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "RerankingTests/Golden/tiny-cross-encoder-1").path

    private static let texts = [
        "who built the tower", "water and the river of the city bridge", "city", "the capital of france is a city",
    ]

    /// A copy of the tiny BERT as an embedding model.
    static func embedder(_ folder: TemporaryFolder, pooling: String = "mean") throws -> EmbedderFolder {
        try folder.copy(model, to: "base")
        let modules = ["Transformer", "Pooling", "Normalize"].enumerated().map {
            #"{"idx":\#($0.offset),"path":"\#($0.offset == 0 ? "" : "\($0.offset)_\($0.element)")","type":"x.\#($0.element)"}"#
        }
        try folder.write("base/modules.json", "[" + modules.joined(separator: ",") + "]")
        try folder.write("base/1_Pooling/config.json", #"{"pooling_mode":"\#(pooling)"}"#)
        try folder.write(
            "base/config_sentence_transformers.json",
            #"{"prompts":{"query":"the river "},"default_prompt_name":null,"similarity_fn_name":"cosine"}"#)
        return try EmbedderFolder(path: folder.path + "/base")
    }

    static func tokens(_ folder: EmbedderFolder, _ texts: [String] = texts) throws -> [[TokenID]] {
        try TextEmbedder(folder: folder.path).inputs(of: texts, in: EmbeddingPrompt(prefix: ""), maximum: 48).tokens
    }

    static func layers() -> EmbedderAdaptation {
        var adaptation = EmbedderAdaptation()
        adaptation.adapters = nil
        return adaptation
    }

    private static func distance(_ a: [Float], _ b: [Float]) -> Float {
        a.count == b.count ? zip(a, b).map { abs($0 - $1) }.max() ?? 0 : .infinity
    }

    /// Makes the adapters change something.
    private static func disturb(_ network: BertEmbedderNetwork) throws {
        for (index, parameter) in network.parameters.enumerated() where parameter.isTrained {
            let noise = TapeTests.values(parameter.count, seed: UInt64(index), scale: 0.05)
            try parameter.replaceValues(zip(parameter.values, noise).map { $0 + $1 })
        }
    }

    @Test(arguments: ["mean", "cls"]) func itEmbedsAsSearchesDo(pooling: String) throws {
        let files = try TemporaryFolder()
        let folder = try Self.embedder(files, pooling: pooling)
        let network = try BertEmbedderNetwork(folder)
        let expected = try TextEmbedder(folder: folder.path).embed(Self.texts).values
        #expect(Self.distance(network.embeddings(of: try Self.tokens(folder)), expected) < 1e-5)
    }

    @Test func adaptersThatWereNotTrainedChangeNothing() throws {
        let files = try TemporaryFolder()
        let folder = try Self.embedder(files)
        let tokens = try Self.tokens(folder)
        let plain = try BertEmbedderNetwork(folder, adaptation: Self.layers())
        #expect(try BertEmbedderNetwork(folder).embeddings(of: tokens) == plain.embeddings(of: tokens))
    }

    @Test func onlyAdaptersAreTrainedAndOnlyInTheLastLayers() throws {
        let files = try TemporaryFolder()
        let folder = try Self.embedder(files)
        var adaptation = EmbedderAdaptation()
        adaptation.layers = 1
        let trained = try BertEmbedderNetwork(folder, adaptation: adaptation).parameters.filter(\.isTrained).map(\.name)
        // Query, key, value, output and both layers of the feed-forward block.
        #expect(trained.count == 12)
        #expect(trained.filter { !($0.contains("layer.1.") && $0.contains(".lora_")) }.isEmpty)
        var layers = Self.layers()
        layers.layers = 1
        let whole = try BertEmbedderNetwork(folder, adaptation: layers).parameters.filter(\.isTrained).map(\.name)
        #expect(whole.filter { !$0.hasPrefix("encoder.layer.1.") }.isEmpty)
        #expect(whole.count == 16)
    }

    @Test(arguments: ["mean", "cls"]) func gradientsAreThoseOfTheEmbeddings(pooling: String) throws {
        let files = try TemporaryFolder()
        let folder = try Self.embedder(files, pooling: pooling)
        let tokens = try Self.tokens(folder)
        let network = try BertEmbedderNetwork(folder)
        try Self.disturb(network)
        try TapeTests.check(network.parameters.filter(\.isTrained), tolerance: 5e-2) {
            network.embeddings(of: tokens, $0)
        }
    }

    /// The merged matrices, through files: complete and beside the base.
    @Test func aWrittenFolderEmbedsAsTheNetwork() throws {
        let files = try TemporaryFolder()
        let folder = try Self.embedder(files)
        let tokens = try Self.tokens(folder)
        let network = try BertEmbedderNetwork(folder)
        try Self.disturb(network)
        let expected = network.embeddings(of: tokens)
        let start = try BertEmbedderNetwork(folder).embeddings(of: tokens)
        #expect(Self.distance(expected, start) > 1e-3)
        for base in [nil, folder.model] {
            let path = files.path + (base == nil ? "/complete" : "/compact")
            try network.write(to: TrainedModelFolder(path: path, storage: .f32, base: base))
            let read = try EmbedderFolder(path: path)
            let again = try BertEmbedderNetwork(read, adaptation: Self.layers())
            #expect(Self.distance(again.embeddings(of: tokens), expected) < 1e-5)
            let embedder = try TextEmbedder(folder: path)
            #expect(Self.distance(try embedder.embed(Self.texts).values, expected) < 1e-5)
            #expect(embedder.prompts == ["query": "the river "])
            #expect(embedder.isNormalised)
            #expect(embedder.maximumTokens == 64)
        }
        let names = Set(try Safetensors(path: files.path + "/complete").tensors.map(\.name))
        #expect(names.contains("embeddings.word_embeddings.weight") && names.contains("pooler.dense.weight"))
        // A compact folder that replaces a complete one reads the tokenizer of its base.
        let tokenizer = files.path + "/complete/tokenizer.json"
        #expect(FileManager.default.fileExists(atPath: tokenizer))
        try network.write(to: TrainedModelFolder(path: files.path + "/complete", storage: .f32, base: folder.model))
        #expect(!FileManager.default.fileExists(atPath: tokenizer))
        let replaced = try TextEmbedder(folder: files.path + "/complete")
        #expect(Self.distance(try replaced.embed(Self.texts).values, expected) < 1e-5)
    }

    @Test func otherModelsAreRefused() throws {
        let files = try TemporaryFolder()
        _ = try Self.embedder(files, pooling: "max")
        let error = #expect(throws: TrawlError.self) {
            try BertEmbedderNetwork(EmbedderFolder(path: files.path + "/base"))
        }
        #expect(error?.message.contains("max") == true)
        try files.write(
            "base/modules.json",
            #"[{"path":"","type":"x.Transformer"},{"path":"1_Pooling","type":"x.Pooling"},{"path":"2_Dense","type":"x.Dense"}]"#
        )
        #expect(throws: TrawlError.self) { try BertEmbedderNetwork(EmbedderFolder(path: files.path + "/base")) }
    }

    /// Any division of the texts gives the gradient of the whole.
    @Test func aCachedGradientIsThatOfTheWholeStep() throws {
        let files = try TemporaryFolder()
        let folder = try Self.embedder(files)
        let texts = try Self.tokens(folder, Self.texts + ["the bridge", "paris"])
        let network = try BertEmbedderNetwork(folder)
        try Self.disturb(network)
        func gradients(_ microBatch: Int) -> ([Float], Int) {
            for parameter in network.parameters { parameter.clearGradient() }
            GradientCache(network: network, microBatch: microBatch).accumulate(texts, on: Tape()) { tape, embedded in
                let scores = tape.similarities(
                    tape.rows([0, 1], of: embedded), tape.rows([2, 3, 4, 5], of: embedded), scale: 20)
                _ = tape.loss(of: scores) { values in
                    let rows = [
                        ContrastiveRow(positive: 0, group: [0, 1], labels: [0.6, 0.4], masked: []),
                        ContrastiveRow(positive: 2, group: [2, 3], labels: [0.7, 0.3], masked: [1]),
                    ]
                    return (0, EmbeddingLoss.contrastive(values, columns: 4, rows, softWeight: 1).slopes)
                }
            }
            let order = Array(texts.indices)
            return (
                network.parameters.flatMap { $0.gradients ?? [] },
                GradientCache.parts(order, of: texts, microBatch: microBatch).count
            )
        }
        let whole = gradients(1000)
        let scale = whole.0.map { abs($0) }.max() ?? 0
        #expect(whole.1 == 1 && scale > 0)
        let three = 3 * (texts.map(\.count).max() ?? 0)
        for microBatch in [1, three] {
            let cached = gradients(microBatch)
            #expect(microBatch == 1 ? cached.1 == texts.count : cached.1 > 1)
            #expect(Self.distance(cached.0, whole.0) < 1e-5 * max(1, scale))
        }
    }

    /// One step as torch computes it: see eval/parity/embedder_training_goldens.py.
    @Test func aStepsLossAndGradientMatchTorch() throws {
        let path = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Golden/embedder-step.json")
            .path
        let golden = try JSON(contentsOf: path)
        func texts(_ json: JSON?) -> [String] { (json?.array ?? []).compactMap(\.string) }
        func numbers(_ json: JSON?) -> [Double] { (json?.array ?? []).compactMap(\.double) }
        let files = try TemporaryFolder()
        let folder = try Self.embedder(files)
        let network = try BertEmbedderNetwork(folder, adaptation: Self.layers())
        let queries = texts(golden["queries"])
        let groups = (golden["groups"]?.array ?? []).map { texts($0) }
        let labels = (golden["labels"]?.array ?? []).map { numbers($0) }
        let inputs = try Self.tokens(folder, queries + groups.flatMap { $0 })
        let rows = groups.indices.map { index in
            ContrastiveRow(
                positive: 3 * index, group: Array(3 * index..<3 * index + 3), labels: labels[index], masked: [])
        }
        let temperature = try #require(golden["temperature"]?.double)
        let count = queries.count
        let (hard, soft) = GradientCache(network: network, microBatch: 1000).accumulate(inputs, on: Tape()) {
            tape, embedded in
            let scores = tape.similarities(
                tape.rows(Array(0..<count), of: embedded), tape.rows(Array(count..<inputs.count), of: embedded),
                scale: Float(1 / temperature))
            var losses = (0.0, 0.0)
            _ = tape.loss(of: scores, scale: 1 / Float(count)) { values in
                let found = EmbeddingLoss.contrastive(values, columns: inputs.count - count, rows, softWeight: 1)
                losses = (found.hard.reduce(0, +) / Double(count), found.soft.reduce(0, +) / Double(count))
                return (0, found.slopes)
            }
            return losses
        }
        #expect(abs(hard - (try #require(golden["hard"]?.double))) < 1e-4)
        #expect(abs(soft - (try #require(golden["soft"]?.double))) < 1e-4)
        let name = try #require(golden["weight"]?.string)
        let gradient = try #require(network.parameters.first { $0.name == name }?.gradients)
        let norm = gradient.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
        #expect(abs(norm - (try #require(golden["norm"]?.double))) < 1e-3)
        for (found, expected) in zip(gradient, numbers(golden["values"])) {
            #expect(abs(Double(found) - expected) < 1e-4)
        }
    }
}
