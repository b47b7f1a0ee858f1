/// Which fields of a JSON object, or columns of a TSV file with a header, hold what. The first name that is present
/// counts; fields that no name claims become metadata.
public struct FieldMapping: Hashable, Sendable, Codable {
    public var id: [String]
    public var title: [String]
    public var text: [String]

    public init(
        id: [String] = FieldMapping.default.id, title: [String] = FieldMapping.default.title,
        text: [String] = FieldMapping.default.text
    ) {
        self.id = id
        self.title = title
        self.text = text
    }

    private init(standard: Void) {
        id = ["_id", "id", "docid", "doc_id"]
        title = ["title"]
        text = ["text", "contents", "body"]
    }

    public static let `default` = FieldMapping(standard: ())

    /// As in a recipe: `text: extract` or `text: [extract, description]`; what is not given stays as it is by default.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        func names(_ key: CodingKeys) throws -> [String]? {
            guard container.contains(key) else { return nil }
            if let name = try? container.decode(String.self, forKey: key) { return [name] }
            return try container.decode([String].self, forKey: key)
        }
        self.init(
            id: try names(.id) ?? Self.default.id, title: try names(.title) ?? Self.default.title,
            text: try names(.text) ?? Self.default.text)
    }

    private enum CodingKeys: String, CodingKey { case id, title, text }
}
