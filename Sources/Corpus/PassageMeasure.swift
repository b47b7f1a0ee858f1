/// How long a text is to a model, and the longest that it reads whole.
public struct PassageMeasure: Sendable {
    /// In tokens, without those that the model adds itself.
    public let limit: Int
    /// The tokens of each text.
    public let lengths: @Sendable ([String]) -> [Int]

    public init(limit: Int, lengths: @escaping @Sendable ([String]) -> [Int]) {
        self.limit = limit
        self.lengths = lengths
    }
}
