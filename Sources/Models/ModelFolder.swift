package import TrawlCore
public import TrawlTensors
public import TrawlTokenizers

/// What a path that the user calls a model is: a Hugging Face folder (config.json, safetensors, tokenizer.json) or a
/// GGUF file.
///
/// ```
/// let model = try ModelFolder(path: "~/.cache/trawl/models/all-MiniLM-L6-v2")
/// let encoder = try model.loadEncoder()
/// let tokenizer = try model.loadTokenizer()
/// ```
public struct ModelFolder: Sendable {
    /// The families that can be computed.
    public enum Architecture: String, Sendable {
        case bert, roberta, distilbert, mpnet, electra, debertaV2, nomicBert, modernBert, t5, llama, mistral, qwen2,
            qwen3, gemma3
        /// Transformers' `EncoderDecoderModel`: two models of the BERT family in one folder.
        case encoderDecoder
        case bart, mbart
        /// A ranker of its own kind: see `ConvKNRM`.
        case convKNRM
    }

    /// Whether the model gives states of tokens, from which embeddings and rerankers are made, and no next token.
    public var isEncoder: Bool {
        switch architecture {
        case .bert, .roberta, .distilbert, .mpnet, .electra, .debertaV2, .nomicBert, .modernBert, .t5: true
        default: false
        }
    }

    /// The folder, or the GGUF file.
    public private(set) var path: String
    public internal(set) var architecture: Architecture
    /// The name in the file, such as `BertForMaskedLM`, or `llama` in a GGUF file.
    public let architectureName: String
    /// The head of the GGUF file; nil for a Hugging Face folder.
    public let gguf: GGUF?
    public private(set) var tensors: any TensorCollection
    /// The members of config.json; empty for a GGUF file.
    package internal(set) var configuration: JSON
    /// Where `configuration` stands in config.json, with a dot behind it; empty for the whole file.
    var memberPath = ""
    /// What the names of the model's tensors begin with; nil where it has to be found.
    var tensorPrefix: String?

    /// - Throws: `TrawlError.notFound` for a missing path or file, `.unsupported` for another architecture, `.corrupted`.
    public init(path: String) throws { try self.init(path: path, mayHaveBase: true) }

    /// - Parameter mayHaveBase: whether the folder may leave tensors to another.
    private init(path: String, mayHaveBase: Bool) throws {
        if path.hasSuffix(".gguf") || fileExists(path) {
            self = try ModelFolder(ggufPath: path)
        } else if !folderExists(path) {
            throw TrawlError(
                .notFound, "there is no such model", path: path, remedy: "name a model folder or a .gguf file")
        } else if fileExists(path + "/config.json") {
            self = try ModelFolder(folder: path, mayHaveBase: mayHaveBase)
        } else if fileExists(path + "/" + LowRankFolder.settingsName) {
            self = try ModelFolder(
                adapterPath: path, JSON(contentsOf: path + "/" + LowRankFolder.settingsName), mayHaveBase: mayHaveBase)
        } else {
            let files = GGUF.models(among: regularFiles(in: path))
            guard files.count == 1, let file = files.first else {
                throw TrawlError(
                    .notFound, "the folder has neither config.json nor one .gguf file (it has \(files.count))",
                    path: path,
                    remedy: "name the folder that holds config.json, or the .gguf file itself")
            }
            self = try ModelFolder(ggufPath: path + "/" + file)
        }
    }

    init(folder path: String, mayHaveBase: Bool) throws {
        let configurationPath = path + "/config.json"
        configuration = try JSON(contentsOf: configurationPath)
        let name = configuration["architectures"]?.array?.first?.string
        let type = configuration["model_type"]?.string
        if type == LowRankFolder.modelType {
            self = try ModelFolder(adapterPath: path, configuration, mayHaveBase: mayHaveBase)
            return
        }
        switch type {
        case "bert": architecture = .bert
        case "roberta", "xlm-roberta", "camembert": architecture = .roberta
        case "distilbert": architecture = .distilbert
        case "mpnet": architecture = .mpnet
        case "electra": architecture = .electra
        case "deberta-v2": architecture = .debertaV2
        case "nomic_bert": architecture = .nomicBert
        case "modernbert": architecture = .modernBert
        case "t5", "mt5": architecture = .t5
        case "llama": architecture = .llama
        case "mistral": architecture = .mistral
        case "qwen2": architecture = .qwen2
        case "qwen3": architecture = .qwen3
        case "gemma3_text": architecture = .gemma3
        case "encoder-decoder": architecture = .encoderDecoder
        case "bart": architecture = .bart
        case "mbart": architecture = .mbart
        case ConvKNRMConfiguration.modelType: architecture = .convKNRM
        default:
            throw TrawlError(
                .unsupported,
                "the model type '\(type ?? "none")' (\(name ?? "no architecture named")) is not supported",
                path: configurationPath,
                remedy:
                    "use a model of the type bert, roberta, xlm-roberta, distilbert, mpnet, electra, deberta-v2, nomic_bert"
                    + ", modernbert, t5, mt5, llama, mistral, qwen2, qwen3, gemma3_text, encoder-decoder, bart or mbart"
            )
        }
        architectureName = name ?? type ?? ""
        self.path = path
        gguf = nil
        let own = try Safetensors(path: path)
        let compact = try CompactTensors(own, configuration, folder: path, mayHaveBase: mayHaveBase)
        tensors = compact ?? own
        // The tensors of its own have this prefix, those of its base need not.
        if compact != nil, architecture == .bert { tensorPrefix = CrossEncoderNames.prefix }
    }

    /// A decoder as the adapter in a folder changes it: all is the decoder's, but for the path and the added tensors.
    private init(adapterPath path: String, _ configuration: JSON, mayHaveBase: Bool) throws {
        let reference = try BaseReference(configuration, folder: path)
        guard mayHaveBase else { throw reference.corrupted }
        let base = try ModelFolder(path: reference.path, mayHaveBase: false)
        guard base.isDecoder else {
            throw TrawlError(
                .incompatible,
                "the base '\(reference.name)' is a \(base.architectureName), not a decoder: \(base.path)",
                path: path, remedy: "put the decoder that this adapter was made with beside it")
        }
        try reference.requireDigest(of: base)
        self = base
        self.path = path
        tensors = AdaptedTensors(base: base, adapter: try LowRankFolder(path: path))
    }

    private init(ggufPath: String) throws {
        let file = try GGUF(path: ggufPath)
        guard let name = file.metadata.string("general.architecture") else {
            throw TrawlError(
                .corrupted, "general.architecture is missing", path: ggufPath, remedy: "convert the model again")
        }
        guard name == "llama" else {
            throw TrawlError(
                .unsupported, "the architecture '\(name)' is not supported", path: ggufPath,
                remedy: "use a GGUF file of the architecture llama")
        }
        path = ggufPath
        architecture = .llama
        architectureName = name
        gguf = file
        tensors = file
        configuration = .object([])
    }

    /// The member `name` of config.json, which must be a size.
    ///
    /// - Throws: `TrawlError.corrupted` for anything but a whole number from 1 to 2^24.
    func size(_ name: String) throws -> Int {
        guard let value = configuration[name]?.int, value > 0, value <= 1 << 24 else {
            throw TrawlError(
                .corrupted, "'\(memberPath)\(name)' is missing or not a size", path: configurationPath,
                remedy: "download the file again")
        }
        return value
    }

    /// The member `name` of config.json, which must be a number of layers that the tensors can have: what is made for each
    /// layer is not made for more.
    ///
    /// - Throws: `TrawlError.corrupted`.
    func layers(_ name: String) throws -> Int {
        let count = try size(name)
        try tensors.requireLayers(count, "'\(memberPath)\(name)'", path: configurationPath)
        return count
    }

    /// What the names of the tensors of a BERT model begin with.
    package var bertPrefix: String { tensorPrefix ?? BertNames.prefix(in: tensors) }

    /// The file that names the architecture, for messages.
    package var configurationPath: String { gguf == nil ? path + "/config.json" : path }

    /// What gives states of tokens: an encoder, or a decoder used as one.
    ///
    /// - Throws: `TrawlError` that names a tensor that is missing or does not fit; `.incompatible` for an
    ///   encoder-decoder, but for T5.
    public func loadEncoder(precision: Precision = .f32) throws -> any TokenEncoder {
        guard isEncoder || !isEncoderDecoder else {
            throw TrawlError(
                .incompatible, "\(architectureName) is an encoder-decoder, which embeds no texts", path: path,
                remedy: "name an encoder such as a BERT model; encoder-decoders generate")
        }
        return isEncoder
            ? try EncoderModel(self, precision: precision) : try DecoderEncoder(self, precision: precision)
    }

    /// - Throws: `TrawlError.incompatible` when the model is no decoder.
    public func loadDecoder(precision: Precision = .f32) throws -> DecoderModel {
        try DecoderModel(self, precision: precision)
    }

    /// The tokenizer beside the weights, checked to fit them: no id is outside the embedding.
    public func loadTokenizer() throws -> Tokenizer {
        let tokenizer: Tokenizer
        if let gguf {
            tokenizer = try Tokenizer(gguf: try GGUFVocabulary(gguf))
        } else if !fileExists(path + "/tokenizer.json"), let base {
            tokenizer = try base.loadTokenizer()
        } else {
            guard fileExists(path + "/tokenizer.json") else {
                throw TrawlError(
                    .notFound, "the folder has no tokenizer.json", path: path,
                    remedy: "convert the tokenizer with the transformers package (a fast tokenizer's save_pretrained)")
            }
            tokenizer = try Tokenizer(contentsOf: path + "/tokenizer.json")
        }
        let rows = embeddingRows
        guard rows == 0 || tokenizer.vocabularySize <= rows else {
            throw TrawlError(
                .incompatible, "the tokenizer has \(tokenizer.vocabularySize) ids, the model's embedding \(rows) rows",
                path: path, remedy: "use the tokenizer that belongs to these weights")
        }
        return tokenizer
    }

    /// The tokenizer as an index stores it: `tokenizer.json` as it is, or the encoded vocabulary of a GGUF file. See
    /// `Tokenizer.init(stored:path:)`.
    public func tokenizerBytes() throws -> [UInt8] {
        if let gguf { return try GGUFVocabulary(gguf).encoded() }
        if !fileExists(path + "/tokenizer.json"), let base { return try base.tokenizerBytes() }
        return try MappedFile(path: path + "/tokenizer.json").withBytes { Array($0) }
    }

    private var embeddingRows: Int {
        let names = [
            "embeddings.word_embeddings.weight", "embeddings.tok_embeddings.weight", "shared.weight",
            "embed_tokens.weight", "token_embd.weight",
        ]
        return tensors.tensors.first { tensor in names.contains { tensor.name.hasSuffix($0) } }?.shape.first ?? 0
    }

    /// The tokens at which tokenizer_config.json (`model_max_length`) says that inputs are cut, special ones included;
    /// nil where it says nothing or names no real bound, as transformers writes 10^30 for none.
    package func tokenizerMaximum() throws -> Int? {
        let file = path + "/tokenizer_config.json"
        guard gguf == nil, fileExists(file) else { return try base?.tokenizerMaximum() }
        return try JSON(contentsOf: file)["model_max_length"]?.int.flatMap { $0 > 3 ? $0 : nil }
    }

    /// Identifies the weights: 32 hexadecimal digits over the configuration, every tensor's name, type and shape, and
    /// bytes at its begin, middle and end. It tells models apart; it does not prove that no byte was changed.
    ///
    /// - Complexity: three pages of each tensor; milliseconds.
    public var digest: String {
        var hash = StableHash()
        hash.update(architectureName)
        if let gguf, base == nil {
            for key in gguf.metadata.keys where !key.hasPrefix("tokenizer.") && !key.hasPrefix("split.") {
                hash.update(key)
                hash.update(gguf.metadata.description(of: key))
            }
        } else if let file = try? MappedFile(path: path + "/config.json") {
            file.withBytes { hash.update($0) }
        }
        if let base { hash.update(base.digest) }
        if let adapter { hash.update("\(adapter.rank) \(adapter.alpha)") }
        for tensor in tensors.tensors.sorted(by: { $0.name < $1.name }) {
            hash.update("\(tensor.name) \(tensor.type.rawValue) \(tensor.shape)")
            tensor.withBytes { bytes in
                let length = min(64, bytes.count)
                for start in [0, (bytes.count - length) / 2, bytes.count - length] {
                    hash.update(UnsafeRawBufferPointer(rebasing: bytes[start..<start + length]))
                }
            }
        }
        return hash.hexadecimal
    }

    /// Whether tokenizer_config.json says that a text ends in the end token, which tokenizer.json alone may not add.
    package func addsEndToken() throws -> Bool {
        let file = path + "/tokenizer_config.json"
        guard gguf == nil, fileExists(file) else { return try base?.addsEndToken() ?? false }
        return try JSON(contentsOf: file)["add_eos_token"]?.bool ?? false
    }

    /// The chat template in the GGUF file, if any.
    public var chatTemplate: String? { gguf?.metadata.string("tokenizer.chat_template") }
}

/// Two FNV-1a hashes of 64 bits with different bases: the same on every machine and in every version.
package struct StableHash {
    private var low: UInt64 = 0xCBF2_9CE4_8422_2325
    private var high: UInt64 = 0x8422_2325_CBF2_9CE4

    package init() {}

    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        for byte in bytes {
            low = (low ^ UInt64(byte)) &* 0x100_0000_01B3
            high = (high ^ UInt64(byte ^ 0x5C)) &* 0x100_0000_01B3
        }
    }

    /// The text and its end.
    package mutating func update(_ text: String) {
        var text = text + "\u{0}"
        text.withUTF8 { update(UnsafeRawBufferPointer($0)) }
    }

    package var hexadecimal: String {
        [high, low].map { value in
            let digits = String(value, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }
}
