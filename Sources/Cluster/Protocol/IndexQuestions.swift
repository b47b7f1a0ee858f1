import TrawlCore
import TrawlCorpus
import TrawlEngine

/// What a shard is: everything that a coordinator keeps of it as long as it has the same commit.
struct DescribeShard: ShardQuestion {
    typealias Answer = ShardDescription
    static let operation = ShardOperation.describe

    init() {}
    init(from reader: inout ByteReader) throws(ByteFault) {}
    func write(to writer: inout ByteWriter) {}
}

struct ShardDescription: ByteCodable, Equatable {
    /// The recipe and the default settings, in YAML.
    var recipe: String
    /// The same without what may differ between machines: shards of one index agree in it.
    var comparableRecipe: String
    /// The models that the index was built with, by what they are used for, and their digests.
    var models: [Model]
    /// Which of how many shards it is; nil for an index that is none.
    var shard: ShardNumber?
    var documents: Int
    var passages: Int
    /// One more than the largest number of a passage and of a document, with those that are deleted.
    var passageBound: Int
    var documentBound: Int
    var segments = 0
    var bytesOnDisk = 0
    /// nil for an index without postings, vectors or n-grams.
    var lexical: Lexical?
    var vectors: Vectors?
    var ngrams: NGrams?

    struct Model: ByteCodable, Equatable {
        let role: String
        let digest: String

        init(role: String, digest: String) { (self.role, self.digest) = (role, digest) }

        init(from reader: inout ByteReader) throws(ByteFault) {
            role = try reader.next()
            digest = try reader.next()
        }

        func write(to writer: inout ByteWriter) {
            writer.append(role)
            writer.append(digest)
        }
    }

    struct ShardNumber: ByteCodable, Equatable {
        let number: Int
        let count: Int

        init(number: Int, count: Int) { (self.number, self.count) = (number, count) }

        init(from reader: inout ByteReader) throws(ByteFault) {
            number = try reader.next()
            count = try reader.next()
        }

        func write(to writer: inout ByteWriter) {
            writer.append(number)
            writer.append(count)
        }
    }

    struct Lexical: ByteCodable, Equatable {
        var passages: Int
        /// The terms of live passages, each as often as it occurs.
        var terms: UInt64

        init(passages: Int, terms: UInt64) { (self.passages, self.terms) = (passages, terms) }

        init(from reader: inout ByteReader) throws(ByteFault) {
            passages = try reader.next()
            terms = try reader.next()
        }

        func write(to writer: inout ByteWriter) {
            writer.append(passages)
            writer.append(terms)
        }
    }

    struct Vectors: ByteCodable, Equatable {
        var count: Int
        /// 0 for a shard without passages.
        var dimension: Int
        var isCosine: Bool

        init(count: Int, dimension: Int, isCosine: Bool) {
            (self.count, self.dimension, self.isCosine) = (count, dimension, isCosine)
        }

        init(from reader: inout ByteReader) throws(ByteFault) {
            count = try reader.next()
            dimension = try reader.next()
            isCosine = try reader.next()
        }

        func write(to writer: inout ByteWriter) {
            writer.append(count)
            writer.append(dimension)
            writer.append(isCosine)
        }
    }

    struct NGrams: ByteCodable, Equatable {
        var tokens: Int
        var passages: Int
        /// nil for a shard without passages.
        var boundary: TokenID?

        init(tokens: Int, passages: Int, boundary: TokenID?) {
            (self.tokens, self.passages, self.boundary) = (tokens, passages, boundary)
        }

        init(from reader: inout ByteReader) throws(ByteFault) {
            tokens = try reader.next()
            passages = try reader.next()
            boundary = try reader.next()
        }

        func write(to writer: inout ByteWriter) {
            writer.append(tokens)
            writer.append(passages)
            writer.append(boundary)
        }
    }
}

extension ShardDescription {
    /// What stands in for a shard that does not answer.
    static func unreachable(_ number: Int, of count: Int, like other: ShardDescription) -> ShardDescription {
        ShardDescription(
            recipe: other.recipe, comparableRecipe: other.comparableRecipe, models: other.models,
            shard: ShardNumber(number: number, count: count), documents: 0,
            passages: 0, passageBound: 0, documentBound: 0)
    }

    init(from reader: inout ByteReader) throws(ByteFault) {
        recipe = try reader.next()
        comparableRecipe = try reader.next()
        models = try reader.next()
        shard = try reader.next()
        documents = try reader.next()
        passages = try reader.next()
        passageBound = try reader.next()
        documentBound = try reader.next()
        segments = try reader.next()
        bytesOnDisk = try reader.next()
        lexical = try reader.next()
        vectors = try reader.next()
        ngrams = try reader.next()
    }

    func write(to writer: inout ByteWriter) {
        writer.append(recipe)
        writer.append(comparableRecipe)
        writer.append(models)
        writer.append(shard)
        writer.append(documents)
        writer.append(passages)
        writer.append(passageBound)
        writer.append(documentBound)
        writer.append(segments)
        writer.append(bytesOnDisk)
        writer.append(lexical)
        writer.append(vectors)
        writer.append(ngrams)
    }
}

/// Texts, ranges and metadata of passages.
struct FetchPassages: ShardQuestion {
    typealias Answer = [FetchedPassage]
    static let operation = ShardOperation.passages
    let passages: [UInt32]

    init(passages: [UInt32]) { self.passages = passages }
    init(from reader: inout ByteReader) throws(ByteFault) { passages = try reader.next() }
    func write(to writer: inout ByteWriter) { writer.append(passages) }
}

struct FetchedPassage: ByteCodable {
    let document: String
    let title: String
    let section: [String]
    let text: String
    let ordinal: Int
    /// The range in the document's text, in bytes and in Unicode scalars.
    let bytes: Span
    let scalars: Span
    /// JSON; empty for none.
    let metadata: String

    struct Span: ByteCodable {
        let start: Int
        let end: Int

        init(_ range: Range<Int>) { (start, end) = (range.lowerBound, range.upperBound) }

        init(from reader: inout ByteReader) throws(ByteFault) {
            start = try reader.next()
            end = try reader.next()
            guard start <= end else { throw ByteFault("a range ends before it starts") }
        }

        func write(to writer: inout ByteWriter) {
            writer.append(start)
            writer.append(end)
        }

        var range: Range<Int> { start..<end }
    }

    init(
        document: String, title: String, section: [String], text: String, ordinal: Int, bytes: Range<Int>,
        scalars: Range<Int>, metadata: String
    ) {
        (self.document, self.title, self.section, self.text) = (document, title, section, text)
        (self.ordinal, self.metadata) = (ordinal, metadata)
        (self.bytes, self.scalars) = (Span(bytes), Span(scalars))
    }

    init(from reader: inout ByteReader) throws(ByteFault) {
        document = try reader.next()
        title = try reader.next()
        section = try reader.next()
        text = try reader.next()
        ordinal = try reader.next()
        bytes = try reader.next()
        scalars = try reader.next()
        metadata = try reader.next()
    }

    func write(to writer: inout ByteWriter) {
        writer.append(document)
        writer.append(title)
        writer.append(section)
        writer.append(text)
        writer.append(ordinal)
        writer.append(bytes)
        writer.append(scalars)
        writer.append(metadata)
    }
}

/// The passages of the document that has an id, as hits without a score.
struct DocumentPassages: ShardQuestion {
    typealias Answer = [ShardHit]
    static let operation = ShardOperation.documentPassages
    let document: String

    init(document: String) { self.document = document }
    init(from reader: inout ByteReader) throws(ByteFault) { document = try reader.next() }
    func write(to writer: inout ByteWriter) { writer.append(document) }
}

/// A whole document; nil for an id that the shard does not have.
struct FetchDocument: ShardQuestion {
    typealias Answer = FetchedDocument?
    static let operation = ShardOperation.document
    let id: String

    init(id: String) { self.id = id }
    init(from reader: inout ByteReader) throws(ByteFault) { id = try reader.next() }
    func write(to writer: inout ByteWriter) { writer.append(id) }
}

struct FetchedDocument: ByteCodable {
    let title: String
    let text: String
    /// JSON.
    let metadata: String
    let headingLevels: [Int]
    let headings: [FetchedPassage.Span]
    let passages: [FetchedPassage.Span]

    init(_ document: StoredDocument) {
        (title, text, metadata) = (document.title, document.text, document.metadata.json)
        headingLevels = document.headings.map { max(0, $0.level) }
        headings = document.headings.map { .init($0.range) }
        passages = document.passages.map { .init($0) }
    }

    init(from reader: inout ByteReader) throws(ByteFault) {
        title = try reader.next()
        text = try reader.next()
        metadata = try reader.next()
        headingLevels = try reader.next()
        headings = try reader.next()
        passages = try reader.next()
    }

    func write(to writer: inout ByteWriter) {
        writer.append(title)
        writer.append(text)
        writer.append(metadata)
        writer.append(headingLevels)
        writer.append(headings)
        writer.append(passages)
    }

    /// - Throws: `TrawlError.corrupted` for metadata that are no JSON object.
    func document(_ id: DocumentID) throws -> StoredDocument {
        StoredDocument(
            id: id, title: title, text: text, metadata: try DocumentMetadata(received: metadata),
            headings: zip(headingLevels, headings).map { Heading(level: $0, range: $1.range) },
            passages: passages.map(\.range))
    }
}
