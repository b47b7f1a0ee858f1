/// A question, in Unicode NFC and not blank.
public struct Query: Hashable, Sendable {
    public let id: String
    public let text: String
    public let metadata: [MetadataField]

    public init(id: String, text: String, metadata: [MetadataField] = []) {
        self.id = id
        self.text = text
        self.metadata = metadata
    }
}

/// A named value that travels with a document or a query and is not searched.
public struct MetadataField: Hashable, Sendable {
    public let key: String
    /// A string as it was; any other JSON value as its JSON text, such as `1999` or `["a","b"]`.
    public let value: String
    /// Whether `value` is the JSON text of a number, a boolean, a list or an object.
    public let isJSON: Bool

    public init(key: String, value: String, isJSON: Bool = false) {
        self.key = key
        self.value = value
        self.isJSON = isJSON
    }
}

/// The documents that answer a query, best first: what evaluation compares with judgements.
public struct DocumentRanking: Sendable {
    /// The id of the query.
    public let query: String
    public let documents: [DocumentScore]

    public init(query: String, documents: [DocumentScore]) {
        self.query = query
        self.documents = documents
    }
}

/// A document and how well it answers a query; higher is better.
public struct DocumentScore: Hashable, Sendable {
    public let document: DocumentID
    public let score: Float

    public init(document: DocumentID, score: Float) {
        self.document = document
        self.score = score
    }
}
