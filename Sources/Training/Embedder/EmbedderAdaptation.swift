/// What the training of an embedding model changes.
public struct EmbedderAdaptation: Codable, Sendable, Equatable {
    /// The size of the adapters; nil for training the layers themselves.
    public var adapters: LowRankSettings? = LowRankSettings()
    /// How many of the last layers are trained; nil for all.
    public var layers: Int?

    public init() {}
}
