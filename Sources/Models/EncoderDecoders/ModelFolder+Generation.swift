public import TrawlCore
public import TrawlTensors
public import TrawlTokenizers

extension ModelFolder {
    /// Whether an encoder reads the prompt and a decoder writes behind it. A T5 folder with both is one as well as an
    /// encoder.
    public var isEncoderDecoder: Bool {
        switch architecture {
        case .encoderDecoder, .bart, .mbart: true
        case .t5: tensors.prefix(before: T5EncoderDecoder.decoderNorm) != nil
        default: false
        }
    }

    /// Whether it continues texts, and nothing else.
    public var isDecoder: Bool { !isEncoder && !isEncoderDecoder && architecture != .convKNRM }

    /// What writes text: a decoder or an encoder-decoder.
    ///
    /// - Throws: `TrawlError.incompatible` for a model that writes none, or one that names a tensor that is missing or does
    ///   not fit.
    public func loadGenerator(precision: Precision = .f32) throws -> any GenerativeModel {
        isEncoderDecoder ? try EncoderDecoderModel(self, precision: precision) : try loadDecoder(precision: precision)
    }

    /// The token that stands between the passages of an index for this model: its end of a text. nil where neither the model
    /// nor its tokenizer has one.
    ///
    /// - Parameter tokenizer: the model's own.
    /// - Throws: `TrawlError` for files that cannot be read.
    public func boundaryToken(_ tokenizer: Tokenizer) throws -> TokenID? {
        // An encoder-decoder says itself how its texts end; a decoder's tokenizer does, which other tools may correct.
        let own = isEncoderDecoder ? try tokenID("eos_token_id") : nil
        return own ?? tokenizer.eosID ?? tokenizer.sepID
    }

    /// The model that this one leaves tensors to; nil for a complete one.
    package var base: ModelFolder? { (tensors as? CompactTensors)?.base ?? (tensors as? AdaptedTensors)?.base }

    /// Whether it is a decoder that low-rank adapters change.
    package var isAdapted: Bool { adapter != nil }

    /// What changes the decoder `base`; nil for all but adapters' folders.
    package var adapter: LowRankFolder? { (tensors as? AdaptedTensors)?.adapter }

    /// The model that the member `name` of config.json describes.
    ///
    /// - Parameter prefix: what the names of its tensors begin with.
    /// - Throws: `TrawlError.corrupted` where the member is missing, `.unsupported` for another type than BERT.
    func bertMember(_ name: String, tensorPrefix prefix: String) throws -> ModelFolder {
        guard let member = configuration[name] else {
            throw TrawlError(
                .corrupted, "'\(name)' is missing", path: configurationPath, remedy: "download the file again")
        }
        guard member["model_type"]?.string ?? "bert" == "bert" else {
            throw TrawlError(
                .unsupported, "'\(name)' is of the type \(member["model_type"]?.string ?? "?"), not bert",
                path: configurationPath, remedy: "use an encoder-decoder of two BERT models")
        }
        var part = self
        part.architecture = .bert
        part.configuration = member
        part.memberPath = name + "."
        part.tensorPrefix = prefix
        return part
    }

    /// The token that config.json, generation_config.json or a GGUF file gives under `name`, the first of several; nil
    /// where none does.
    func tokenID(_ name: String) throws -> TokenID? {
        if let gguf { return gguf.metadata.integer("tokenizer.ggml." + name).flatMap { TokenID(exactly: $0) } }
        if let id = Self.tokenID(configuration[name]) { return id }
        let file = path + "/generation_config.json"
        return fileExists(file) ? Self.tokenID(try JSON(contentsOf: file)[name]) : try base?.tokenID(name)
    }

    static func tokenID(_ member: JSON?) -> TokenID? {
        (member?.int ?? member?.array?.first?.int).flatMap { TokenID(exactly: $0) }
    }
}
