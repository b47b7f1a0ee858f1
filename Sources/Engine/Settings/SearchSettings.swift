import TrawlCore

/// How an index is searched. An index stores defaults; a request changes a copy of them, and the search checks and resolves
/// it once, when it starts.
///
/// Each part of an index has a section of its own, such as `lexical` with BM25's k1 and b; the extensions that name them
/// are in the folders of the parts.
public struct SearchSettings: Equatable, Sendable {
    /// nil: hybrid where several built methods have a weight in the fusion, otherwise the one that has.
    public var mode: SearchMode?
    /// The most hits.
    public var limit = 10
    /// Whether a document is one hit, that of its best passage.
    public var collapsesDocuments = true
    /// Whether the document that has the id of the query is not found, as collections want it whose queries are documents.
    public var excludesQueryDocument = false
    /// Whether hits list the words and n-grams that matched. It costs time, so it is off unless asked for.
    public var explains = false
    /// The rerankers, each of which reads what the one before it made.
    public var rerankers: [RerankSettings] = []
    /// Conditions that documents must meet to be found.
    public var conditions: [DocumentCondition] = []
    /// Words that a passage must have in these senses to be found, all of them. They are a request's own and never stored.
    public var senses: [SenseReference] = []
    public var fusion = FusionSettings()
    public var sections = RecipeSections()

    public init(mode: SearchMode? = nil) { self.mode = mode }

    /// - Throws: `TrawlError.invalidInput` that names the setting which is out of its bounds.
    public func validate(_ parts: IndexParts = .default) throws {
        guard limit > 0 else {
            throw TrawlError(.invalidInput, "the limit of hits is \(limit)", remedy: "ask for at least 1")
        }
        if let mode, mode != .hybrid, parts.named(mode.rawValue) == nil {
            throw TrawlError(
                .invalidInput, "unknown mode \"\(mode)\"",
                remedy: "the modes are \(parts.modes.map(\.rawValue).joined(separator: ", "))")
        }
        for reranker in rerankers where reranker.depth < 1 {
            throw TrawlError(
                .invalidInput, "a reranker's depth is \(reranker.depth)", remedy: "rerank at least 1 hit")
        }
        for reranker in rerankers where !(RerankSettings.windowCounts ~= reranker.windows) {
            throw TrawlError(
                .invalidInput, "a reranker's windows are \(reranker.windows)",
                remedy: "read a passage in 1 to \(RerankSettings.windowCounts.upperBound) windows")
        }
        for weight in rerankers.compactMap(\.weight) where !(0...1 ~= weight) {
            throw TrawlError(
                .invalidInput, "a reranker's weight is \(weight)", remedy: "give a weight from 0 to 1")
        }
        try fusion.validate(parts)
        for part in parts.all {
            guard let type = part.settingsSection else { continue }
            do {
                try sections.value(of: type).validate()
            } catch var error as TrawlError {
                error.message = "\(type.sectionName): \(error.message)"
                throw error
            }
        }
    }

    /// Names each model that is a path from `folder` by its absolute path.
    mutating func locateModels(in folder: String) {
        sections.renameModels { ModelCatalogue.located($0, in: folder) }
        for stage in rerankers.indices {
            rerankers[stage].model = rerankers[stage].model.map { ModelCatalogue.located($0, in: folder) }
        }
    }
}

/// The group `search` of a recipe file: what no part and no fusion owns.
extension SearchSettings: Codable {
    enum CodingKeys: String, CodingKey, CaseIterable {
        case mode, limit, passages, excludeSelf, explain, rerank
        case conditions = "where"
    }

    public init(from decoder: any Decoder) throws {
        let values = try decoder.strictContainer(keyedBy: CodingKeys.self)
        mode = try values.decodeIfPresent(SearchMode.self, forKey: .mode)
        limit = try values.decode(.limit, default: limit)
        collapsesDocuments = try !values.decode(.passages, default: false)
        excludesQueryDocument = try values.decode(.excludeSelf, default: false)
        explains = try values.decode(.explain, default: false)
        rerankers = try values.decode(.rerank, default: [])
        let conditions: [String] = try values.decode(.conditions, default: [])
        self.conditions = try conditions.map { try DocumentCondition($0) }
    }

    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encodeIfPresent(mode, forKey: .mode)
        try values.encode(limit, forKey: .limit)
        try values.encode(!collapsesDocuments, forKey: .passages)
        try values.encode(excludesQueryDocument, forKey: .excludeSelf)
        try values.encode(explains, forKey: .explain)
        try values.encode(rerankers, forKey: .rerank)
        try values.encode(conditions.map(\.description), forKey: .conditions)
    }
}
