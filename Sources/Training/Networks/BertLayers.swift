internal import TrawlCore
internal import TrawlTensors

/// y = x Wᵀ + b; with an adapter both are frozen, and the adapter is trained.
struct TrainedLinear {
    let weight: Parameter
    var bias: Parameter?
    var adapter: LowRankAdapter?

    func callAsFunction(_ x: Variable, _ tape: Tape) -> Variable {
        guard let adapter else { return tape.linear(x, weight, bias) }
        return tape.linear(x, weight, bias, adapter: adapter)
    }
}

/// A layer norm of x + residual.
struct TrainedNorm {
    let weight: Parameter
    let bias: Parameter
    let epsilon: Float

    func callAsFunction(_ x: Variable, adding residual: Variable? = nil, _ tape: Tape) -> Variable {
        tape.layerNorm(x, adding: residual, weight: weight, bias: bias, epsilon: epsilon)
    }
}

/// Attention with its output and norm, as BERT has it (arXiv 1810.04805): norm(x + output(attention(x, memory))).
struct TrainedAttention {
    let query, key, value, output: TrainedLinear
    let norm: TrainedNorm
    let heads: Int

    /// - Parameter memory: What keys and values are computed from: x itself in self-attention.
    func callAsFunction(_ x: Variable, memory: Variable, spans: [AttentionSpan], _ tape: Tape) -> Variable {
        let context = tape.attention(
            queries: query(x, tape), keys: key(memory, tape), values: value(memory, tape), spans: spans, heads: heads)
        return norm(output(context, tape), adding: x, tape)
    }
}

/// norm(x + output(gelu(intermediate(x)))).
struct TrainedFeedForward {
    let intermediate, output: TrainedLinear
    let norm: TrainedNorm

    func callAsFunction(_ x: Variable, _ tape: Tape) -> Variable {
        norm(output(tape.gelu(intermediate(x, tape)), tape), adding: x, tape)
    }
}

/// A layer of an encoder, or of a decoder, which also attends to the encoder's states.
struct TrainedLayer {
    let attention: TrainedAttention
    let crossAttention: TrainedAttention?
    let feedForward: TrainedFeedForward
}

/// The sum of word, position and segment vectors, normed.
struct TrainedEmbedding {
    let words, positions, segments: Parameter
    let norm: TrainedNorm

    /// The states of sequences, end to end: `[tokens, hidden]`.
    ///
    /// - Parameter kinds: The segment of each token of all sequences; nil for segment 0.
    func callAsFunction(_ sequences: [[TokenID]], segments kinds: [Int]? = nil, _ tape: Tape) -> Variable {
        let tokens = sequences.flatMap { $0.map { Int($0) } }
        let offsets = sequences.flatMap { Array($0.indices) }
        let sum = tape.embedding([
            (words, tokens), (positions, offsets), (segments, kinds ?? [Int](repeating: 0, count: tokens.count)),
        ])
        return norm(sum, tape)
    }
}

/// A BERT encoder.
struct TrainedEncoder {
    let embedding: TrainedEmbedding
    let layers: [TrainedLayer]

    /// The states of all tokens of sequences, end to end: `[tokens, hidden]`.
    func states(_ sequences: [[TokenID]], segments: [Int]? = nil, _ tape: Tape) -> Variable {
        let spans = AttentionSpan.within(sequences, isCausal: false)
        return layers.reduce(embedding(sequences, segments: segments, tape)) { x, layer in
            layer.feedForward(layer.attention(x, memory: x, spans: spans, tape), tape)
        }
    }

    /// What the feed-forward part of the last layer reads, for all tokens of sequences, end to end: `[tokens, hidden]`.
    func lastFeedForwardInputs(_ sequences: [[TokenID]], _ tape: Tape) -> Variable {
        let below = TrainedEncoder(embedding: embedding, layers: layers.dropLast())
        let x = below.states(sequences, tape)
        let spans = AttentionSpan.within(sequences, isCausal: false)
        return layers.last?.attention(x, memory: x, spans: spans, tape) ?? x
    }

    /// The states of the first tokens of sequences: `[sequences, hidden]`. The last layer computes only these.
    func firstStates(_ sequences: [[TokenID]], segments: [Int]? = nil, _ tape: Tape) -> Variable {
        let below = TrainedEncoder(embedding: embedding, layers: layers.dropLast())
        let x = below.states(sequences, segments: segments, tape)
        let spans = AttentionSpan.within(sequences, isCausal: false)
        let first = tape.rows(spans.map(\.queries.lowerBound), of: x)
        guard let layer = layers.last else { return first }
        let ofFirst = spans.enumerated().map { AttentionSpan(queries: $0..<$0 + 1, keys: $1.keys) }
        return layer.feedForward(layer.attention(first, memory: x, spans: ofFirst, tape), tape)
    }
}

extension AttentionSpan {
    /// Spans of sequences that are stored end to end, each of which attends to itself.
    static func within(_ sequences: [[TokenID]], isCausal: Bool) -> [AttentionSpan] {
        var start = 0
        return sequences.map { sequence in
            defer { start += sequence.count }
            let rows = start..<start + sequence.count
            return AttentionSpan(queries: rows, keys: rows, isCausal: isCausal)
        }
    }
}
