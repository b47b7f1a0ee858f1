/// Embeddings of some texts, row-major `[count, dimension]`, in the order of the texts.
public struct EmbeddingMatrix: Sendable, Equatable {
    public let count: Int
    public let dimension: Int
    public let values: [Float]

    public init(count: Int, dimension: Int, values: [Float]) {
        precondition(values.count == count * dimension)
        self.count = count
        self.dimension = dimension
        self.values = values
    }

    /// The embedding of text `row`, `[dimension]`.
    public subscript(row: Int) -> ArraySlice<Float> { values[row * dimension..<(row + 1) * dimension] }
}
