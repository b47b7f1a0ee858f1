internal import Synchronization
public import TrawlCore
public import TrawlEmbeddings
internal import TrawlTensors

/// What a pair of a query and a relevant passage asks an embedder to learn: its loss, and how the gradient of that loss spreads.
public struct PairGradient: Sendable {
    /// -log of the softmax over the passage and others, at the passage (InfoNCE).
    public let loss: Double
    /// The means over the attention's matrices of all layers; see `GradientSpectrum`.
    public let nuclearNorm, effectiveRank: Double
    /// The tokens of query and passage. No gradient has a higher rank.
    public let tokens: Int
}

/// Computes the gradients of judged pairs one by one, and changes nothing.
public final class PairInspector {
    private let network: BertEmbedderNetwork
    private let matrices: [Parameter]
    private let temperature: Float
    private let tape = Tape()

    /// - Parameter temperature: What cosines are divided by.
    /// - Throws: As `BertEmbedderNetwork`.
    public init(_ folder: EmbedderFolder, temperature: Float = 0.05) throws {
        var adaptation = EmbedderAdaptation()
        adaptation.adapters = nil
        network = try BertEmbedderNetwork(folder, adaptation: adaptation)
        matrices = network.attentionMatrices
        self.temperature = temperature
    }

    /// - Parameters:
    ///   - query, passage: Their tokens; none is empty, none longer than the model reads.
    ///   - others: The embeddings of passages that are not relevant, of length 1; they are not learnt.
    /// - Complexity: A forward and a backward pass, and a singular value decomposition for each matrix.
    public func inspect(query: [TokenID], passage: [TokenID], others: [[Float]]) throws -> PairGradient {
        for parameter in network.parameters { parameter.clearGradient() }
        tape.clear()
        let embedded = network.embeddings(of: [query, passage], tape)
        let loss = tape.loss(of: embedded) { values in
            Self.loss(values, others: others, temperature: temperature)
        }
        tape.backward()
        // Each matrix has an entry of its own, so that the sums do not depend on the threads.
        let spectra = Mutex([Result<GradientSpectrum, any Error>?](repeating: nil, count: matrices.count))
        let gradients = try matrices.map {
            try Matrix(rows: $0.rows, columns: $0.columns, values: $0.gradients ?? [])
        }
        tape.parallel(gradients.count, by: 1) { range in
            for index in range {
                let spectrum = Result { try GradientSpectrum(of: gradients[index]) }
                spectra.withLock { $0[index] = spectrum }
            }
        }
        let found = try spectra.withLock { $0 }.compactMap { try $0?.get() }
        let count = Double(max(1, found.count))
        return PairGradient(
            loss: loss, nuclearNorm: found.reduce(0) { $0 + $1.nuclearNorm } / count,
            effectiveRank: found.reduce(0) { $0 + $1.effectiveRank } / count, tokens: query.count + passage.count)
    }

    /// The loss of the embeddings of a query and its passage, `[2, dimension]`, and its derivative by each of their numbers.
    static func loss(_ embedded: [Float], others: [[Float]], temperature: Float) -> LossAndSlopes {
        let dimension = embedded.count / 2
        let (query, passage) = (Array(embedded[..<dimension]), Array(embedded[dimension...]))
        let passages = [passage] + others
        let scores = passages.map { other in
            Double(zip(query, other).reduce(0) { $0 + $1.0 * $1.1 } / temperature)
        }
        let shares = normalisedExponentials(scores)
        var slopes = [Float](repeating: 0, count: embedded.count)
        for (index, other) in passages.enumerated() {
            let slope = Float(shares[index] - (index == 0 ? 1 : 0)) / temperature
            for column in 0..<dimension { slopes[column] += slope * other[column] }
            if index == 0 { for column in 0..<dimension { slopes[dimension + column] = slope * query[column] } }
        }
        return (-logarithm(max(shares[0], .leastNormalMagnitude)), slopes)
    }
}
