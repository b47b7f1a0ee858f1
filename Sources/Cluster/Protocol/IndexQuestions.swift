import TrawlCore
import TrawlCorpus
import TrawlEngine

/// What a shard is: everything that a coordinator keeps of it as long as it has the same commit.
struct DescribeShard {}

extension DescribeShard: ShardQuestion {
    typealias Answer = ShardDescription
    static let operation = ShardOperation.describe

    init(from reader: inout ByteReader) throws(ByteFault) {}
    func write(to writer: inout ByteWriter) {}
}

/// Texts, ranges and metadata of passages.
struct FetchPassages {
    let passages: [UInt32]
}

extension FetchPassages: ShardQuestion {
    typealias Answer = [FetchedPassage]
    static let operation = ShardOperation.passages

    init(from reader: inout ByteReader) throws(ByteFault) { passages = try reader.next() }
    func write(to writer: inout ByteWriter) { writer.append(passages) }
}

struct FetchedPassage {
    let document: String
    let title: String
    let section: [String]
    let text: String
    let ordinal: Int
    /// The range in the document's text.
    let range: TextRange
    /// JSON.
    let metadata: String
}

extension FetchedPassage: ByteCodable {
    init(from reader: inout ByteReader) throws(ByteFault) {
        (document, title, section, text, ordinal, range, metadata) = try reader.fields()
    }

    func write(to writer: inout ByteWriter) {
        writer.append(document, title, section, text, ordinal, range, metadata)
    }
}

/// A range of a text.
struct Span {
    let start: Int
    let end: Int

    init(_ range: Range<Int>) { (start, end) = (range.lowerBound, range.upperBound) }

    var range: Range<Int> { start..<end }
}

extension Span: ByteCodable {
    init(from reader: inout ByteReader) throws(ByteFault) {
        (start, end) = try reader.fields()
        guard start <= end else { throw ByteFault("a range ends before it starts") }
    }

    func write(to writer: inout ByteWriter) { writer.append(start, end) }
}

/// The passages of the document that has an id, as hits without a score.
struct DocumentPassages {
    let document: String
}

extension DocumentPassages: ShardQuestion {
    typealias Answer = [ShardHit]
    static let operation = ShardOperation.documentPassages

    init(from reader: inout ByteReader) throws(ByteFault) { document = try reader.next() }
    func write(to writer: inout ByteWriter) { writer.append(document) }
}

/// A whole document; nil for an id that the shard does not have.
struct FetchDocument {
    let id: String
}

extension FetchDocument: ShardQuestion {
    typealias Answer = FetchedDocument?
    static let operation = ShardOperation.document

    init(from reader: inout ByteReader) throws(ByteFault) { id = try reader.next() }
    func write(to writer: inout ByteWriter) { writer.append(id) }
}

struct FetchedDocument {
    let title: String
    let text: String
    /// JSON.
    let metadata: String
    let headingLevels: [Int]
    let headings: [Span]
    let passages: [Span]

    init(_ document: StoredDocument) {
        (title, text, metadata) = (document.title, document.text, document.metadata.json)
        headingLevels = document.headings.map { max(0, $0.level) }
        headings = document.headings.map { Span($0.range) }
        passages = document.passages.map { Span($0) }
    }

    /// - Throws: `TrawlError.corrupted` for metadata that are no JSON object.
    func document(_ id: DocumentID) throws -> StoredDocument {
        StoredDocument(
            id: id, title: title, text: text, metadata: try DocumentMetadata(received: metadata),
            headings: zip(headingLevels, headings).map { Heading(level: $0, range: $1.range) },
            passages: passages.map(\.range))
    }
}

extension FetchedDocument: ByteCodable {
    init(from reader: inout ByteReader) throws(ByteFault) {
        (title, text, metadata, headingLevels, headings, passages) = try reader.fields()
        guard (headings + passages).allSatisfy({ $0.end <= text.utf8.count }) else {
            throw ByteFault("a range goes beyond its text")
        }
    }

    func write(to writer: inout ByteWriter) {
        writer.append(title, text, metadata, headingLevels, headings, passages)
    }
}
