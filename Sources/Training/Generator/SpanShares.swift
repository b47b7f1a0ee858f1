internal import TrawlCore

/// Beta-MML over the spans of a source (Ni et al. 2023, arXiv 2205.14318): the loss is -1/beta log of the sum of P(span)^beta, which is
/// content where some spans are likely. Its gradient is that of the sum of the spans' own losses, with other factors.
enum SpanShares {
    /// The factors of the gradients of the spans of a source, whose mean by weight is 1: at beta 0 all are 1.
    ///
    /// - Parameters:
    ///   - losses: The negative logarithm of the probability of each span.
    ///   - weights: The weight that each has without this.
    static func factors(_ losses: [Double], weights: [Float], exponent: Double) -> [Float] {
        let least = losses.min() ?? 0
        let likelihoods = losses.map { exponential(exponent * (least - $0)) }
        let sum = zip(likelihoods, weights).reduce(0) { $0 + $1.0 * Double($1.1) }
        let total = weights.reduce(0) { $0 + Double($1) }
        guard sum > 0 else { return [Float](repeating: 1, count: losses.count) }
        return likelihoods.map { Float($0 / sum * total) }
    }
}

extension GradientPass {
    /// The factors of the gradients of these items' tokens from the losses of these tokens; nil where neither examples nor spans are
    /// weighted. The loss of an item is the mean over its tokens.
    func reweighting(_ items: [GenerationBatch.Item]) -> (([Double]) -> [Float])? {
        guard isWeighted || items.contains(where: { $0.spanExponent > 0 }) else { return nil }
        return { losses in
            var start = 0
            var means: [ExampleLoss] = []
            var factors: [[Float]] = []
            for item in items {
                let first = start
                let counts = item.targets.map(\.tokens.count)
                let sums = counts.map { count in
                    defer { start += count }
                    return losses[start..<start + count].reduce(0, +)
                }
                means.append(
                    ExampleLoss(
                        example: item.example,
                        value: losses[first..<start].reduce(0, +) / Double(max(1, start - first))))
                let spans =
                    item.spanExponent > 0
                    ? SpanShares.factors(sums, weights: item.targets.map(\.weight), exponent: item.spanExponent)
                    : [Float](repeating: 1, count: counts.count)
                factors.append(zip(spans, counts).flatMap { [Float](repeating: $0, count: $1) })
            }
            return zip(self.weights(of: means), factors).flatMap { weight, factors in factors.map { weight * $0 } }
        }
    }
}
