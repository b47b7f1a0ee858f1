import TrawlCore
import TrawlEngine

/// What a shard knows of a phrase or a context; the first of two questions asks for the numbers on which the second depends.
struct FindPhrase: ShardQuestion {
    typealias Answer = FoundPhrase
    static let operation = ShardOperation.phrases

    enum Kind: ByteCodable, Equatable {
        /// How often each clause occurs.
        case clauses
        /// What meets the query, where the clauses occur so often in all shards.
        case matches(clauseCounts: [Int])
        /// How many tokens at the end of the context occur, or of those before each token of the text.
        case suffixes
        /// What follows so many tokens, or how probable the tokens of the text are after so many.
        case next(suffixLengths: [Int])

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
            case .matches(let counts):
                writer.append(UInt8(1))
                writer.append(counts)
            case .suffixes: writer.append(UInt8(2))
            case .next(let lengths):
                writer.append(UInt8(3))
                writer.append(lengths)
            }
        }
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

    init(from reader: inout ByteReader) throws(ByteFault) {
        kind = try reader.next()
        text = try reader.next()
        continuation = try reader.next()
        options.variants = PhraseVariants(anyCase: try reader.next(), anySpace: try reader.next())
        options.within = try reader.next()
        options.readLimit = try reader.next()
        options.passages = try reader.next()
        options.continuations = try reader.next()
    }

    func write(to writer: inout ByteWriter) {
        writer.append(kind)
        writer.append(text)
        writer.append(continuation)
        writer.append(options.variants.anyCase)
        writer.append(options.variants.anySpace)
        writer.append(options.within)
        writer.append(options.readLimit)
        writer.append(options.passages)
        writer.append(options.continuations)
    }
}

struct FoundPhrase: ByteCodable {
    /// Of clauses or of suffixes, as the question asks.
    var numbers: [Int] = []
    /// The context that `next` follows.
    var context = ""
    var count = 0
    var passageCount = 0
    var documentCount = 0
    var isEstimate = false
    var passages: [Passage] = []
    var next: [Continuation] = []
    var steps: [Step] = []

    struct Passage: ByteCodable {
        /// Those of the document in the corpus and of the passage in the shard.
        let position: UInt64
        let number: UInt32
        let document: String
        let ordinal: Int
        let title: String
        let text: String
        let count: Int
        let bytes: [FetchedPassage.Span]
        let scalars: [FetchedPassage.Span]

        init(_ passage: PhraseFinder.Passage, position: UInt64, number: UInt32) {
            (self.position, self.number) = (position, number)
            (document, ordinal, title) = (passage.document, passage.passage, passage.title)
            (text, count) = (passage.text, passage.count)
            bytes = passage.ranges.map { .init($0.bytes) }
            scalars = passage.ranges.map { .init($0.scalars) }
        }

        init(from reader: inout ByteReader) throws(ByteFault) {
            position = try reader.next()
            number = try reader.next()
            document = try reader.next()
            ordinal = try reader.next()
            title = try reader.next()
            text = try reader.next()
            count = try reader.next()
            bytes = try reader.next()
            scalars = try reader.next()
        }

        func write(to writer: inout ByteWriter) {
            writer.append(position)
            writer.append(number)
            writer.append(document)
            writer.append(ordinal)
            writer.append(title)
            writer.append(text)
            writer.append(count)
            writer.append(bytes)
            writer.append(scalars)
        }

        var passage: PhraseFinder.Passage {
            PhraseFinder.Passage(
                document: document, passage: ordinal, title: title, text: text, count: count,
                ranges: zip(bytes, scalars).map { TextRange(bytes: $0.range, scalars: $1.range) })
        }
    }

    struct Continuation: ByteCodable {
        let text: String
        let token: TokenID
        let count: Int

        init(_ next: PhraseFinder.Continuation) { (text, token, count) = (next.text, next.token, next.count) }

        init(from reader: inout ByteReader) throws(ByteFault) {
            text = try reader.next()
            token = try reader.next()
            count = try reader.next()
        }

        func write(to writer: inout ByteWriter) {
            writer.append(text)
            writer.append(token)
            writer.append(count)
        }
    }

    struct Step: ByteCodable {
        let text: String
        let token: TokenID
        let contextLength: Int
        var contextCount: Int
        var count: Int

        init(_ step: PhraseFinder.TokenProbability) {
            (text, token, contextLength) = (step.text, step.token, step.contextLength)
            (contextCount, count) = (step.contextCount, step.count)
        }

        init(from reader: inout ByteReader) throws(ByteFault) {
            text = try reader.next()
            token = try reader.next()
            contextLength = try reader.next()
            contextCount = try reader.next()
            count = try reader.next()
        }

        func write(to writer: inout ByteWriter) {
            writer.append(text)
            writer.append(token)
            writer.append(contextLength)
            writer.append(contextCount)
            writer.append(count)
        }
    }

    init() {}

    init(from reader: inout ByteReader) throws(ByteFault) {
        numbers = try reader.next()
        context = try reader.next()
        count = try reader.next()
        passageCount = try reader.next()
        documentCount = try reader.next()
        isEstimate = try reader.next()
        passages = try reader.next()
        next = try reader.next()
        steps = try reader.next()
    }

    func write(to writer: inout ByteWriter) {
        writer.append(numbers)
        writer.append(context)
        writer.append(count)
        writer.append(passageCount)
        writer.append(documentCount)
        writer.append(isEstimate)
        writer.append(passages)
        writer.append(next)
        writer.append(steps)
    }
}
