public import Core
public import Generation
import Models
public import Tensors
import Tokenizers

/// Queries that a language model writes for the passages of an index.
public struct PassageQueries {
    private let writer: QueryWriter
    private let documents: StoredDocuments
    /// The passages that are written for, in order.
    private let passages: [PassageID]

    /// The passages that the model reads at once: bounds the memory.
    private static let batch = 16

    /// - Parameters:
    ///   - writer: The name or path of a decoder.
    ///   - limit: The most passages, spread evenly over the index.
    /// - Throws: `TrawlError` for a model that cannot write, or parameters out of their bounds.
    public init(
        index: SearchIndex, writer: String, precision: Precision, limit: Int, parameters: QueryWriter.Parameters
    ) throws {
        let folder = try ModelFolder(path: ModelCatalogue.path(of: writer))
        let tokenizer = try folder.loadTokenizer()
        let model = try folder.loadDecoder(precision: precision)
        self.writer = try QueryWriter(
            session: model.makeSession(), start: tokenizer.startOfText, endToken: model.endToken,
            parameters: parameters, encode: { tokenizer.encodeIDs($0, addSpecialTokens: false) },
            decode: { tokenizer.decode($0) })
        documents = index.documents
        var all: [PassageID] = []
        try documents.forEachPassage { _, passage in all.append(passage) }
        let count = min(limit, all.count)
        passages = (0..<count).map { all[$0 * all.count / count] }
    }

    public var passageCount: Int { passages.count }

    /// A query and the document whose passage it was written for.
    public struct Written: Sendable {
        /// Of passage and query; the same in every run over this index.
        public let id: String
        public let text: String
        public let document: DocumentID
    }

    /// Up to `count` queries for each passage with words, until `goesOn`, which hears how many passages were read, says no.
    public func write(perPassage count: Int, goesOn: (_ passages: Int) -> Bool) throws -> [Written] {
        var result: [Written] = []
        for start in stride(from: 0, to: passages.count, by: Self.batch) {
            let part = passages[start..<min(start + Self.batch, passages.count)]
            let texts = try part.map { (number: Int($0.rawValue), passage: try documents.passage($0)) }.filter {
                $0.passage.text.contains { !$0.isWhitespace }
            }
            let queries = try writer.write(
                texts.map { ($0.number, passageText(title: $0.passage.title, text: $0.passage.text)) }, count: count)
            for (text, queries) in zip(texts, queries) {
                for (place, query) in queries.enumerated() {
                    result.append(
                        Written(id: "\(text.number)-\(place)", text: query, document: text.passage.document))
                }
            }
            guard goesOn(part.count) else { break }
        }
        return result
    }
}
