/// How to search: by one retrieval method, named as in `IndexParts`, or by several whose rankings are fused.
public struct SearchMode: RawRepresentable, Hashable, Codable, Sendable, CustomStringConvertible {
    public let rawValue: String

    public init(rawValue: String) { self.rawValue = rawValue }

    /// All methods with a weight above 0 in the fusion.
    public static let hybrid = SearchMode(rawValue: "hybrid")

    public var description: String { rawValue }
}
