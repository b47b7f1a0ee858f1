public import TrawlModels

/// A model that learns to write texts behind others: an encoder-decoder, or a decoder.
public protocol GeneratorNetwork: AnyObject {
    /// The weights that a checkpoint's state keeps, in a fixed order; those that are frozen and of no checkpoint may be left out.
    var parameters: [Parameter] { get }
    var vocabularySize: Int { get }
    /// The most tokens of a source, and of what is written; of both together where `sharesPositions`.
    var positions: Int { get }
    /// Whether what is written continues the positions of its source.
    var sharesPositions: Bool { get }

    /// The sum of the losses of all predicted tokens of some items. Gradients of `scale` times it are added to the parameters'.
    func accumulateGradients(_ items: [GenerationBatch.Item], smoothing: Float, scale: Float, tape: Tape) -> Double

    /// The loss of a query's ranking. Gradients of `scale` times it are added to the parameters'.
    func accumulateGradients(_ ranking: GenerationBatch.Ranking, scale: Float, tape: Tape) -> Double

    /// Writes what was learnt.
    ///
    /// - Parameter model: What the network was made of.
    func write(to checkpoint: GeneratorCheckpoint, beginningWith model: ModelFolder) throws
}

extension GeneratorNetwork {
    /// The sum of the batch's losses over all predicted tokens. Gradients of `scale` times it are added to the parameters'.
    ///
    /// The batch runs in parts of at most `rowsAtOnce` tokens of sources and targets (or one item, if that has more), so that
    /// memory is bounded whatever its size. Every token must be in the vocabulary, and no sequence longer than the positions.
    public func accumulateGradients(
        _ batch: GenerationBatch, smoothing: Float, scale: Float, rowsAtOnce: Int = 1024, tape: Tape
    ) -> Double {
        batch.parts(rowsAtOnce: rowsAtOnce).reduce(0) {
            $0 + accumulateGradients($1, smoothing: smoothing, scale: scale, tape: tape)
        }
    }
}

extension GenerationBatch {
    /// The items in stretches of at most `rowsAtOnce` tokens, or of one item that has more.
    func parts(rowsAtOnce: Int) -> [[Item]] {
        var parts: [[Item]] = []
        var rows = 0
        for item in items {
            let count = item.targets.reduce(item.source.count) { $0 + $1.tokens.count }
            if parts.isEmpty || rows + count > rowsAtOnce {
                parts.append([])
                rows = 0
            }
            parts[parts.count - 1].append(item)
            rows += count
        }
        return parts
    }
}
