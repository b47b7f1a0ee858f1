import TrawlCore

extension SEALScorer {
    /// What a passage scores, and of what.
    struct Score {
        var score = 0.0
        /// The sum of the contributions.
        var total = 0.0
        /// The weight of the best key.
        var best = 0.0
    }

    /// The full pass over one passage, whose tokens stand behind the boundary in `text`: its keys, each handed to `key` with
    /// its cover and contribution, and every token of a free position once by its unigram weight.
    func fullPass(
        _ text: [TokenID], by query: Query, _ matcher: inout KeyMatcher,
        key: (_ match: KeyMatcher.Match, _ cover: Double, _ contribution: Double) -> Void = { _, _, _ in },
        unigrams handle: ([PassageExplanation.UnigramMatch]) -> Void = { _ in }
    ) -> Score {
        matcher.match(query.finder, in: text)
        matcher.forgetTypes(query.typeNumbers.count)
        var result = Score()
        for match in matcher.matches {
            let types = query.types(of: match.key)
            let cover = cover(new: matcher.note(types), of: types.count)
            let contribution = query.weights[match.key] * cover * repetition(match.occurrences)
            result.total += contribution
            result.best = max(result.best, query.weights[match.key])
            key(match, cover, contribution)
        }
        if !query.unigramWeights.isEmpty {
            let unigrams = unigramMatches(in: text, by: query, matcher)
            for unigram in unigrams { result.total += unigram.contribution }
            handle(unigrams)
        }
        let gamma = parameters.gamma
        result.score =
            parameters.scoring.isIntersective ? (1 - gamma) * result.total + gamma * result.best : result.best
        if let learned = parameters.keyWeights, parameters.scoring.usesFrequency {
            let mean = Double(oracle.tokenCount) / Double(max(1, oracle.passageCount))
            result.score *= learned.factor(length: text.count - 1, mean: mean)
        }
        return result
    }

    /// SEAL counts a key once.
    private func repetition(_ occurrences: Int) -> Double {
        guard let learned = parameters.keyWeights, parameters.scoring.usesFrequency else { return 1 }
        return learned.repetition(occurrences)
    }

    /// Why a passage has its score.
    func explain(_ passage: PassageID, by query: Query) throws -> PassageExplanation {
        var matcher = KeyMatcher()
        var keys: [PassageExplanation.KeyMatch] = []
        var unigrams: [PassageExplanation.UnigramMatch] = []
        let score = fullPass(try text(of: passage), by: query, &matcher) { match, cover, contribution in
            let weight = query.weights[match.key]
            keys.append(
                .init(
                    key: match.key, tokens: max(match.span.lowerBound - 1, 0)..<match.span.upperBound - 1,
                    weight: weight, occurrences: match.occurrences, cover: cover,
                    contribution: contribution))
        } unigrams: {
            unigrams = $0
        }
        return PassageExplanation(
            passage: passage, score: score.score, total: score.total, best: score.best, keys: keys, unigrams: unigrams)
    }

    private func unigramMatches(
        in text: [TokenID], by query: Query, _ matcher: KeyMatcher
    ) -> [PassageExplanation.UnigramMatch] {
        var slots: [TokenID: Int] = [:]
        var found: [(token: TokenID, weight: Double, positions: [Int])] = []
        for position in 1..<max(text.count, 1) where !matcher.isTaken[position] {
            let token = text[position]
            if let slot = slots[token] {
                found[slot].positions.append(position - 1)
            } else if let weight = query.unigramWeights[token] {
                slots[token] = found.count
                found.append((token, weight, [position - 1]))
            }
        }
        return found.map { token, weight, positions in
            let isNew = query.typeNumbers[token].map { !matcher.isSeen($0) } ?? true
            let cover = cover(new: isNew ? 1 : 0, of: 1)
            return .init(
                token: token, positions: positions, weight: weight, cover: cover, contribution: weight * cover)
        }
    }

    /// 1 - beta + beta x the share of the n-gram's different tokens that are new.
    private func cover(new: Int, of types: Int) -> Double {
        1 - parameters.beta + parameters.beta * (Double(new) / Double(types))
    }
}
