public import TrawlCore
import TrawlEngine
import TrawlGeneration
import TrawlTensors

/// A query that a language model wrote, and the document whose passage it was written for.
public struct WrittenQuery: Sendable {
    /// Of seed, passage and number.
    public let id: String
    public let text: String
    public let document: DocumentID
}

/// Queries that a language model writes for the passages of an index.
struct PassageQueries {
    private let writer: QueryWriter
    private let documents: StoredDocuments
    private let seed: UInt64
    /// The passages that are written for, in order.
    private let passages: [PassageID]

    /// The passages that the model reads at once: bounds the memory.
    private static let batch = 16

    /// - Parameters:
    ///   - writer: The name or path of a decoder.
    ///   - limit: The most passages, at equal distances over the index.
    ///   - newAfter: As `QueryWriting.newAfter`.
    /// - Throws: `TrawlError` for a model that cannot write, or parameters out of their bounds.
    init(
        index: SearchIndex, models: ModelCache, writer: String, precision: Precision, limit: Int,
        newAfter: DocumentID? = nil, parameters: QueryWriter.Parameters
    ) throws {
        let model = try WritingModel(writer, precision: precision, models)
        self.writer = try QueryWriter(
            session: model.session, start: model.start, isEnd: model.isEnd, parameters: parameters,
            encode: model.encode, decode: model.decode)
        seed = parameters.sampling.seed
        documents = index.documents
        var (earlier, new): ([PassageID], [PassageID]) = ([], [])
        var isNew = false
        try documents.forEachPassageList { [documents] number, passages in
            if isNew { new += passages } else { earlier += passages }
            if let newAfter, !isNew { isNew = try documents.documentID(number) == newAfter }
        }
        let newCount = min(new.count, max(limit / 2, limit - earlier.count))
        passages = Self.spread(limit - newCount, over: earlier) + Self.spread(newCount, over: new)
    }

    /// At most `count` passages at equal distances.
    private static func spread(_ count: Int, over passages: [PassageID]) -> [PassageID] {
        let count = min(count, passages.count)
        return (0..<count).map { passages[$0 * passages.count / count] }
    }

    var passageCount: Int { passages.count }

    /// Writes up to `count` queries for each passage with words, and hands them over some passages at a time, until `body`
    /// answers false.
    func write(perPassage count: Int, _ body: (_ passages: Int, [WrittenQuery]) throws -> Bool) throws {
        for start in stride(from: 0, to: passages.count, by: Self.batch) {
            let part = passages[start..<min(start + Self.batch, passages.count)]
            let texts = try part.map { (number: Int($0.rawValue), passage: try documents.passage($0)) }.filter {
                $0.passage.text.contains { !$0.isWhitespace }
            }
            let queries = try writer.write(texts.map { ($0.number, $0.passage.content) }, count: count)
            let written = zip(texts, queries).flatMap { text, queries in
                queries.enumerated().map { number, query in
                    WrittenQuery(
                        id: "\(seed)-\(text.number)-\(number)", text: query, document: text.passage.document)
                }
            }
            guard try body(part.count, written) else { break }
        }
    }
}
