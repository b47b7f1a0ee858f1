import TrawlCore
import TrawlGeneration

/// The tokens that follow each n-gram, with their counts: a step of a decoder.
///
/// N-grams travel whole, so that a shard keeps nothing between two questions and any replica can answer the next.
struct NextTokens: ShardQuestion {
    typealias Answer = [TokenCounts]
    static let operation = ShardOperation.nextTokens
    let ngrams: [[TokenID]]

    init(ngrams: [[TokenID]]) { self.ngrams = ngrams }
    init(from reader: inout ByteReader) throws(ByteFault) { ngrams = try reader.next() }
    func write(to writer: inout ByteWriter) { writer.append(ngrams) }
}

/// Tokens, ascending, each with its count.
struct TokenCounts: ByteCodable {
    var tokens: [TokenID]
    var counts: [Int]

    init(tokens: [TokenID] = [], counts: [Int] = []) { (self.tokens, self.counts) = (tokens, counts) }

    init(from reader: inout ByteReader) throws(ByteFault) {
        let count = try reader.count(of: 2)
        (tokens, counts) = ([], [])
        tokens.reserveCapacity(count)
        counts.reserveCapacity(count)
        var token: UInt64 = 0
        for number in 0..<count {
            let step = try reader.integer()
            let next = token.addingReportingOverflow(step)
            guard !next.overflow, next.partialValue <= UInt64(TokenID.max), number == 0 || step > 0 else {
                throw ByteFault("tokens do not ascend")
            }
            token = next.partialValue
            tokens.append(TokenID(token))
            counts.append(try reader.next())
        }
    }

    /// Tokens as their distances to the one before.
    func write(to writer: inout ByteWriter) {
        writer.append(count: tokens.count)
        writer.reserve(3 * tokens.count)
        var last: TokenID = 0
        for (token, count) in zip(tokens, counts) {
            writer.append(UInt64(token - last))
            writer.append(count: count)
            last = token
        }
    }
}

/// How often n-grams occur, and in how many passages.
struct LocateNGrams: ShardQuestion {
    typealias Answer = [NGramCounts]
    static let operation = ShardOperation.locate
    let ngrams: [[TokenID]]
    /// Passages of n-grams that occur more often are not counted.
    let limit: Int

    init(ngrams: [[TokenID]], limit: Int) { (self.ngrams, self.limit) = (ngrams, limit) }

    init(from reader: inout ByteReader) throws(ByteFault) {
        ngrams = try reader.next()
        limit = try reader.next()
    }

    func write(to writer: inout ByteWriter) {
        writer.append(ngrams)
        writer.append(limit)
    }
}

struct NGramCounts: ByteCodable {
    var count: Int
    /// 0 where they were not counted.
    var passages: Int

    init(count: Int, passages: Int) { (self.count, self.passages) = (count, passages) }

    init(from reader: inout ByteReader) throws(ByteFault) {
        count = try reader.next()
        passages = try reader.next()
    }

    func write(to writer: inout ByteWriter) {
        writer.append(count)
        writer.append(passages)
    }
}

/// The passages that score highest by the weighed n-grams of each of some queries.
struct RankKeys: ShardQuestion {
    typealias Answer = [[ShardHit]]
    static let operation = ShardOperation.rankKeys

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
    let candidates: [[UInt32]]

    init(
        pass: Pass, queries: [KeyQuery], scoring: KeyScoring, scope: SearchScope, candidates: [[UInt32]] = []
    ) {
        (self.pass, self.queries, self.scoring) = (pass, queries, scoring)
        (self.scope, self.candidates) = (scope, candidates)
    }

    init(from reader: inout ByteReader) throws(ByteFault) {
        guard let pass = Pass(rawValue: try reader.next()) else { throw ByteFault("there is no such pass") }
        self.pass = pass
        queries = try reader.next()
        scoring = try reader.next()
        scope = try reader.next()
        candidates = try reader.next()
        guard pass != .full || candidates.count == queries.count else {
            throw ByteFault("not every query has its passages")
        }
    }

    func write(to writer: inout ByteWriter) {
        writer.append(pass.rawValue)
        writer.append(queries)
        writer.append(scoring)
        writer.append(scope)
        writer.append(candidates)
    }
}

/// The tokens of passages, without the boundary.
struct PassageTokenLists: ShardQuestion {
    typealias Answer = [[TokenID]]
    static let operation = ShardOperation.passageTokens
    let passages: [UInt32]

    init(passages: [UInt32]) { self.passages = passages }
    init(from reader: inout ByteReader) throws(ByteFault) { passages = try reader.next() }
    func write(to writer: inout ByteWriter) { writer.append(passages) }
}

/// The n-grams of a query with their weights, best first.
struct KeyQuery: ByteCodable {
    struct Key: ByteCodable {
        let tokens: [TokenID]
        let weight: Double
        /// Whether its passages are candidates: not those of an n-gram that is too frequent in all shards together.
        let isLocated: Bool

        init(tokens: [TokenID], weight: Double, isLocated: Bool) {
            (self.tokens, self.weight, self.isLocated) = (tokens, weight, isLocated)
        }

        init(from reader: inout ByteReader) throws(ByteFault) {
            tokens = try reader.next()
            weight = try reader.next()
            isLocated = try reader.next()
            guard !tokens.isEmpty else { throw ByteFault("an n-gram has no tokens") }
        }

        func write(to writer: inout ByteWriter) {
            writer.append(tokens)
            writer.append(weight)
            writer.append(isLocated)
        }
    }

    /// A token that counts where no n-gram takes its position.
    struct Unigram: ByteCodable {
        let token: TokenID
        let weight: Double

        init(token: TokenID, weight: Double) { (self.token, self.weight) = (token, weight) }

        init(from reader: inout ByteReader) throws(ByteFault) {
            token = try reader.next()
            weight = try reader.next()
        }

        func write(to writer: inout ByteWriter) {
            writer.append(token)
            writer.append(weight)
        }
    }

    let keys: [Key]
    let unigrams: [Unigram]

    init(keys: [Key], unigrams: [Unigram]) { (self.keys, self.unigrams) = (keys, unigrams) }

    init(from reader: inout ByteReader) throws(ByteFault) {
        keys = try reader.next()
        unigrams = try reader.next()
    }

    func write(to writer: inout ByteWriter) {
        writer.append(keys)
        writer.append(unigrams)
    }
}

/// What the score of a passage depends on beside its n-grams: settings, and sums over all shards.
struct KeyScoring: ByteCodable {
    let scoring: SEALScoring
    let beta: Double
    let gamma: Double
    let maximumPassages: Int
    /// Those of fitted weights; nil for SEAL's own.
    let saturation: Double?
    let passageLength: Double?
    let tokenCount: Int
    let passageCount: Int

    init(_ parameters: SEALParameters, tokenCount: Int, passageCount: Int) {
        scoring = parameters.scoring
        (beta, gamma) = (parameters.beta, parameters.gamma)
        maximumPassages = parameters.maximumPassages
        saturation = parameters.keyWeights?.saturation
        passageLength = parameters.keyWeights?.passageLength
        (self.tokenCount, self.passageCount) = (tokenCount, passageCount)
    }

    private static let kinds = SEALScoring.allCases

    init(from reader: inout ByteReader) throws(ByteFault) {
        let kind: UInt8 = try reader.next()
        guard Int(kind) < Self.kinds.count else { throw ByteFault("there is no scoring \(kind)") }
        scoring = Self.kinds[Int(kind)]
        beta = try reader.next()
        gamma = try reader.next()
        maximumPassages = try reader.next()
        saturation = try reader.next()
        passageLength = try reader.next()
        tokenCount = try reader.next()
        passageCount = try reader.next()
        guard 1...Int(Int32.max) ~= maximumPassages else { throw ByteFault("\(maximumPassages) passages are too many") }
    }

    func write(to writer: inout ByteWriter) {
        writer.append(UInt8(Self.kinds.firstIndex(of: scoring) ?? 0))
        writer.append(beta)
        writer.append(gamma)
        writer.append(maximumPassages)
        writer.append(saturation)
        writer.append(passageLength)
        writer.append(tokenCount)
        writer.append(passageCount)
    }

    /// The parameters that a shard scores by.
    var parameters: SEALParameters {
        var parameters = SEALParameters()
        parameters.scoring = scoring
        (parameters.beta, parameters.gamma) = (beta, gamma)
        parameters.maximumPassages = maximumPassages
        if let saturation, let passageLength {
            // The weights themselves are in the query.
            parameters.keyWeights = LearnedKeyWeights(
                coefficients: [], saturation: saturation, passageLength: passageLength)
        }
        return parameters
    }
}
