public import TrawlModels

/// A network that learns to write texts after others: an encoder-decoder, or a decoder.
public protocol GeneratorNetwork: AnyObject {
    /// The weights, in a fixed order; frozen ones that no checkpoint has may be left out.
    var parameters: [Parameter] { get }
    var vocabularySize: Int { get }
    /// The most tokens of a source, and of a target; of both together where `sharesPositions`.
    var positions: Int { get }
    /// Whether targets continue the positions of their source.
    var sharesPositions: Bool { get }

    /// The sum of the losses of all predicted tokens of some items, which are computed at once. Gradients of `scale` times it,
    /// with the weights of `pass`, are added to those of the parameters.
    func accumulateGradients(
        _ items: [GenerationBatch.Item], smoothing: Float, scale: Float, in pass: GradientPass
    ) -> Double

    /// The loss of the ranking of a query. Gradients of `scale` times it are added to those of the parameters.
    func accumulateGradients(_ ranking: GenerationBatch.Ranking, scale: Float, tape: Tape) -> Double

    /// Writes the trained weights in the network's own layout.
    ///
    /// - Parameter model: The model that training began with.
    /// - Throws: `TrawlError` when the folder cannot be written.
    func write(to folder: TrainedModelFolder, beginningWith model: ModelFolder) throws
}

extension GeneratorNetwork {
    /// The sum of the losses of all predicted tokens of a batch. Gradients of `scale` times it, with the weights of `pass`, are
    /// added to those of the parameters.
    ///
    /// The batch is computed in parts of at most `pass.microBatch` tokens of sources and targets, or of one item that has more.
    /// Every token must be in the vocabulary, and no sequence longer than the positions.
    public func accumulateGradients(
        _ batch: GenerationBatch, smoothing: Float, scale: Float, in pass: GradientPass = GradientPass()
    ) -> Double {
        batch.parts(microBatch: pass.microBatch).reduce(0) {
            $0 + accumulateGradients($1, smoothing: smoothing, scale: scale, in: pass)
        }
    }
}

extension GenerationBatch {
    /// The items in parts of at most `microBatch` tokens, or of one item that has more.
    func parts(microBatch: Int) -> [[Item]] {
        var parts: [[Item]] = []
        var rows = 0
        for item in items {
            let count = item.targets.reduce(item.source.count) { $0 + $1.tokens.count }
            if parts.isEmpty || rows + count > microBatch {
                parts.append([])
                rows = 0
            }
            parts[parts.count - 1].append(item)
            rows += count
        }
        return parts
    }
}
