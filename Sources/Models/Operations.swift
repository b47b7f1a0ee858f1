/// Arithmetic that a model's products take, a multiply-add being two operations; what they can be measured against.
extension BertConfiguration {
    /// The operations of one sequence of `tokens`.
    func operations(tokens: Int) -> Double {
        let (n, hidden) = (Double(tokens), Double(hiddenSize))
        let weights = 4 * hidden * hidden + 2 * hidden * Double(feedForwardSize)
        return 2 * Double(layerCount) * n * (weights + 2 * n * hidden)
    }
}

extension LlamaConfiguration {
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
