public import Core
public struct EmbeddingMatrix { public var values: [Float]; public var count: Int; public var dimension: Int; public func row(_ i: Int) -> [Float] { [] } }
public final class TextEmbedder {
    public init(folder: String) throws {}
    public var digest: String { "" }
    public var dimension: Int { 0 }
    public var maximumLength: Int { 0 }
    public var poolingName: String { "" }
    public func prompt(named: String) throws -> String { "" }
    public func embed(_ t: [String], prompt: String? = nil, dimensions: Int? = nil, normalize: Bool? = nil, progress: any ProgressReporter = .silent) throws -> EmbeddingMatrix { fatalError() }
}
