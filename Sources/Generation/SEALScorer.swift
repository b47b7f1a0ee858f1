package import TrawlCore
import TrawlTensors

/// Scores passages by the weighted keys that they contain (SEAL, section 3.3 of arXiv 2204.10628).
package struct SEALScorer<Oracle: SubstringOracle> {
    package typealias SuffixRange = Oracle.SuffixRange

    let oracle: Oracle
    let parameters: SEALParameters

    let words: QueryWords

    package init(oracle: Oracle, parameters: SEALParameters, words: QueryWords = QueryWords()) {
        self.oracle = oracle
        self.parameters = parameters
        self.words = words
    }

    package typealias Query = WeighedKeys<Oracle.SuffixRange>

    /// The fitted weights, if passages are scored by them.
    var learned: LearnedKeyWeights? { parameters.scoring == .intersective ? parameters.keyWeights : nil }

    /// Weighs the keys of each query, which hold each n-gram once, and adds as many of the best unigrams.
    ///
    /// - Parameter found: For each query its keys, its unigrams and its own tokens.
    func queries(
        _ found: [(keys: [LocatedKey<SuffixRange>], unigrams: [UnigramWeight], tokens: [TokenID])]
    ) throws -> [Query] {
        var keys = found.map(\.keys)
        if parameters.scoring == .likelihood {
            for query in keys.indices { keys[query].removeAll { !$0.key.isComplete } }
        }
        try locate(&keys)
        for query in keys.indices {
            KeyWeights.weigh(
                &keys[query], query: found[query].tokens, words: words, oracle: oracle, parameters: parameters)
        }
        // Fitted weights make unigrams of their own kind needless.
        let unigrams = found.map { parameters.scoring.isIntersective && learned == nil ? $0.unigrams : [] }
        var singles = zip(keys, unigrams).map(unigramKeys)
        try locate(&singles)
        return keys.indices.map { query in
            var all = keys[query] + singles[query]
            all.removeAll { !($0.key.weight > 0) }
            all.sort { $0.key.precedes($1.key) }
            return Query(keys: all, unigrams: unigrams[query])
        }
    }

    /// The same for one query.
    func query(
        keys: [LocatedKey<SuffixRange>], unigrams: [UnigramWeight], tokens: [TokenID] = []
    ) throws -> Query {
        try queries([(keys, unigrams, tokens)])[0]
    }

    /// The best unigrams, as many as there are keys, as keys.
    private func unigramKeys(
        _ keys: [LocatedKey<SuffixRange>], _ unigrams: [UnigramWeight]
    ) -> [LocatedKey<SuffixRange>] {
        var seen = Set(keys.lazy.filter { $0.key.tokens.count == 1 }.map { $0.key.tokens[0] })
        return unigrams.prefix(keys.count).compactMap { unigram in
            guard seen.insert(unigram.token).inserted,
                let range = oracle.extend(oracle.root, with: unigram.token)
            else { return nil }
            let key = NGramKey(
                tokens: [unigram.token], logProbability: unigram.logProbability, count: unigram.count,
                origin: .unigram, weight: unigram.weight)
            return LocatedKey(key: key, range: range)
        }
    }

    /// Finds the passages of the keys that are not too frequent, all at once.
    private func locate(_ keys: inout [[LocatedKey<SuffixRange>]]) throws {
        var wanted: [(query: Int, key: Int)] = []
        for query in keys.indices {
            for key in keys[query].indices where keys[query][key].key.count <= parameters.maximumOccurrences {
                wanted.append((query, key))
            }
        }
        let found = try oracle.locate(wanted.map { keys[$0.query][$0.key].range })
        for ((query, key), passages) in zip(wanted, found) { keys[query][key].passages = passages }
    }

    /// For each query, the best `count` passages.
    func rank(_ queries: [Query], count: Int) throws -> [Ranking] {
        try rank(queries, among: candidates(queries), count: count)
    }

    /// For each query, the passages that get the full pass, ascending.
    package func candidates(_ queries: [Query]) throws -> [[PassageID]] {
        learned == nil ? try firstPass(queries).map { $0.map(\.passage).sorted() } : queries.map(passages)
    }

    /// For each query, the best `count` of its candidates, which are in ascending order.
    package func rank(_ queries: [Query], among candidates: [[PassageID]], count: Int) throws -> [Ranking] {
        let scores = try scores(of: candidates) { query, text, matcher in
            fullPass(text, by: queries[query], &matcher).score
        }
        return scores.map { scores in
            var top = TopPassages(max(count, 0))
            for entry in scores where entry.score > 0 { top.offer(entry) }
            return top.ranking()
        }
    }

    /// The passages that the full pass looks at: by the weights of their keys, each once a passage, where its span does
    /// not touch that of a better one. Frequent keys do not count.
    ///
    /// - Complexity: O(tokens) for the passages that contain a key, of which a key brings `maximumOccurrences` at most.
    package func firstPass(_ queries: [Query]) throws -> [Ranking] {
        let isRare = queries.map { $0.keys.map { $0.passages != nil } }
        let candidates = queries.map(passages)
        let scores = try scores(of: candidates) { query, text, matcher in
            matcher.match(queries[query].finder, in: text, where: isRare[query])
            // Best first, so that the first weight is the largest.
            let counted = parameters.scoring.isIntersective ? matcher.matches[...] : matcher.matches.prefix(1)
            return counted.reduce(0) { $0 + queries[query].weights[$1.key] }
        }
        return scores.map { scores in
            var top = TopPassages(parameters.maximumPassages)
            for entry in scores { top.offer(entry) }
            return top.ranking()
        }
    }

    /// The passages that have a key which is not too frequent, ascending.
    private func passages(of query: Query) -> [PassageID] {
        var passages: Set<PassageID> = []
        for key in query.keys { passages.formUnion(key.passages?.list ?? []) }
        return passages.sorted()
    }

    /// The passages that a thread scores at a time.
    private static var chunk: Int { 64 }

    /// For each query the scores of its passages, which are in ascending order. Passages are read side by side, each once
    /// for all queries.
    private func scores(
        of passages: [[PassageID]], _ score: (Int, [TokenID], inout KeyMatcher) -> Double
    ) throws -> [[ScoredPassage]] {
        let all = Set(passages.joined()).sorted()
        let count = (all.count + Self.chunk - 1) / Self.chunk
        var chunks = [Result<[[ScoredPassage]], any Error>](repeating: .success([]), count: count)
        chunks.withUnsafeMutableBufferPointer { chunks in
            // Each iteration writes an element of its own.
            nonisolated(unsafe) let chunks = chunks
            ThreadPool.shared.parallelFor(count) { index in
                let part = all[index * Self.chunk..<min(all.count, (index + 1) * Self.chunk)]
                chunks[index] = Result { try scores(of: part, for: passages, score) }
            }
        }
        var result = passages.map { _ in [ScoredPassage]() }
        for chunk in chunks {
            for (query, scores) in try chunk.get().enumerated() { result[query] += scores }
        }
        return result
    }

    private func scores(
        of part: ArraySlice<PassageID>, for passages: [[PassageID]],
        _ score: (Int, [TokenID], inout KeyMatcher) -> Double
    ) throws -> [[ScoredPassage]] {
        var result = passages.map { _ in [ScoredPassage]() }
        var places = passages.map { list in part.first.map { Self.place(of: $0, in: list) } ?? 0 }
        var matcher = KeyMatcher()
        for passage in part {
            let text = try text(of: passage)
            for query in passages.indices
            where places[query] < passages[query].count && passages[query][places[query]] == passage {
                places[query] += 1
                result[query].append(ScoredPassage(passage, Float(score(query, text, &matcher))))
            }
        }
        return result
    }

    /// How many of the ascending `passages` come before `passage`.
    private static func place(of passage: PassageID, in passages: [PassageID]) -> Int {
        var range = 0..<passages.count
        while !range.isEmpty {
            let middle = range.lowerBound + range.count / 2
            range = passages[middle] < passage ? middle + 1..<range.upperBound : range.lowerBound..<middle
        }
        return range.lowerBound
    }

    func text(of passage: PassageID) throws -> [TokenID] {
        [oracle.boundary] + (try oracle.tokens(of: passage))
    }
}

extension NGramKey {
    /// By weight, descending, then by the n-gram.
    func precedes(_ other: NGramKey) -> Bool {
        weight != other.weight ? weight > other.weight : tokens.lexicographicallyPrecedes(other.tokens)
    }
}
