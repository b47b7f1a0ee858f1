import TrawlCore
import TrawlTensors

/// Scores passages by the weighted keys that they contain (SEAL, section 3.3 of arXiv 2204.10628).
struct SEALScorer<Oracle: SubstringOracle> {
    typealias SuffixRange = Oracle.SuffixRange

    let oracle: Oracle
    let parameters: SEALParameters

    let words: QueryWords

    init(oracle: Oracle, parameters: SEALParameters, words: QueryWords = QueryWords()) {
        self.oracle = oracle
        self.parameters = parameters
        self.words = words
    }

    typealias Query = WeighedKeys<SuffixRange>

    /// The fitted weights, if passages are scored by them.
    var learned: LearnedKeyWeights? { parameters.scoring == .intersective ? parameters.keyWeights : nil }

    /// Weighs `keys`, which hold each n-gram once, and adds as many of the best unigrams.
    ///
    /// - Parameter tokens: The query's own.
    func query(keys: [LocatedKey<SuffixRange>], unigrams: [UnigramWeight], tokens: [TokenID] = []) -> Query {
        var keys = keys
        if parameters.scoring == .likelihood { keys.removeAll { !$0.key.isComplete } }
        for index in keys.indices { locate(&keys[index]) }
        KeyWeights.weigh(&keys, query: tokens, words: words, oracle: oracle, parameters: parameters)
        // Fitted weights make unigrams of their own kind needless.
        let unigrams = parameters.scoring.isIntersective && learned == nil ? unigrams : []
        var singles = Set(keys.lazy.filter { $0.key.tokens.count == 1 }.map { $0.key.tokens[0] })
        for unigram in unigrams.prefix(keys.count) where singles.insert(unigram.token).inserted {
            guard let range = oracle.extend(oracle.root, with: unigram.token) else { continue }
            let key = NGramKey(
                tokens: [unigram.token], logProbability: unigram.logProbability, count: unigram.count,
                origin: .unigram, weight: unigram.weight)
            var located = LocatedKey(key: key, range: range)
            locate(&located)
            keys.append(located)
        }
        keys.removeAll { !($0.key.weight > 0) }
        keys.sort { $0.key.precedes($1.key) }
        return Query(keys: keys, unigrams: unigrams)
    }

    /// Finds the passages of a key, unless it is too frequent.
    private func locate(_ key: inout LocatedKey<SuffixRange>) {
        if key.key.count <= parameters.maximumOccurrences { key.passages = oracle.passages(containing: key.range) }
    }

    /// For each query, the best `count` passages.
    func rank(_ queries: [Query], count: Int) throws -> [Ranking] {
        let candidates =
            learned == nil ? try firstPass(queries).map { $0.map(\.passage).sorted() } : queries.map(passages)
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
    func firstPass(_ queries: [Query]) throws -> [Ranking] {
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
        for key in query.keys { passages.formUnion(key.passages ?? []) }
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
