internal import TrawlTensors

/// A frozen RMS norm, of rows or of the heads in them.
struct FrozenNorm {
    let weight: Parameter
    let epsilon: Float

    func callAsFunction(_ x: Variable, _ tape: Tape) -> Variable { tape.rmsNorm(x, weight: weight, epsilon: epsilon) }
}

/// A layer of a decoder of the Llama family (Touvron et al. 2023, arXiv 2302.13971): x + output(attention(norm(x))), then
/// x + down(silu(gate(norm(x))) up(norm(x))).
struct DecoderLayer {
    let attentionNorm: FrozenNorm
    let query, key, value, output: TrainedLinear
    /// The norms of heads, where the model has them (Qwen3).
    let queryNorm, keyNorm: FrozenNorm?
    let feedForwardNorm: FrozenNorm
    let gate, up, down: TrainedLinear
    let heads, keyHeads: Int

    func callAsFunction(_ x: Variable, spans: [AttentionSpan], angles: RotaryAngles, _ tape: Tape) -> Variable {
        let normed = attentionNorm(x, tape)
        let (queries, keys) = (query(normed, tape), key(normed, tape))
        let context = tape.attention(
            queries: tape.rotation(queryNorm?(queries, tape) ?? queries, heads: heads, angles: angles),
            keys: tape.rotation(keyNorm?(keys, tape) ?? keys, heads: keyHeads, angles: angles),
            values: value(normed, tape), spans: spans, heads: heads, keyHeads: keyHeads)
        let attended = tape.sum(x, output(context, tape))
        let inner = feedForwardNorm(attended, tape)
        return tape.sum(attended, down(tape.gatedUnit(gate: gate(inner, tape), up: up(inner, tape)), tape))
    }
}
