extension EmbeddingMatrix {
    /// The same directions at length 1; a zero vector stays as it is.
    public func normalised() -> EmbeddingMatrix {
        var scaled = values
        for row in 0..<count {
            let length = self[row].reduce(0) { $0 + $1 * $1 }.squareRoot()
            guard length > 0 else { continue }
            for place in row * dimension..<(row + 1) * dimension { scaled[place] /= length }
        }
        return EmbeddingMatrix(count: count, dimension: dimension, values: scaled, cutTexts: cutTexts)
    }
}
