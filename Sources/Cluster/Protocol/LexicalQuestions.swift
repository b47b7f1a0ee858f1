import TrawlCore
import TrawlLexicalIndex

/// How many live passages of a shard have each term.
struct TermFrequencies {
    let terms: [[UInt8]]
}

extension TermFrequencies: ShardQuestion {
    typealias Answer = [Int]
    static let operation = ShardOperation.termFrequencies

    init(from reader: inout ByteReader) throws(ByteFault) { terms = try reader.next() }
    func write(to writer: inout ByteWriter) { writer.append(terms) }
}

/// The terms of a shard that begin with some bytes, or are some edits away from a term.
struct ExpandTerm {
    let term: [UInt8]
    /// nil: those that begin with `term`.
    let edits: Int?
}

extension ExpandTerm: ShardQuestion {
    typealias Answer = [ExpandedTerm]
    static let operation = ShardOperation.expandTerm

    init(from reader: inout ByteReader) throws(ByteFault) { (term, edits) = try reader.fields() }
    func write(to writer: inout ByteWriter) { writer.append(term, edits) }
}

/// Queries of terms whose weights hold for all shards together.
struct SearchTerms {
    let queries: [[WeightedTerm]]
    let scorer: BM25Scorer
    let scope: SearchScope
}

extension SearchTerms: ShardQuestion {
    typealias Answer = [[ShardHit]]
    static let operation = ShardOperation.searchTerms

    init(from reader: inout ByteReader) throws(ByteFault) { (queries, scorer, scope) = try reader.fields() }
    func write(to writer: inout ByteWriter) { writer.append(queries, scorer, scope) }
}

/// A query with operators, likewise.
struct SearchOperators {
    let query: OperatorQuery
    let scorer: BM25Scorer
    let scope: SearchScope
}

extension SearchOperators: ShardQuestion {
    typealias Answer = [ShardHit]
    static let operation = ShardOperation.searchOperators

    init(from reader: inout ByteReader) throws(ByteFault) { (query, scorer, scope) = try reader.fields() }
    func write(to writer: inout ByteWriter) { writer.append(query, scorer, scope) }
}

/// Which passages a query with operators lets be found; nil: all.
struct AllowedPassages {
    let query: OperatorQuery
    let passages: [UInt32]
}

extension AllowedPassages: ShardQuestion {
    typealias Answer = [Bool]?
    static let operation = ShardOperation.allowed

    init(from reader: inout ByteReader) throws(ByteFault) { (query, passages) = try reader.fields() }
    func write(to writer: inout ByteWriter) { writer.append(query, passages) }
}

/// What each term adds to the score of a passage.
struct ExplainTerms {
    let terms: [WeightedTerm]
    let scorer: BM25Scorer
    let passage: UInt32
}

extension ExplainTerms: ShardQuestion {
    typealias Answer = [TermExplanation]
    static let operation = ShardOperation.explainTerms

    init(from reader: inout ByteReader) throws(ByteFault) { (terms, scorer, passage) = try reader.fields() }
    func write(to writer: inout ByteWriter) { writer.append(terms, scorer, passage) }
}

/// What each part of a query with operators adds.
struct ExplainOperators {
    let query: OperatorQuery
    let scorer: BM25Scorer
    let passage: UInt32
}

extension ExplainOperators: ShardQuestion {
    typealias Answer = [OperatorExplanation]
    static let operation = ShardOperation.explainOperators

    init(from reader: inout ByteReader) throws(ByteFault) { (query, scorer, passage) = try reader.fields() }
    func write(to writer: inout ByteWriter) { writer.append(query, scorer, passage) }
}

struct OperatorExplanation {
    let explanation: TermExplanation
    let terms: [String]
}

extension OperatorExplanation: ByteCodable {
    init(from reader: inout ByteReader) throws(ByteFault) { (explanation, terms) = try reader.fields() }
    func write(to writer: inout ByteWriter) { writer.append(explanation, terms) }
}

/// The word of the first passage that has a term, as it is written there.
struct FindWrittenForm {
    let term: [UInt8]
    /// The word of the query that it is to replace.
    let word: String
}

extension FindWrittenForm: ShardQuestion {
    typealias Answer = WrittenForm?
    static let operation = ShardOperation.writtenForm

    init(from reader: inout ByteReader) throws(ByteFault) { (term, word) = try reader.fields() }
    func write(to writer: inout ByteWriter) { writer.append(term, word) }
}

struct WrittenForm {
    /// That of the passage's document in the corpus.
    let position: UInt64
    let text: String
}

extension WrittenForm: ByteCodable {
    init(from reader: inout ByteReader) throws(ByteFault) { (position, text) = try reader.fields() }
    func write(to writer: inout ByteWriter) { writer.append(position, text) }
}

// MARK: - Types of the lexical index

extension ExpandedTerm: ByteCodable {
    init(from reader: inout ByteReader) throws(ByteFault) {
        self.init(
            bytes: try reader.next(), closeness: try reader.next(), edits: try reader.next(),
            passageFrequency: try reader.next())
        // An answer may name a term several times, and the numbers are added up.
        guard passageFrequency <= UInt32.max else { throw ByteFault("a number is too large") }
    }

    func write(to writer: inout ByteWriter) { writer.append(bytes, closeness, edits, passageFrequency) }
}

extension WeightedTerm: ByteCodable {
    init(from reader: inout ByteReader) throws(ByteFault) {
        self.init(
            bytes: try reader.next(), occurrences: try reader.next(), weight: try reader.next(),
            passageFrequency: try reader.next())
    }

    func write(to writer: inout ByteWriter) { writer.append(bytes, occurrences, weight, passageFrequency) }
}

extension BM25Scorer: ByteCodable {
    init(from reader: inout ByteReader) throws(ByteFault) {
        self.init(base: try reader.next(), perTerm: try reader.next())
    }

    func write(to writer: inout ByteWriter) { writer.append(base, perTerm) }
}

extension TermExplanation: ByteCodable {
    init(from reader: inout ByteReader) throws(ByteFault) {
        self.init(
            term: try reader.next(), frequency: try reader.next(), passageFrequency: try reader.next(),
            weight: try reader.next(), score: try reader.next())
    }

    func write(to writer: inout ByteWriter) { writer.append(term, frequency, passageFrequency, weight, score) }
}
