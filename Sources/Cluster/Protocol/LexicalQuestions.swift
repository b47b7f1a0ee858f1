import TrawlCore
import TrawlLexicalIndex

/// How many live passages of a shard have each term.
struct TermFrequencies: ShardQuestion {
    typealias Answer = [Int]
    static let operation = ShardOperation.termFrequencies
    let terms: [[UInt8]]

    init(terms: [[UInt8]]) { self.terms = terms }
    init(from reader: inout ByteReader) throws(ByteFault) { terms = try reader.next() }
    func write(to writer: inout ByteWriter) { writer.append(terms) }
}

/// The terms of a shard that begin with some bytes, or are some edits away from a term.
struct ExpandTerm: ShardQuestion {
    typealias Answer = [ExpandedTerm]
    static let operation = ShardOperation.expandTerm
    let term: [UInt8]
    /// nil: those that begin with `term`.
    let edits: Int?

    init(term: [UInt8], edits: Int?) { (self.term, self.edits) = (term, edits) }

    init(from reader: inout ByteReader) throws(ByteFault) {
        term = try reader.next()
        edits = try reader.next()
    }

    func write(to writer: inout ByteWriter) {
        writer.append(term)
        writer.append(edits)
    }
}

extension ExpandedTerm: ByteCodable {
    init(from reader: inout ByteReader) throws(ByteFault) {
        self.init(
            bytes: try reader.next(), closeness: try reader.next(), edits: try reader.next(),
            passageFrequency: try reader.next())
    }

    func write(to writer: inout ByteWriter) {
        writer.append(bytes)
        writer.append(closeness)
        writer.append(edits)
        writer.append(passageFrequency)
    }
}

/// Queries of terms whose weights hold for all shards together.
struct SearchTerms: ShardQuestion {
    typealias Answer = [[ShardHit]]
    static let operation = ShardOperation.searchTerms
    let queries: [[WeightedTerm]]
    let scorer: BM25Scorer
    let scope: SearchScope

    init(queries: [[WeightedTerm]], scorer: BM25Scorer, scope: SearchScope) {
        (self.queries, self.scorer, self.scope) = (queries, scorer, scope)
    }

    init(from reader: inout ByteReader) throws(ByteFault) {
        queries = try reader.next()
        scorer = try reader.next()
        scope = try reader.next()
    }

    func write(to writer: inout ByteWriter) {
        writer.append(queries)
        writer.append(scorer)
        writer.append(scope)
    }
}

/// A query with operators, likewise.
struct SearchOperators: ShardQuestion {
    typealias Answer = [ShardHit]
    static let operation = ShardOperation.searchOperators
    let query: OperatorQuery
    let scorer: BM25Scorer
    let scope: SearchScope

    init(query: OperatorQuery, scorer: BM25Scorer, scope: SearchScope) {
        (self.query, self.scorer, self.scope) = (query, scorer, scope)
    }

    init(from reader: inout ByteReader) throws(ByteFault) {
        query = try reader.next()
        scorer = try reader.next()
        scope = try reader.next()
    }

    func write(to writer: inout ByteWriter) {
        writer.append(query)
        writer.append(scorer)
        writer.append(scope)
    }
}

/// Which passages a query with operators lets be found; nil: all.
struct AllowedPassages: ShardQuestion {
    typealias Answer = [Bool]?
    static let operation = ShardOperation.allowed
    let query: OperatorQuery
    let passages: [UInt32]

    init(query: OperatorQuery, passages: [UInt32]) { (self.query, self.passages) = (query, passages) }

    init(from reader: inout ByteReader) throws(ByteFault) {
        query = try reader.next()
        passages = try reader.next()
    }

    func write(to writer: inout ByteWriter) {
        writer.append(query)
        writer.append(passages)
    }
}

/// What each term adds to the score of a passage.
struct ExplainTerms: ShardQuestion {
    typealias Answer = [TermExplanation]
    static let operation = ShardOperation.explainTerms
    let terms: [WeightedTerm]
    let scorer: BM25Scorer
    let passage: UInt32

    init(terms: [WeightedTerm], scorer: BM25Scorer, passage: UInt32) {
        (self.terms, self.scorer, self.passage) = (terms, scorer, passage)
    }

    init(from reader: inout ByteReader) throws(ByteFault) {
        terms = try reader.next()
        scorer = try reader.next()
        passage = try reader.next()
    }

    func write(to writer: inout ByteWriter) {
        writer.append(terms)
        writer.append(scorer)
        writer.append(passage)
    }
}

/// What each part of a query with operators adds.
struct ExplainOperators: ShardQuestion {
    typealias Answer = [OperatorExplanation]
    static let operation = ShardOperation.explainOperators
    let query: OperatorQuery
    let scorer: BM25Scorer
    let passage: UInt32

    init(query: OperatorQuery, scorer: BM25Scorer, passage: UInt32) {
        (self.query, self.scorer, self.passage) = (query, scorer, passage)
    }

    init(from reader: inout ByteReader) throws(ByteFault) {
        query = try reader.next()
        scorer = try reader.next()
        passage = try reader.next()
    }

    func write(to writer: inout ByteWriter) {
        writer.append(query)
        writer.append(scorer)
        writer.append(passage)
    }
}

/// The word of the first passage that has a term, as it is written there.
struct FindWrittenForm: ShardQuestion {
    typealias Answer = WrittenForm?
    static let operation = ShardOperation.writtenForm
    let term: [UInt8]
    /// The word of the query that it is to replace.
    let word: String

    init(term: [UInt8], word: String) { (self.term, self.word) = (term, word) }

    init(from reader: inout ByteReader) throws(ByteFault) {
        term = try reader.next()
        word = try reader.next()
    }

    func write(to writer: inout ByteWriter) {
        writer.append(term)
        writer.append(word)
    }
}

struct WrittenForm: ByteCodable {
    /// That of the passage's document in the corpus.
    let position: UInt64
    let text: String

    init(position: UInt64, text: String) { (self.position, self.text) = (position, text) }

    init(from reader: inout ByteReader) throws(ByteFault) {
        position = try reader.next()
        text = try reader.next()
    }

    func write(to writer: inout ByteWriter) {
        writer.append(position)
        writer.append(text)
    }
}

extension WeightedTerm: ByteCodable {
    init(from reader: inout ByteReader) throws(ByteFault) {
        self.init(
            bytes: try reader.next(), occurrences: try reader.next(), weight: try reader.next(),
            passageFrequency: try reader.next())
    }

    func write(to writer: inout ByteWriter) {
        writer.append(bytes)
        writer.append(occurrences)
        writer.append(weight)
        writer.append(passageFrequency)
    }
}

extension BM25Scorer: ByteCodable {
    init(from reader: inout ByteReader) throws(ByteFault) {
        self.init(base: try reader.next(), perTerm: try reader.next())
    }

    func write(to writer: inout ByteWriter) {
        writer.append(base)
        writer.append(perTerm)
    }
}

extension TermExplanation: ByteCodable {
    init(from reader: inout ByteReader) throws(ByteFault) {
        self.init(
            term: try reader.next(), frequency: try reader.next(), passageFrequency: try reader.next(),
            weight: try reader.next(), score: try reader.next())
    }

    func write(to writer: inout ByteWriter) {
        writer.append(term)
        writer.append(frequency)
        writer.append(passageFrequency)
        writer.append(weight)
        writer.append(score)
    }
}

struct OperatorExplanation: ByteCodable {
    let explanation: TermExplanation
    let terms: [String]

    init(explanation: TermExplanation, terms: [String]) { (self.explanation, self.terms) = (explanation, terms) }

    init(from reader: inout ByteReader) throws(ByteFault) {
        explanation = try reader.next()
        terms = try reader.next()
    }

    func write(to writer: inout ByteWriter) {
        writer.append(explanation)
        writer.append(terms)
    }
}
