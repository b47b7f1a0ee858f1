import TrawlCore
import TrawlVectorIndex

/// How the vectors of an index are stored and found.
public struct VectorRecipe: Codable, Equatable, Sendable {
    /// exact, binary (scan of sign codes), graph, or auto: what suits the number of vectors of each segment.
    public var structure = Structure.auto
    /// How the sign codes of the structure `binary` are made.
    public var codes = Codes.rotated
    /// The bits of a learned code.
    public var codeBits = CodeSettings.usualBits
    /// How a number is stored.
    public var format = Format.f32
    /// nil: what the model's files say, or else cosine.
    public var metric: Similarity?
    /// The most links of a vector in a graph.
    public var degree = GraphSettings().degree
    /// The width of the walks that build a graph.
    public var buildWidth = GraphSettings().buildWidth

    public enum Structure: String, Codable, CaseIterable, Sendable { case auto, exact, binary, graph }
    public enum Codes: String, Codable, CaseIterable, Sendable { case rotated, learned }
    public enum Format: String, Codable, CaseIterable, Sendable { case f32, f16, int8 }
    public enum Similarity: String, Codable, CaseIterable, Sendable { case cosine, dot, euclidean }

    public init() {}

    enum CodingKeys: String, CodingKey, CaseIterable {
        case structure, codes, codeBits, format, metric, degree, buildWidth
    }

    public init(from decoder: any Decoder) throws {
        let values = try decoder.strictContainer(keyedBy: CodingKeys.self)
        structure = try values.decode(.structure, default: .auto)
        codes = try values.decode(.codes, default: codes)
        codeBits = try values.decode(.codeBits, default: codeBits)
        format = try values.decode(.format, default: .f32)
        metric = try values.decodeIfPresent(Similarity.self, forKey: .metric)
        degree = try values.decode(.degree, default: degree)
        buildWidth = try values.decode(.buildWidth, default: buildWidth)
    }

    /// - Parameter similarity: what the embedding model's files name.
    func settings(similarity: String? = nil) -> VectorSettings {
        var settings = VectorSettings()
        settings.structure =
            switch structure {
            case .auto: nil
            case .exact: .exact
            case .binary: .binary
            case .graph: .graph
            }
        settings.codes = codes == .learned ? .learned(bits: codeBits) : .rotated
        settings.format =
            switch format {
            case .f32: .f32
            case .f16: .f16
            case .int8: .int8
            }
        settings.metric =
            switch metric ?? similarity.flatMap(Similarity.init) ?? .cosine {
            case .cosine: .cosine
            case .dot: .dot
            case .euclidean: .euclidean
            }
        settings.graph.degree = degree
        settings.graph.buildWidth = buildWidth
        return settings
    }
}
