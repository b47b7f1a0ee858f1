public import TrawlModels

/// A network that learns to score a query and a passage that it reads together.
public protocol RerankerNetwork: AnyObject {
    /// The weights, in a fixed order.
    var parameters: [Parameter] { get }
    var vocabularySize: Int { get }
    /// The most tokens of an input.
    var positions: Int { get }

    /// The scores of pairs, `[inputs, 1]`; higher is better.
    ///
    /// No input is empty or longer than the positions, and every token is in the vocabulary.
    func scores(of inputs: [EncoderInput], _ tape: Tape) -> Variable

    /// Writes the weights in the network's own layout.
    ///
    /// - Parameter model: The model that training began with.
    /// - Throws: `TrawlError` when the folder cannot be written.
    func write(to folder: TrainedModelFolder, beginningWith model: ModelFolder) throws
}

extension RerankerNetwork {
    /// The scores of pairs, without gradients.
    ///
    /// - Parameter microBatch: The most tokens that are computed at once.
    public func scores(of inputs: [EncoderInput], microBatch: Int = 2048, on tape: Tape = Tape(isRecording: false))
        -> [Float]
    {
        var scores: [Float] = []
        var part: [EncoderInput] = []
        var tokens = 0
        func flush() {
            guard !part.isEmpty else { return }
            tape.clear()
            scores += tape.values(of: self.scores(of: part, tape))
            (part, tokens) = ([], 0)
        }
        for input in inputs {
            if tokens + input.tokens.count > microBatch { flush() }
            part.append(input)
            tokens += input.tokens.count
        }
        flush()
        return scores
    }
}
