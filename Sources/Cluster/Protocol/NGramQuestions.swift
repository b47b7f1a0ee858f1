import TrawlCore
import TrawlGeneration

/// The tokens that follow each n-gram, with their counts: a step of a decoder.
///
/// N-grams travel whole, so that a shard keeps nothing between two questions and any replica can answer the next.
struct NextTokens {
    let ngrams: [[TokenID]]
}

extension NextTokens: ShardQuestion {
    typealias Answer = [TokenCounts]
    static let operation = ShardOperation.nextTokens

    init(from reader: inout ByteReader) throws(ByteFault) { ngrams = try reader.next() }
    func write(to writer: inout ByteWriter) { writer.append(ngrams) }
}

/// How often n-grams occur, and in how many passages.
struct LocateNGrams {
    let ngrams: [[TokenID]]
    /// Passages of n-grams that occur more often are not counted.
    let limit: Int
}

extension LocateNGrams: ShardQuestion {
    typealias Answer = [NGramCounts]
    static let operation = ShardOperation.locate

    init(from reader: inout ByteReader) throws(ByteFault) { (ngrams, limit) = try reader.fields() }
    func write(to writer: inout ByteWriter) { writer.append(ngrams, limit) }
}

struct NGramCounts {
    var count: Int
    /// 0 where they were not counted.
    var passages: Int
}

extension NGramCounts: ByteCodable {
    init(from reader: inout ByteReader) throws(ByteFault) { (count, passages) = try reader.fields() }
    func write(to writer: inout ByteWriter) { writer.append(count, passages) }
}

/// The passages that score highest by the weighed n-grams of each of some queries.
struct RankKeys {
    enum Pass: UInt8, Sendable {
        /// All that fitted weights need.
        case only
        /// By rare n-grams, for those that get the full pass.
        case first
        /// The scores of given passages.
        case full
    }

    let pass: Pass
    let queries: [KeyQuery]
    let scoring: KeyScoring
    let scope: SearchScope
    /// For the full pass, the passages of each query, ascending.
    var candidates: [[UInt32]] = []
}

extension RankKeys: ShardQuestion {
    typealias Answer = [[ShardHit]]
    static let operation = ShardOperation.rankKeys

    init(from reader: inout ByteReader) throws(ByteFault) {
        guard let pass = Pass(rawValue: try reader.next()) else { throw ByteFault("there is no such pass") }
        self.pass = pass
        (queries, scoring, scope, candidates) = try reader.fields()
        guard pass != .full || candidates.count == queries.count else {
            throw ByteFault("not every query has its passages")
        }
    }

    func write(to writer: inout ByteWriter) { writer.append(pass.rawValue, queries, scoring, scope, candidates) }
}

/// The n-grams of a query with their weights, best first.
struct KeyQuery {
    struct Key {
        let tokens: [TokenID]
        let weight: Double
        /// Whether its passages are candidates: not those of an n-gram that is too frequent in all shards together.
        let isLocated: Bool
    }

    /// A token that counts where no n-gram takes its position.
    struct Unigram {
        let token: TokenID
        let weight: Double
    }

    let keys: [Key]
    let unigrams: [Unigram]
}

extension KeyQuery: ByteCodable {
    init(from reader: inout ByteReader) throws(ByteFault) { (keys, unigrams) = try reader.fields() }
    func write(to writer: inout ByteWriter) { writer.append(keys, unigrams) }
}

extension KeyQuery.Key: ByteCodable {
    init(from reader: inout ByteReader) throws(ByteFault) {
        (tokens, weight, isLocated) = try reader.fields()
        guard !tokens.isEmpty else { throw ByteFault("an n-gram has no tokens") }
    }

    func write(to writer: inout ByteWriter) { writer.append(tokens, weight, isLocated) }
}

extension KeyQuery.Unigram: ByteCodable {
    init(from reader: inout ByteReader) throws(ByteFault) { (token, weight) = try reader.fields() }
    func write(to writer: inout ByteWriter) { writer.append(token, weight) }
}

/// The tokens of passages, without the boundary.
struct PassageTokenLists {
    let passages: [UInt32]
}

extension PassageTokenLists: ShardQuestion {
    typealias Answer = [[TokenID]]
    static let operation = ShardOperation.passageTokens

    init(from reader: inout ByteReader) throws(ByteFault) { passages = try reader.next() }
    func write(to writer: inout ByteWriter) { writer.append(passages) }
}
