/// Embeddings of some texts, row-major `[count, dimension]`, in the order of the texts.
public struct EmbeddingMatrix: Sendable, Equatable {
    public let count: Int
    public let dimension: Int
    public let values: [Float]
    /// How many of the texts were longer than the model reads, so that their ends are not part of their embeddings.
    public let cutTexts: Int

    public init(count: Int, dimension: Int, values: [Float], cutTexts: Int = 0) {
        precondition(values.count == count * dimension)
        self.count = count
        self.dimension = dimension
        self.values = values
        self.cutTexts = cutTexts
    }

    /// The embedding of text `row`, `[dimension]`.
    public subscript(row: Int) -> ArraySlice<Float> { values[row * dimension..<(row + 1) * dimension] }
}
