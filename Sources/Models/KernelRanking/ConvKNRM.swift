internal import TrawlCore
public import TrawlTensors
internal import TrawlTokenizers

/// A ranker that compares the n-grams of a query with those of a passage by their vectors, counts how many are how much alike,
/// and adds up the weighted counts (Conv-KNRM, Dai et al. 2018, doi 10.1145/3159652.3159659). It has no attention: words mean the
/// same in every text, and a pair takes a small part of a cross-encoder's time.
public struct ConvKNRM: Sendable {
    public let configuration: ConvKNRMConfiguration
    private let words: WeightMatrix
    /// By width, from one token on.
    private let convolutions: [Linear]
    private let means, deviations: WeightVector
    private let output: WeightVector
    private let bias: Float
    private let path: String

    /// - Throws: `TrawlError` that names a missing tensor, or one whose shape contradicts config.json.
    public init(_ model: ModelFolder) throws {
        guard model.architecture == .convKNRM else {
            throw TrawlError(
                .incompatible, "\(model.architectureName) is not a Conv-KNRM ranker", path: model.path,
                remedy: "name a ranker that 'train reranker' made with this architecture")
        }
        typealias Names = ConvKNRMConfiguration
        let sizes = try ConvKNRMConfiguration(model)
        func matrix(_ name: String, _ rows: Int, _ columns: Int) throws -> WeightMatrix {
            try WeightMatrix(model.tensors.requiredTensor(name), rows: rows, columns: columns)
        }
        func vector(_ name: String, _ count: Int) throws -> WeightVector {
            try WeightVector(model.tensors.requiredTensor(name), count: count)
        }
        configuration = sizes
        path = model.path
        words = try matrix(Names.words, sizes.vocabularySize, sizes.wordSize)
        convolutions = try (1...sizes.largestWidth).map { width in
            let name = Names.convolution(width)
            return Linear(
                weight: try matrix(name + ".weight", sizes.filterCount, width * sizes.wordSize),
                bias: try vector(name + ".bias", sizes.filterCount))
        }
        means = try vector(Names.means, sizes.kernelCount)
        deviations = try vector(Names.deviations, sizes.kernelCount)
        output = WeightVector(try matrix(Names.output + ".weight", 1, sizes.featureCount), row: 0)
        bias = try vector(Names.output + ".bias", 1).values[0]
        guard deviations.values.allSatisfy({ $0 * $0 > 0 }) else {
            throw TrawlError(
                .corrupted, "'\(Names.deviations)' has a value that is 0, or not a number", path: model.path,
                remedy: "train the ranker again")
        }
    }

    /// The scores of pairs, one an input; higher is better. An input is the tokens of a query, in segment 0, before those of a
    /// passage, in segment 1.
    ///
    /// - Throws: `TrawlError.invalidInput` for a token that the vocabulary does not have, or without a segment for each token.
    /// - Complexity: O(tokens filters word size) and O(query tokens x passage tokens x filters) for each pair of widths.
    public func scores(of inputs: [EncoderInput], pool: ThreadPool = .shared) throws -> [Float] {
        for (index, input) in inputs.enumerated() {
            guard input.segments.count == input.tokens.count,
                input.tokens.allSatisfy({ Int($0) < configuration.vocabularySize })
            else {
                throw TrawlError(
                    .invalidInput, "input \(index) has a token without a segment, or one that the model does not know",
                    path: path, remedy: "tokenise with the model's own tokenizer")
            }
        }
        return [Float](unsafeUninitializedCapacity: inputs.count) { scores, count in
            count = inputs.count
            guard let scores = scores.baseAddress else { return }
            nonisolated(unsafe) let target = scores
            pool.parallelFor(inputs.count) { index in
                let (tokens, split) = (inputs[index].tokens, inputs[index].segments.firstIndex { $0 > 0 })
                let query = Array(tokens[..<(split ?? tokens.count)])
                let passage = Array(tokens[(split ?? tokens.count)...])
                target[index] = score(ngrams(of: query, pool), ngrams(of: passage, pool))
            }
        }
    }

    /// The vectors of the n-grams of a text at length 1, for each width `[tokens, filters]`. That of a width has an n-gram for each
    /// of the text's tokens; what it has beyond the end is zeros.
    private func ngrams(of tokens: [TokenID], _ pool: ThreadPool) -> (count: Int, widths: [FloatBuffer]) {
        let (hidden, filters, count) = (configuration.wordSize, configuration.filterCount, tokens.count)
        let states = FloatBuffer(capacity: (count + configuration.largestWidth - 1) * hidden)
        for (index, token) in tokens.enumerated() {
            words.decode(row: Int(token), count: 1, into: states.base + index * hidden)
        }
        (states.base + count * hidden).update(repeating: 0, count: (configuration.largestWidth - 1) * hidden)
        let windows = FloatBuffer(capacity: count * configuration.largestWidth * hidden)
        return (
            count,
            convolutions.enumerated().map { offset, convolution in
                let size = (offset + 1) * hidden
                for index in 0..<count {
                    (windows.base + index * size).update(from: states.base + index * hidden, count: size)
                }
                let result = FloatBuffer(capacity: count * filters)
                convolution(windows.base, count, into: result.base, pool)
                for index in 0..<count {
                    let row = result.base + index * filters
                    let scale = 1 / max(Kernels.dot(row, row, filters).squareRoot(), 1e-12)
                    for filter in 0..<filters { row[filter] *= scale }
                }
                return result
            }
        )
    }

    private func score(
        _ query: (count: Int, widths: [FloatBuffer]), _ passage: (count: Int, widths: [FloatBuffer])
    ) -> Float {
        let (rows, columns, filters) = (query.count, passage.count, configuration.filterCount)
        let kernels = configuration.kernelCount
        let cosines = FloatBuffer(capacity: rows * columns)
        let scratch = FloatBuffer(capacity: columns)
        let sums = FloatBuffer(capacity: kernels * rows)
        let features = FloatBuffer(capacity: configuration.featureCount)
        var next = features.base
        for left in query.widths {
            for right in passage.widths {
                for row in 0..<rows {
                    for column in 0..<columns {
                        cosines.base[row * columns + column] = Kernels.dot(
                            left.base + row * filters, right.base + column * filters, filters)
                    }
                }
                means.withPointer { means in
                    deviations.withPointer { deviations in
                        KernelPooling(means: means, deviations: deviations, count: kernels).pool(
                            cosines.base, rows: rows, columns: columns, scratch: scratch.base, sums: sums.base,
                            into: next)
                    }
                }
                next += kernels
            }
        }
        return bias + output.withPointer { Kernels.dot($0, features.base, configuration.featureCount) }
    }
}
