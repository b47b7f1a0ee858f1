internal import Glibc
internal import TrawlCore
internal import TrawlModels
public import TrawlTensors
internal import TrawlTokenizers

/// A cross-encoder: query and passage are read together and one number comes out (Nogueira and Cho 2019,
/// arXiv 1901.04085). Folders of sequence classifiers with one label, as sentence-transformers stores them, and of Conv-KNRM
/// rankers.
///
/// A passage that is longer than the model reads is read in windows, and the best of them counts.
public struct CrossEncoder: PairScorer, Sendable {
    private enum Output { case sigmoid, identity }

    public let folder: String
    /// The tokens of query, passage and special tokens that are read together.
    public let maximumTokens: Int
    public var labelCount: Int { model.labelCount }
    /// Identifies weights and tokenizer.
    public let digest: String
    /// The most windows of a passage; with 1, only the beginning is read.
    public var windows = 4

    private let model: any PairModel
    private let template: PairTemplate
    let tokenizer: Tokenizer
    private let output: Output
    private let pool: ThreadPool

    /// Passages that are prepared together; it bounds the memory.
    private static let stretch = 1024

    /// - Throws: `TrawlError` that names the file or tensor that is missing or does not fit, `.unsupported` for an
    ///   activation that is not known.
    public init(folder: String, precision: Precision = .f32, pool: ThreadPool = .shared) throws {
        let source = try ModelFolder(path: folder)
        self.folder = folder
        self.pool = pool
        if source.architecture == .convKNRM {
            model = try ConvKNRM(source)
            output = .identity
        } else {
            let encoder = try ClassifyingEncoder(source, precision: precision)
            model = encoder
            output = try Self.output(folder + "/config.json", labelCount: encoder.labelCount)
        }
        tokenizer = try source.loadTokenizer()
        template = model.template(tokenizer)
        maximumTokens = min(model.contextLength, try source.tokenizerMaximum() ?? .max)
        guard maximumTokens > template.specialCount + 1 else {
            throw TrawlError(
                .incompatible,
                "the model reads \(maximumTokens) tokens, of which \(template.specialCount) are special: none are left",
                path: folder, remedy: "correct model_max_length in tokenizer_config.json")
        }
        var hash = StableHash()
        hash.update(source.digest)
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
        var values = try model.values(of: inputs, pool: pool)
        if output == .sigmoid { for index in values.indices { values[index] = 1 / (1 + exp(-values[index])) } }
        return values
    }

    /// The inputs of a pair: one, or one for each window. Of the two texts the longer is cut first, as the `tokenizers`
    /// package's `longest_first` does; windows go over what that takes from the passage.
    func inputs(
        _ query: [TokenID], _ passage: [TokenID], windows most: Int
    ) -> (inputs: [EncoderInput], keptQuery: Int, isCut: Bool) {
        let space = maximumTokens - template.specialCount
        let kept = PairTemplate.longestFirst(query.count, passage.count, budget: space)
        let fitsWhole = kept.second == passage.count
        let windows = PassageWindows(
            count: passage.count, size: fitsWhole ? max(1, passage.count) : space - kept.first, most: most)
        let inputs = windows.ranges.map { range in
            let (tokens, segments) = template.input(query[..<kept.first], passage[range])
            return EncoderInput(tokens: tokens, segments: segments)
        }
        return (inputs, kept.first, windows.isCut)
    }
}
