import TrawlCore
import TrawlEngine
import TrawlGeneration
import TrawlSubstringIndex

extension OpenShard {
    func nextTokens(_ question: NextTokens) throws -> [TokenCounts] {
        let substrings = try index.substringIndex()
        var budget = AnswerBudget()
        return try question.ngrams.map { ngram in
            guard let range = substrings.range(of: ngram) else { return TokenCounts() }
            let next = substrings.nextTokens(range)
            try budget.take(next.count, each: 12)
            return TokenCounts(tokens: next.map(\.token), counts: next.map(\.count))
        }
    }

    func counts(_ question: LocateNGrams) throws -> [NGramCounts] {
        let substrings = try index.substringIndex()
        return question.ngrams.map { ngram in
            guard let range = substrings.range(of: ngram) else { return NGramCounts(count: 0, passages: 0) }
            return NGramCounts(
                count: range.count,
                passages: range.count <= question.limit ? substrings.passages(containing: range).count : 0)
        }
    }

    func rank(_ question: RankKeys) throws -> [[ShardHit]] {
        let substrings = try index.substringIndex()
        let oracle = CorpusOracle(
            index: substrings, tokenCount: question.scoring.tokenCount, passageCount: question.scoring.passageCount,
            filter: try filter(question.scope.conditions))
        try require(question.queries.count, limit: max(question.scope.limit, question.scoring.maximumPassages))
        let queries = question.queries.map { weighed($0, oracle) }
        let parameters = question.scoring.parameters
        let count = min(question.scope.limit, substrings.passageCount)
        let rankings =
            switch question.pass {
            case .only: try oracle.rank(queries, by: parameters, count: count)
            case .first: try SEALScorer(oracle: oracle, parameters: parameters).firstPass(queries)
            case .full:
                try oracle.rank(
                    queries, among: question.candidates.map { try $0.map(passage).sorted() }, by: parameters,
                    count: count)
            }
        return try rankings.map(hits)
    }

    /// The keys of a query with the passages of this shard that have them.
    private func weighed(_ query: KeyQuery, _ oracle: CorpusOracle) -> SEALScorer<CorpusOracle>.Query {
        let keys = query.keys.map { key in
            let range = key.isLocated ? oracle.range(of: key.tokens) : nil
            return LocatedKey(
                key: NGramKey(
                    tokens: key.tokens, logProbability: 0, count: 0, origin: .body, weight: key.weight),
                range: range ?? oracle.root,
                passages: key.isLocated ? range.map { oracle.locate([$0])[0] } ?? KeyPassages([]) : nil)
        }
        return WeighedKeys(
            keys: keys,
            unigrams: query.unigrams.map {
                UnigramWeight(token: $0.token, logProbability: 0, count: 0, weight: $0.weight)
            })
    }

    func tokens(_ question: PassageTokenLists) throws -> [[TokenID]] {
        let substrings = try index.substringIndex()
        var budget = AnswerBudget()
        return try question.passages.map { number in
            let tokens = Array(try substrings.tokens(of: passage(number)).dropLast())
            try budget.take(tokens.count, each: 4)
            return tokens
        }
    }
}
