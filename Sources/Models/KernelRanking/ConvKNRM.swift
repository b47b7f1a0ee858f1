internal import TrawlCore
public import TrawlTensors
internal import TrawlTokenizers

/// A ranker that compares the n-grams of a query with those of a passage by their vectors, counts how many are how much alike,
/// and adds up the weighted counts (Conv-KNRM, Dai et al. 2018, doi 10.1145/3159652.3159659). It has no attention: words mean the
/// same in every text, and a pair takes a small part of a cross-encoder's time.
public struct ConvKNRM: Sendable {
    public let configuration: ConvKNRMConfiguration
    private let words: WeightMatrix
    /// What tokens add at each of their places, one place after the other, packed for products: see `place`.
    private let places: FloatBuffer
    /// Of the convolutions, by width from one token on.
    private let biases: [WeightVector]
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
        let (filters, hidden) = (sizes.filterCount, sizes.wordSize)
        biases = try (1...sizes.largestWidth).map { try vector(Names.bias($0), filters) }
        // All sizes are those of tensors before memory is taken for them.
        let weights = try (1...sizes.largestWidth).flatMap { width in
            try (0..<width).map { try matrix(Names.weight(width, $0), filters, hidden) }
        }
        let outputs = weights.count * filters
        let stacked = FloatBuffer(capacity: outputs * hidden)
        for (place, weight) in weights.enumerated() {
            weight.decode(row: 0, count: filters, into: stacked.base + place * filters * hidden)
        }
        places = FloatBuffer(capacity: Kernels.packedCount(outputs, hidden))
        Kernels.pack(outputs: stacked.base, hidden, outputs, hidden, into: places.base)
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
    /// - Complexity: O(distinct tokens x filters x word size) and, for each pair of widths, O(query tokens x passage tokens x
    ///   filters).
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
            var start = 0
            while start < inputs.count {
                var (end, tokens) = (start, 0)
                while end < inputs.count, end == start || tokens + inputs[end].tokens.count <= Self.tokensAtOnce {
                    tokens += inputs[end].tokens.count
                    end += 1
                }
                let (first, part) = (start, inputs[start..<end])
                let products = WordProducts(of: part, self, pool)
                pool.parallelFor(part.count) { index in
                    target[first + index] = score(inputs[first + index], products)
                }
                start = end
            }
        }
    }

    /// The tokens whose products are held at once: 25 MB at the usual sizes, if all differ.
    private static let tokensAtOnce = 8192

    private func score(_ input: EncoderInput, _ products: WordProducts) -> Float {
        let split = input.segments.firstIndex { $0 > 0 } ?? input.tokens.count
        let (rows, columns, filters) = (split, input.tokens.count - split, configuration.filterCount)
        let (widths, kernels) = (configuration.largestWidth, configuration.kernelCount)
        let query = ngrams(of: input.tokens[..<split], products)
        let passage = ngrams(of: input.tokens[split...], products)
        // The cosines of all n-grams of the query with all of the passage in one product.
        let stride = widths * columns
        let panels = FloatBuffer(capacity: Kernels.packedCount(stride, filters))
        let cosines = FloatBuffer(capacity: widths * rows * stride)
        if rows > 0, columns > 0 {
            Kernels.pack(outputs: passage.base, filters, stride, filters, into: panels.base)
            Kernels.multiply(
                widths * rows, stride, filters, query.base, filters, panels: panels.base, into: cosines.base, stride)
        }
        let scratch = FloatBuffer(capacity: columns)
        let sums = FloatBuffer(capacity: kernels * rows)
        let features = FloatBuffer(capacity: configuration.featureCount)
        means.withPointer { means in
            deviations.withPointer { deviations in
                let pooling = KernelPooling(means: means, deviations: deviations, count: kernels)
                for table in 0..<widths * widths {
                    let (left, right) = (table / widths, table % widths)
                    pooling.pool(
                        cosines.base + left * rows * stride + right * columns, rows: rows, columns: columns,
                        stride: stride, scratch: scratch.base, sums: sums.base, into: features.base + table * kernels)
                }
            }
        }
        return bias + output.withPointer { Kernels.dot($0, features.base, configuration.featureCount) }
    }

    /// The vectors of the n-grams of a text at length 1, `[widths, tokens, filters]`. Each width has an n-gram for each of the text's
    /// tokens; what it has beyond the end is zeros.
    private func ngrams(of tokens: ArraySlice<TokenID>, _ products: WordProducts) -> FloatBuffer {
        let (filters, tokens) = (configuration.filterCount, Array(tokens))
        let result = FloatBuffer(capacity: configuration.largestWidth * tokens.count * filters)
        for width in 1...configuration.largestWidth {
            for index in tokens.indices {
                let row = result.base + ((width - 1) * tokens.count + index) * filters
                biases[width - 1].withPointer { row.update(from: $0, count: filters) }
                for offset in 0..<min(width, tokens.count - index) {
                    let place = configuration.place(offset, ofWidth: width)
                    Kernels.add(products.row(of: tokens[index + offset]) + place * filters, to: row, filters)
                }
                let scale = 1 / max(Kernels.dot(row, row, filters).squareRoot(), 1e-12)
                for filter in 0..<filters { row[filter] *= scale }
            }
        }
        return result
    }

    /// What each of some tokens adds to an n-gram at each of its places: a convolution is the sum of these, and a token occurs many
    /// times among the passages of a query.
    private struct WordProducts {
        private let products: FloatBuffer
        /// Of each token of the vocabulary; -1 for one that does not occur.
        private let slots: [Int32]
        private let size: Int

        init(of inputs: ArraySlice<EncoderInput>, _ model: ConvKNRM, _ pool: ThreadPool) {
            let sizes = model.configuration
            var slots = [Int32](repeating: -1, count: sizes.vocabularySize)
            var distinct: [TokenID] = []
            for input in inputs {
                for token in input.tokens where slots[Int(token)] < 0 {
                    slots[Int(token)] = Int32(distinct.count)
                    distinct.append(token)
                }
            }
            let (outputs, hidden) = (sizes.placeCount * sizes.filterCount, sizes.wordSize)
            let products = FloatBuffer(capacity: distinct.count * outputs)
            let (found, part) = (distinct, 64)
            pool.parallelFor((found.count + part - 1) / part) { index in
                let range = index * part..<min(found.count, (index + 1) * part)
                let states = FloatBuffer(capacity: range.count * hidden)
                for (row, token) in found[range].enumerated() {
                    model.words.decode(row: Int(token), count: 1, into: states.base + row * hidden)
                }
                Kernels.multiply(
                    range.count, outputs, hidden, states.base, hidden, panels: model.places.base,
                    into: products.base + range.lowerBound * outputs, outputs)
            }
            (self.products, self.slots, size) = (products, slots, outputs)
        }

        func row(of token: TokenID) -> UnsafePointer<Float> {
            UnsafePointer(products.base + Int(slots[Int(token)]) * size)
        }
    }
}
