import Synchronization
import TrawlCore
import TrawlEngine
import TrawlGeneration

/// The n-grams of all shards together, as a generator's guide: one question to all shards for each step of a decoder.
///
/// An n-gram is a node that knows its count. What follows it is fetched with that of all others of the step (`prepare`), and
/// counts of its continuations are then known without asking.
struct ClusterOracle: SubstringOracle {
    typealias SuffixRange = NGramNode

    let boundary: TokenID
    let tokenCount: Int
    let passageCount: Int
    let root: NGramNode
    private let shards: ShardGroup
    private let documents: ClusterDocuments
    private let conditions: [String]
    private let known: ClusterIndex.Continuations

    init(_ index: ClusterIndex, _ documents: ClusterDocuments, conditions: [String]) throws {
        (tokenCount, passageCount, boundary) = index.ngramTotals
        shards = index.shards
        self.documents = documents
        self.conditions = conditions
        root = NGramNode(tokens: [], count: tokenCount)
        known = index.continuations
        try prepare([root])
    }

    func extend(_ range: NGramNode, with token: TokenID) -> NGramNode? {
        let count = next(range).count(of: token)
        return count > 0 ? NGramNode(tokens: range.tokens + [token], count: count) : nil
    }

    func count(_ range: NGramNode) -> Int { range.count }

    func canFollow(_ range: NGramNode, _ token: TokenID) -> Bool { next(range).count(of: token) > 0 }

    func forEachNext(_ range: NGramNode, _ body: (TokenID, Int) -> Void) {
        let next = next(range)
        for (token, count) in zip(next.tokens, next.counts) { body(token, count) }
    }

    /// What follows an n-gram that was prepared.
    private func next(_ range: NGramNode) -> TokenCounts {
        guard let next = range.next else { preconditionFailure("an n-gram was not prepared") }
        return next
    }

    func prepare(_ ranges: [NGramNode]) throws {
        var nodes: [[TokenID]: [NGramNode]] = [:]
        var order: [[TokenID]] = []
        for node in ranges where node.next == nil {
            if let next = known.answer(to: node.tokens) {
                node.next = next
                continue
            }
            if nodes[node.tokens] == nil { order.append(node.tokens) }
            nodes[node.tokens, default: []].append(node)
        }
        guard !order.isEmpty else { return }
        let answers = try shards.ask(NextTokens(ngrams: order))
        for (number, tokens) in order.enumerated() {
            let next = TokenCounts.sum(answers.compactMap { $0.indices.contains(number) ? $0[number] : nil })
            if shards.isComplete { known.insert(next, for: tokens, size: next.tokens.count) }
            for node in nodes[tokens] ?? [] { node.next = next }
        }
    }

    func ranges(of ngrams: [[TokenID]]) throws -> [NGramNode?] {
        // Those of one token are known without asking.
        let counts = try counts(of: Array(Set(ngrams.filter { $0.count > 1 })), limit: 0)
        return ngrams.map { ngram in
            guard ngram.count > 1 else { return ngram.isEmpty ? root : extend(root, with: ngram[0]) }
            guard let found = counts[ngram], found.count > 0 else { return nil }
            return NGramNode(tokens: ngram, count: found.count)
        }
    }

    func locate(_ ranges: [NGramNode]) throws -> [KeyPassages] {
        let counts = try counts(of: Array(Set(ranges.map(\.tokens))), limit: ranges.map(\.count).max() ?? 0)
        return ranges.map { KeyPassages(count: counts[$0.tokens]?.passages ?? 0, list: []) }
    }

    private func counts(of ngrams: [[TokenID]], limit: Int) throws -> [[TokenID]: NGramCounts] {
        guard !ngrams.isEmpty else { return [:] }
        let ngrams = ngrams.sorted { $0.lexicographicallyPrecedes($1) }
        var sums: [[TokenID]: NGramCounts] = [:]
        for answer in try shards.ask(LocateNGrams(ngrams: ngrams, limit: limit)) {
            for (ngram, found) in zip(ngrams, answer) {
                sums[ngram, default: NGramCounts(count: 0, passages: 0)].count += found.count
                sums[ngram]?.passages += found.passages
            }
        }
        return sums
    }

    func tokens(of passage: PassageID) throws -> [TokenID] {
        try documents.ask([passage]) { PassageTokenLists(passages: $0) }[0]
    }

    func rank(
        _ queries: [WeighedKeys<NGramNode>], by parameters: SEALParameters, count: Int
    ) throws -> [Ranking] {
        let questions = queries.map { query in
            KeyQuery(
                keys: query.keys.map {
                    .init(tokens: $0.key.tokens, weight: $0.key.weight, isLocated: $0.passages != nil)
                },
                unigrams: query.unigramWeights.sorted { $0.key < $1.key }.map { .init(token: $0.key, weight: $0.value) }
            )
        }
        let scoring = KeyScoring(parameters, tokenCount: tokenCount, passageCount: passageCount)
        let scope = SearchScope(limit: count, conditions: conditions)
        let isFitted = parameters.scoring == .intersective && parameters.keyWeights != nil
        guard !isFitted else {
            let answers = try shards.askEach(RankKeys(pass: .only, queries: questions, scoring: scoring, scope: scope))
            return try documents.rankings(answers, queries: queries.count, limit: count)
        }
        // The passages of the full pass are the best of all shards.
        let first = try shards.askEach(RankKeys(pass: .first, queries: questions, scoring: scoring, scope: scope))
        let chosen = try documents.rankings(first, queries: queries.count, limit: parameters.maximumPassages)
        var candidates = [[[UInt32]]](
            repeating: [[UInt32]](repeating: [], count: queries.count), count: shards.count)
        for (query, ranking) in chosen.enumerated() {
            for entry in ranking {
                let place = try documents.found(entry.passage)
                candidates[place.shard][query].append(place.passage)
            }
        }
        let full = try shards.ask(
            candidates.map { own in
                RankKeys(
                    pass: .full, queries: questions, scoring: scoring, scope: scope,
                    candidates: own.map { $0.sorted() })
            })
        return try documents.rankings(full, queries: queries.count, limit: count)
    }
}

/// An n-gram of a cluster.
final class NGramNode: Sendable {
    let tokens: [TokenID]
    let count: Int
    private let fetched = Mutex<TokenCounts?>(nil)

    init(tokens: [TokenID], count: Int) { (self.tokens, self.count) = (tokens, count) }

    /// What follows; nil until it was fetched.
    var next: TokenCounts? {
        get { fetched.withLock { $0 } }
        set { fetched.withLock { $0 = newValue } }
    }
}
