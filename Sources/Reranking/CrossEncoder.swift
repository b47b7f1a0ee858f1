internal import Glibc
internal import TrawlCore
internal import TrawlModels
public import TrawlTensors
internal import TrawlTokenizers

/// A cross-encoder: query and passage are read together and one number comes out (Nogueira and Cho 2019,
/// arXiv 1901.04085). Folders of sequence classifiers with one label, as sentence-transformers stores them.
///
/// A passage that is longer than the model reads is read in windows, and the best of them counts.
public struct CrossEncoder: PairScorer, Sendable {
    private enum Output { case sigmoid, identity }

    public let folder: String
    /// The tokens of query, passage and special tokens that are read together.
    public let maximumTokens: Int
    public let labelCount: Int
    /// Identifies weights and tokenizer.
    public let digest: String
    /// The most windows of a passage; with 1, only the beginning is read.
    public var windows = 4

    private let encoder: any TokenEncoder
    private let head: ClassificationHead
    let tokenizer: Tokenizer
    private let output: Output
    private let pool: ThreadPool

    /// Passages that are prepared together; it bounds the memory.
    private static let stretch = 1024

    /// - Throws: `TrawlError` that names the file or tensor that is missing or does not fit, `.unsupported` for an
    ///   activation that is not known.
    public init(folder: String, precision: Precision = .f32, pool: ThreadPool = .shared) throws {
        let model = try ModelFolder(path: folder)
        self.folder = folder
        self.pool = pool
        head = try ClassificationHead(model)
        tokenizer = try model.loadTokenizer()
        encoder = try model.loadEncoder(precision: precision)
        labelCount = head.labelCount
        guard head.inputSize == encoder.hiddenSize else {
            throw TrawlError(
                .corrupted,
                "the encoder's states have \(encoder.hiddenSize) values, the classifier reads \(head.inputSize)",
                path: folder, remedy: "download the model again")
        }
        output = try Self.output(folder + "/config.json", labelCount: labelCount)
        maximumTokens = min(encoder.contextLength, try model.tokenizerMaximum() ?? .max)
        guard maximumTokens > tokenizer.pairSpecialCount + 1 else {
            throw TrawlError(
                .incompatible,
                "the model reads \(maximumTokens) tokens, of which \(tokenizer.pairSpecialCount) are special: none are left",
                path: folder, remedy: "correct model_max_length in tokenizer_config.json")
        }
        var hash = StableHash()
        hash.update(model.digest)
        hash.update(tokenizer.digest)
        digest = hash.hexadecimal
    }

    /// The function after the head, as sentence-transformers names it.
    private static func output(_ path: String, labelCount: Int) throws -> Output {
        let configuration = try JSON(contentsOf: path)
        let name =
            configuration["sentence_transformers"]?["activation_fn"]?.string
            ?? configuration["sbert_ce_default_activation_function"]?.string
        switch name?.split(separator: ".").last {
        case nil: return labelCount == 1 ? .sigmoid : .identity
        case "Sigmoid": return .sigmoid
        case "Identity": return .identity
        default: throw TrawlError(.unsupported, "the activation '\(name ?? "")' is not supported", path: path)
        }
    }

    /// - Throws: `TrawlError.incompatible` for a classifier with several labels.
    public func requireOneLabel() throws {
        guard labelCount == 1 else {
            throw TrawlError(
                .incompatible, "the model has \(labelCount) labels; a reranker has one", path: folder,
                remedy: "name a cross-encoder with one label")
        }
    }

    /// - Throws: `TrawlError.incompatible` for a classifier with several labels.
    public func judge(query: String, passages: [String]) throws -> PairScores {
        try requireOneLabel()
        let query = tokenizer.encodeIDs(query, addSpecialTokens: false)
        var best = [Float](repeating: -.infinity, count: passages.count)
        var failures: [PairScores.Failure] = []
        var cutCount = 0
        var isQueryCut = false
        for start in stride(from: 0, to: passages.count, by: Self.stretch) {
            let part = passages[start..<min(start + Self.stretch, passages.count)]
            var inputs: [EncoderInput] = []
            var owners: [Int] = []
            for (index, tokens) in tokenise(part).enumerated() {
                let (parts, keptQuery, isCut) = self.inputs(query, tokens, windows: windows)
                if isCut { cutCount += 1 }
                if keptQuery < query.count { isQueryCut = true }
                guard parts.allSatisfy({ !$0.tokens.isEmpty }) else {
                    failures.append(
                        PairScores.Failure(
                            passage: start + index,
                            error: TrawlError(
                                .invalidInput, "query and passage \(start + index) have no tokens", path: folder)))
                    continue
                }
                inputs += parts
                owners += repeatElement(start + index, count: parts.count)
            }
            for (owner, value) in zip(owners, try values(inputs)) where !(value <= best[owner]) && !best[owner].isNaN {
                best[owner] = value
            }
        }
        return PairScores(best, cutCount: cutCount, isQueryCut: isQueryCut, failures: failures, model: folder)
    }

    /// The labels' values for the beginning of each passage, `[passages, labelCount]`, after the sigmoid where the model
    /// has one.
    public func score(query: String, passages: [String]) throws -> [Float] {
        let query = tokenizer.encodeIDs(query, addSpecialTokens: false)
        var result: [Float] = []
        for start in stride(from: 0, to: passages.count, by: Self.stretch) {
            let part = passages[start..<min(start + Self.stretch, passages.count)]
            result += try values(tokenise(part).flatMap { inputs(query, $0, windows: 1).inputs })
        }
        return result
    }

    private func tokenise(_ texts: ArraySlice<String>) -> [[TokenID]] {
        pool.tokenise(texts) { tokenizer.encodeIDs($0, addSpecialTokens: false) }
    }

    /// The labels' values for each input, `[inputs, labelCount]`.
    private func values(_ inputs: [EncoderInput]) throws -> [Float] {
        let size = head.inputSize
        let states = UnsafeMutablePointer<Float>.allocate(capacity: max(1, inputs.count * size))
        defer { states.deallocate() }
        nonisolated(unsafe) let target = states
        func take(_ index: Int, _ states: UnsafeBufferPointer<Float>) { head.pool(states, into: target + index * size) }
        if head.readsFirstStateOnly {
            try encoder.encodeFirstTokens(inputs, pool: pool, consume: take)
        } else {
            try encoder.encode(inputs, pool: pool, consume: take)
        }
        return [Float](unsafeUninitializedCapacity: inputs.count * labelCount) { buffer, count in
            count = inputs.count * labelCount
            guard let base = buffer.baseAddress, count > 0 else { return }
            head.logits(states, count: inputs.count, into: base, pool: pool)
            if output == .sigmoid { for index in 0..<count { base[index] = 1 / (1 + exp(-base[index])) } }
        }
    }

    /// The inputs of a pair: one, or one for each window. Of the two texts the longer is cut first, as the `tokenizers`
    /// package's `longest_first` does; windows go over what that takes from the passage.
    func inputs(
        _ query: [TokenID], _ passage: [TokenID], windows most: Int
    ) -> (inputs: [EncoderInput], keptQuery: Int, isCut: Bool) {
        let space = maximumTokens - tokenizer.pairSpecialCount
        let kept = PairTemplate.longestFirst(query.count, passage.count, budget: space)
        let fitsWhole = kept.second == passage.count
        let windows = PassageWindows(
            count: passage.count, size: fitsWhole ? max(1, passage.count) : space - kept.first, most: most)
        let inputs = windows.ranges.map { range in
            let (ids, typeIDs) = tokenizer.assemble(pair: query[..<kept.first], passage[range])
            return EncoderInput(tokens: ids, segments: typeIDs)
        }
        return (inputs, kept.first, windows.isCut)
    }
}
