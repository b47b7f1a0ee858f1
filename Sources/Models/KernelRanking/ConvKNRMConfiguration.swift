internal import TrawlCore
internal import TrawlTensors

/// The sizes of a Conv-KNRM ranker (Dai et al. 2018, doi 10.1145/3159652.3159659), and the names of its tensors.
///
/// The folder has the layout of Hugging Face's models: config.json with `"model_type": "conv-knrm"`, model.safetensors and the
/// files of the tokenizer. No other program writes it.
public struct ConvKNRMConfiguration: Sendable, Equatable {
    public let vocabularySize: Int
    /// The length of a word vector.
    public let wordSize: Int
    /// The length of an n-gram's vector.
    public let filterCount: Int
    /// N-grams have from one token to this many.
    public let largestWidth: Int
    /// The kernels that count the matches of a pair of widths.
    public let kernelCount: Int

    package init(
        vocabularySize: Int, wordSize: Int, filterCount: Int = 128, largestWidth: Int = 3, kernelCount: Int = 11
    ) {
        (self.vocabularySize, self.wordSize) = (vocabularySize, wordSize)
        (self.filterCount, self.largestWidth, self.kernelCount) = (filterCount, largestWidth, kernelCount)
    }

    /// - Throws: `TrawlError.corrupted` for a size that is missing or too large.
    package init(_ model: ModelFolder) throws {
        func size(_ name: String, most: Int) throws -> Int {
            let value = try model.size(name)
            guard value <= most else {
                throw TrawlError(
                    .corrupted, "'\(name)' is \(value); the most is \(most)", path: model.configurationPath,
                    remedy: "use the configuration file that belongs to these weights")
            }
            return value
        }
        self.init(
            vocabularySize: try model.size("vocab_size"), wordSize: try size("hidden_size", most: 1 << 16),
            filterCount: try size("filters", most: 1 << 12), largestWidth: try size("largest_width", most: 8),
            kernelCount: try size("kernels", most: 64))
    }

    /// The counts of a pair of texts: those of each kernel, for each width of the query's n-grams and of the passage's.
    package var featureCount: Int { largestWidth * largestWidth * kernelCount }

    /// The places of tokens in n-grams of all widths.
    var placeCount: Int { largestWidth * (largestWidth + 1) / 2 }

    /// The number of the place `offset` of an n-gram of `width` tokens.
    func place(_ offset: Int, ofWidth width: Int) -> Int { width * (width - 1) / 2 + offset }

    /// The members of config.json.
    package var members: [String: Any] {
        [
            "architectures": ["ConvKNRM"], "model_type": Self.modelType, "vocab_size": vocabularySize,
            "hidden_size": wordSize, "filters": filterCount, "largest_width": largestWidth, "kernels": kernelCount,
        ]
    }

    static let modelType = "conv-knrm"

    // MARK: tensors

    /// `[vocabularySize, wordSize]`, under BERT's name, so that a BERT model can be the base.
    package static let words = BertNames.words + ".weight"
    /// `[kernelCount]` each.
    package static let means = "kernels.means", deviations = "kernels.deviations"
    /// `[1, featureCount]`, the kernels of a pair of widths together, the widths of the passage within those of the query.
    package static let output = "output"

    /// The bias of n-grams of `width` tokens, `[filterCount]`.
    package static func bias(_ width: Int) -> String { "convolutions.\(width).bias" }

    /// What the token at `offset` adds to such an n-gram, `[filterCount, wordSize]`.
    package static func weight(_ width: Int, _ offset: Int) -> String { "convolutions.\(width).\(offset).weight" }

    /// The name of the same tensor in a BERT model; nil for a tensor that such a model does not have.
    package static func nameInBase(_ name: String) -> String? { name == words ? name : nil }
}
