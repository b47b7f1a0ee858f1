/// Arithmetic that a model's products take, a multiply-add being two operations; what they can be measured against.
extension EncoderConfiguration {
    /// The operations of one sequence of `tokens`.
    func operations(tokens: Int) -> Double {
        let (n, hidden, attention) = (Double(tokens), Double(hiddenSize), Double(attentionSize))
        let weights = hidden * (4 * attention + Double((isGated ? 3 : 2) * feedForwardSize))
        return 2 * Double(layerCount) * n * (weights + 2 * n * attention)
    }
}

extension DecoderConfiguration {
    /// The operations of `tokens` new tokens that see `visible` tokens each on average, themselves included, of which
    /// `predicted` want logits.
    public func operations(tokens: Int, visible: Double, predicted: Int) -> Double {
        let (hidden, width) = (Double(hiddenSize), Double(headCount * headDimension))
        let projections = 2 * hidden * (width + Double(keyHeadCount * headDimension))
        let weights = projections + 3 * hidden * Double(feedForwardSize)
        let layers = Double(layerCount * tokens) * (weights + 2 * visible * width)
        return 2 * (layers + Double(predicted) * hidden * Double(vocabularySize))
    }
}
