import Core
import Tensors

/// Scores passages by the weighted keys that they contain (SEAL, section 3.3 of arXiv 2204.10628).
struct SEALScorer<Oracle: SubstringOracle> {
    typealias SuffixRange = Oracle.SuffixRange

    let oracle: Oracle
    let parameters: SEALParameters

    /// Keys and unigrams with their weights, ready to score: keys of weight 0 are gone, the best stand first and ties
    /// go by the n-gram.
    struct Query {
        let keys: [LocatedKey<SuffixRange>]
        let unigrams: [UnigramWeight]
        fileprivate let trie: NGramTrie
        fileprivate let unigramWeights: [TokenID: Double]
    }

    /// Weighs `keys`, which hold each n-gram once, and adds as many of the best unigrams.
    ///
    /// - Parameter tokens: The query's own.
    func query(keys: [LocatedKey<SuffixRange>], unigrams: [UnigramWeight], tokens: [TokenID] = []) -> Query {
        var keys = keys
        if parameters.scoring == .likelihood { keys.removeAll { !$0.key.isComplete } }
        KeyWeights.weigh(&keys, query: tokens, oracle: oracle, parameters: parameters)
        let unigrams = parameters.scoring.isIntersective ? unigrams : []
        var singles = Set(keys.lazy.filter { $0.key.tokens.count == 1 }.map { $0.key.tokens[0] })
        for unigram in unigrams.prefix(keys.count) where singles.insert(unigram.token).inserted {
            guard let range = oracle.extend(oracle.root, with: unigram.token) else { continue }
            let key = NGramKey(
                tokens: [unigram.token], logProbability: unigram.logProbability, count: unigram.count,
                origin: .unigram, weight: unigram.weight)
            keys.append(LocatedKey(key: key, range: range))
        }
        keys.removeAll { !($0.key.weight > 0) }
        keys.sort { $0.key.precedes($1.key) }
        var trie = NGramTrie()
        for (number, key) in keys.enumerated() { trie.insert(key.key.tokens, number: number) }
        let weights = Dictionary(unigrams.map { ($0.token, $0.weight) }, uniquingKeysWith: { first, _ in first })
        return Query(keys: keys, unigrams: unigrams, trie: trie, unigramWeights: weights)
    }

    /// The best `count` passages with their explanations, best first.
    func rank(_ query: Query, count: Int) throws -> [PassageExplanation] {
        var top = TopPassages(max(count, 0))
        let scores = try scores(of: try firstPass(query).map(\.passage)) { try explain($0, by: query).score }
        for entry in scores where entry.score > 0 { top.offer(entry) }
        return try top.ranking().map { try explain($0.passage, by: query) }
    }

    /// The passages that the full pass looks at: by the weights of their keys, each once a passage, where its span does
    /// not touch that of a better one. Frequent keys do not count.
    ///
    /// - Complexity: O(tokens) for the passages that contain a key, of which a key brings `maximumOccurrences` at most.
    func firstPass(_ query: Query) throws -> Ranking {
        let isRare = query.keys.map { $0.key.count <= parameters.maximumOccurrences }
        var passages: Set<PassageID> = []
        for (key, isRare) in zip(query.keys, isRare) where isRare {
            passages.formUnion(oracle.passages(containing: key.range))
        }
        var top = TopPassages(parameters.maximumPassages)
        let scores = try scores(of: passages.sorted()) { passage in
            let text = [oracle.boundary] + (try oracle.tokens(of: passage))
            let matches = matches(of: query, in: text, isRare: isRare)
            // Best first, so that the first weight is the largest.
            let counted = parameters.scoring.isIntersective ? matches.keys[...] : matches.keys.prefix(1)
            return counted.reduce(0) { $0 + query.keys[$1.key].key.weight }
        }
        for entry in scores { top.offer(entry) }
        return top.ranking()
    }

    /// The passages that a thread scores at a time.
    private static var chunk: Int { 64 }

    /// The scores of many passages, computed side by side.
    private func scores(
        of passages: [PassageID], _ score: (PassageID) throws -> Double
    ) throws -> [ScoredPassage] {
        let count = (passages.count + Self.chunk - 1) / Self.chunk
        var chunks = [Result<[ScoredPassage], any Error>](repeating: .success([]), count: count)
        chunks.withUnsafeMutableBufferPointer { chunks in
            // Each iteration writes an element of its own.
            nonisolated(unsafe) let chunks = chunks
            ThreadPool.shared.parallelFor(count) { index in
                let part = passages[index * Self.chunk..<min(passages.count, (index + 1) * Self.chunk)]
                chunks[index] = Result { try part.map { ScoredPassage($0, Float(try score($0))) } }
            }
        }
        return try chunks.flatMap { try $0.get() }
    }

    /// Keys in a passage, and the positions that they take.
    private struct Matches {
        var keys: [(key: Int, span: Range<Int>)] = []
        var isTaken: [Bool]
    }

    /// All occurrences of keys compete, heaviest first, for positions that no other has taken. A key counts once; its
    /// other occurrences take no position.
    private func matches(of query: Query, in text: [TokenID], isRare: [Bool]? = nil) -> Matches {
        var found: [(key: Int, start: Int)] = []
        query.trie.forEachMatch(in: text) { key, start in
            if isRare?[key] ?? true { found.append((key, start)) }
        }
        // Keys are numbered by weight and n-gram, so this is the order of (-weight, n-gram, position).
        found.sort { $0.key != $1.key ? $0.key < $1.key : $0.start < $1.start }
        var matches = Matches(isTaken: [Bool](repeating: false, count: text.count))
        for match in found where matches.keys.last?.key != match.key {
            let span = match.start..<match.start + query.keys[match.key].key.tokens.count
            if matches.isTaken[span].contains(true) { continue }
            for position in span { matches.isTaken[position] = true }
            matches.keys.append((match.key, span))
        }
        return matches
    }

    /// The full pass over one passage: its keys, and every token of a free position once by its unigram weight.
    func explain(_ passage: PassageID, by query: Query) throws -> PassageExplanation {
        let text = [oracle.boundary] + (try oracle.tokens(of: passage))
        let matches = matches(of: query, in: text)
        var seen: Set<TokenID> = []
        var keys: [PassageExplanation.KeyMatch] = []
        var total = 0.0
        var best = 0.0
        for match in matches.keys {
            let key = query.keys[match.key].key
            let cover = cover(of: key.tokens, seen: seen)
            seen.formUnion(key.tokens)
            let contribution = key.weight * cover
            total += contribution
            best = max(best, key.weight)
            keys.append(
                .init(
                    key: match.key, tokens: max(match.span.lowerBound - 1, 0)..<match.span.upperBound - 1,
                    weight: key.weight, cover: cover, contribution: contribution))
        }
        let unigrams = unigramMatches(
            in: text, isTaken: matches.isTaken, seen: seen, weights: query.unigramWeights)
        for unigram in unigrams { total += unigram.contribution }
        let gamma = parameters.gamma
        var score = parameters.scoring.isIntersective ? (1 - gamma) * total + gamma * best : best
        if let learned = parameters.keyWeights, parameters.scoring.usesFrequency {
            let mean = Double(oracle.tokenCount) / Double(max(1, oracle.passageCount))
            score *= learned.factor(length: text.count - 1, mean: mean)
        }
        return PassageExplanation(
            passage: passage, score: score, total: total, best: best, keys: keys, unigrams: unigrams)
    }

    private func unigramMatches(
        in text: [TokenID], isTaken: [Bool], seen: Set<TokenID>, weights: [TokenID: Double]
    ) -> [PassageExplanation.UnigramMatch] {
        if weights.isEmpty { return [] }
        var slots: [TokenID: Int] = [:]
        var found: [(token: TokenID, weight: Double, positions: [Int])] = []
        for position in 1..<max(text.count, 1) where !isTaken[position] {
            let token = text[position]
            if let slot = slots[token] {
                found[slot].positions.append(position - 1)
            } else if let weight = weights[token] {
                slots[token] = found.count
                found.append((token, weight, [position - 1]))
            }
        }
        return found.map { token, weight, positions in
            let cover = cover(of: [token], seen: seen)
            return .init(
                token: token, positions: positions, weight: weight, cover: cover, contribution: weight * cover)
        }
    }

    /// 1 - beta + beta x the share of the n-gram's different tokens that are new.
    private func cover(of tokens: [TokenID], seen: Set<TokenID>) -> Double {
        let types = Set(tokens)
        let new = types.count - types.intersection(seen).count
        return 1 - parameters.beta + parameters.beta * (Double(new) / Double(types.count))
    }
}

extension NGramKey {
    /// By weight, descending, then by the n-gram.
    func precedes(_ other: NGramKey) -> Bool {
        weight != other.weight ? weight > other.weight : tokens.lexicographicallyPrecedes(other.tokens)
    }
}
