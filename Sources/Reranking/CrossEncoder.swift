internal import Glibc
internal import TrawlCore
internal import TrawlModels
public import TrawlTensors
internal import TrawlTokenizers

/// A cross-encoder: query and passage are read together and one number comes out (Nogueira and Cho 2019,
/// arXiv 1901.04085). Folders of `BertForSequenceClassification` with one label, as sentence-transformers stores them.
public final class CrossEncoder: PairScorer, Sendable {
    private enum Output { case sigmoid, identity }

    public let folder: String
    /// The tokens of query, passage and special tokens beyond which the longer of the two is cut.
    public let maximumTokens: Int
    public let labelCount: Int
    /// Identifies weights and tokenizer.
    public let digest: String

    private let encoder: any TokenEncoder
    private let head: ClassificationHead
    private let tokenizer: Tokenizer
    private let output: Output
    private let pool: ThreadPool

    /// - Throws: `TrawlError` that names the file or tensor that is missing or does not fit, `.unsupported` for an
    ///   activation that is not known.
    public init(folder: String, precision: Precision = .f32, pool: ThreadPool = .shared) throws {
        let model = try ModelFolder(path: folder)
        self.folder = folder
        self.pool = pool
        encoder = try model.loadEncoder(precision: precision)
        head = try ClassificationHead(model)
        tokenizer = try model.loadTokenizer()
        labelCount = head.labelCount
        let path = folder + "/config.json"
        let configuration = try JSON(contentsOf: path)
        let name =
            configuration["sentence_transformers"]?["activation_fn"]?.string
            ?? configuration["sbert_ce_default_activation_function"]?.string
        switch name?.split(separator: ".").last {
        case nil: output = labelCount == 1 ? .sigmoid : .identity
        case "Sigmoid": output = .sigmoid
        case "Identity": output = .identity
        default:
            throw TrawlError(.unsupported, "the activation '\(name ?? "")' is not supported", path: path)
        }
        maximumTokens = min(encoder.contextLength, try model.tokenizerMaximum() ?? .max)
        var hash = StableHash()
        hash.update(model.digest)
        hash.update(tokenizer.digest)
        digest = hash.hexadecimal
    }

    public func scores(query: String, passages: [String]) throws -> [Float] {
        guard labelCount == 1 else {
            throw TrawlError(
                .incompatible, "the model has \(labelCount) labels, a reranker one", path: folder,
                remedy: "name a cross-encoder with one label")
        }
        return try score(query: query, passages: passages)
    }

    /// The labels' values for each passage, `[passages, labelCount]`, behind the sigmoid where the model has one.
    public func score(query: String, passages: [String]) throws -> [Float] {
        let hidden = encoder.hiddenSize
        var result = [Float](repeating: 0, count: passages.count * labelCount)
        // Bounded memory: the inputs of so many passages at once.
        let stretch = 1024
        for start in stride(from: 0, to: passages.count, by: stretch) {
            let part = passages[start..<min(start + stretch, passages.count)]
            let inputs = part.map { input(query: query, passage: $0) }
            try result.withUnsafeMutableBufferPointer { buffer in
                guard let base = buffer.baseAddress else { return }
                nonisolated(unsafe) let out = base + start * labelCount
                try encoder.encode(inputs, pool: pool) { index, states in
                    let logits = head.logits(Array(states.prefix(hidden)))
                    for (label, logit) in logits.enumerated() {
                        out[index * labelCount + label] = output == .sigmoid ? 1 / (1 + exp(-logit)) : logit
                    }
                }
            }
        }
        return result
    }

    /// Both texts with their special tokens, the longer one cut first where they are too long, as the `tokenizers`
    /// package's `longest_first` does.
    func input(query: String, passage: String) -> EncoderInput {
        let whole = tokenizer.encode(pair: (query, passage))
        guard whole.count > maximumTokens else { return EncoderInput(tokens: whole.ids, segments: whole.typeIDs) }
        let first = tokenizer.encodeIDs(query, addSpecialTokens: false)
        let second = tokenizer.encodeIDs(passage, addSpecialTokens: false)
        let room = maximumTokens - (whole.count - first.count - second.count)
        let (firstKept, secondKept) = Self.longestFirst(first.count, second.count, room: room)
        // Where the two texts stand between the special tokens.
        let firstStart = whole.specialTokens.firstIndex(of: false) ?? 0
        let secondEnd = (whole.specialTokens.lastIndex(of: false) ?? whole.count - 1) + 1
        let dropped = IndexSet(
            first: firstStart + firstKept..<firstStart + first.count,
            second: secondEnd - (second.count - secondKept)..<secondEnd)
        let kept = whole.ids.indices.filter { !dropped.contains($0) }
        return EncoderInput(tokens: kept.map { whole.ids[$0] }, segments: kept.map { whole.typeIDs[$0] })
    }

    private struct IndexSet {
        let first: Range<Int>
        let second: Range<Int>
        func contains(_ index: Int) -> Bool { first.contains(index) || second.contains(index) }
    }

    static func longestFirst(_ first: Int, _ second: Int, room: Int) -> (Int, Int) {
        let (short, long) = (min(first, second), max(first, second))
        var keptShort = short
        var keptLong = short > room ? short : max(short, room - short)
        if keptShort + keptLong > room {
            keptShort = room / 2
            keptLong = keptShort + room % 2
        }
        keptLong = min(keptLong, long)
        return first <= second ? (keptShort, keptLong) : (keptLong, keptShort)
    }
}
