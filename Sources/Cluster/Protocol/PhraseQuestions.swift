import TrawlCore
import TrawlEngine
import TrawlSubstringIndex

/// What a shard knows of a phrase or a context; the first of two questions asks for the numbers on which the second depends.
struct FindPhrase {
    enum Kind: Equatable {
        /// How often each clause occurs.
        case clauses
        /// What meets the query, where the clauses occur so often in all shards.
        case matches(clauseCounts: [Int])
        /// How many tokens at the end of the context occur, or of those before each token of the text.
        case suffixes
        /// What follows the last `suffixLengths[0]` tokens of the context; or the probability of each token of the text after the
        /// last `suffixLengths[i]` tokens before it.
        case next(suffixLengths: [Int])
    }

    let kind: Kind
    /// The phrase query as its user wrote it, or a context.
    let text: String
    /// The text whose probability is asked for; nil for phrases, and where what follows is asked for.
    var continuation: String?
    var options = PhraseFinder.Options()

    init(_ kind: Kind, _ text: String, continuation: String? = nil, options: PhraseFinder.Options = .init()) {
        (self.kind, self.text, self.continuation, self.options) = (kind, text, continuation, options)
    }
}

extension FindPhrase: ShardQuestion {
    typealias Answer = FoundPhrase
    static let operation = ShardOperation.phrases

    init(from reader: inout ByteReader) throws(ByteFault) {
        (kind, text, continuation) = try reader.fields()
        (options.variants.anyCase, options.variants.anySpace, options.within) = try reader.fields()
        (options.readLimit, options.passages, options.continuations) = try reader.fields()
    }

    func write(to writer: inout ByteWriter) {
        writer.append(
            kind, text, continuation, options.variants.anyCase, options.variants.anySpace, options.within,
            options.readLimit, options.passages, options.continuations)
    }
}

extension FindPhrase.Kind: ByteCodable {
    init(from reader: inout ByteReader) throws(ByteFault) {
        switch try reader.next(UInt8.self) {
        case 0: self = .clauses
        case 1: self = .matches(clauseCounts: try reader.next())
        case 2: self = .suffixes
        case 3: self = .next(suffixLengths: try reader.next())
        case let other: throw ByteFault("there is no question \(other) about phrases")
        }
    }

    func write(to writer: inout ByteWriter) {
        switch self {
        case .clauses: writer.append(UInt8(0))
        case .matches(let counts): writer.append(UInt8(1), counts)
        case .suffixes: writer.append(UInt8(2))
        case .next(let lengths): writer.append(UInt8(3), lengths)
        }
    }
}

struct FoundPhrase {
    /// Of clauses or of suffixes, as the question asks.
    var numbers: [Int] = []
    /// The context that `next` follows.
    var context = ""
    var count = 0
    var passageCount = 0
    var documentCount = 0
    var isEstimate = false
    var passages: [Passage] = []
    var next: [PhraseFinder.Continuation] = []
    var steps: [PhraseFinder.TokenProbability] = []

    struct Passage {
        /// Those of the document in the corpus and of the passage in the shard.
        let position: UInt64
        let number: UInt32
        let passage: PhraseFinder.Passage
    }
}

extension FoundPhrase: ByteCodable {
    init(from reader: inout ByteReader) throws(ByteFault) {
        (numbers, context, count, passageCount, documentCount, isEstimate) = try reader.fields()
        (passages, next, steps) = try reader.fields()
        // The end of a title has the token of other separators, and a text of its own.
        guard Set(next.map { "\($0.token) \($0.text)" }).count == next.count else {
            throw ByteFault("a token follows twice")
        }
    }

    func write(to writer: inout ByteWriter) {
        writer.append(
            numbers, context, count, passageCount, documentCount, isEstimate, passages, next, steps)
    }
}

extension FoundPhrase.Passage: ByteCodable {
    init(from reader: inout ByteReader) throws(ByteFault) { (position, number, passage) = try reader.fields() }
    func write(to writer: inout ByteWriter) { writer.append(position, number, passage) }
}

// MARK: - Types of the engine

extension PhraseFinder.Passage: ByteCodable {
    init(from reader: inout ByteReader) throws(ByteFault) {
        self.init(
            document: try reader.next(), passage: try reader.next(), title: try reader.next(), text: try reader.next(),
            count: try reader.next(), ranges: try reader.next())
        guard ranges.allSatisfy({ $0.bytes.upperBound <= text.utf8.count }) else {
            throw ByteFault("a range goes beyond its text")
        }
    }

    func write(to writer: inout ByteWriter) { writer.append(document, passage, title, text, count, ranges) }
}

extension TextRange: ByteCodable {
    init(from reader: inout ByteReader) throws(ByteFault) {
        self.init(bytes: try reader.next(Span.self).range, scalars: try reader.next(Span.self).range)
    }

    func write(to writer: inout ByteWriter) { writer.append(Span(bytes), Span(scalars)) }
}

extension PhraseFinder.Continuation: ByteCodable {
    init(from reader: inout ByteReader) throws(ByteFault) {
        self.init(text: try reader.next(), token: try reader.next(), count: try reader.next())
    }

    func write(to writer: inout ByteWriter) { writer.append(text, token, count) }
}

extension PhraseFinder.TokenProbability: ByteCodable {
    init(from reader: inout ByteReader) throws(ByteFault) {
        self.init(
            text: try reader.next(), token: try reader.next(),
            NGramProbability(
                contextLength: try reader.next(), contextCount: try reader.next(), count: try reader.next()))
    }

    func write(to writer: inout ByteWriter) { writer.append(text, token, contextLength, contextCount, count) }
}
