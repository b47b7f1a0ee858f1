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
        if let learned { return sum(text, by: query, learned, &matcher, key) }
        matcher.match(query.finder, in: text)
        matcher.forgetTypes(query.typeNumbers.count)
        var result = Score()
        for match in matcher.matches {
            let types = query.types(of: match.key)
            let cover = cover(new: matcher.note(types), of: types.count)
            let contribution = query.weights[match.key] * cover
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
        return result
    }

    /// The score by fitted weights: every key that the passage has counts, however they overlap, for the fit has seen that
    /// they do.
    private func sum(
        _ text: [TokenID], by query: Query, _ learned: LearnedKeyWeights, _ matcher: inout KeyMatcher,
        _ key: (_ match: KeyMatcher.Match, _ cover: Double, _ contribution: Double) -> Void
    ) -> Score {
        matcher.count(query.finder, in: text)
        let length = relativeLength(text.count - 1)
        var result = Score()
        for match in matcher.matches {
            let weight = query.weights[match.key]
            let contribution = weight * learned.repetition(match.occurrences, relativeLength: length)
            result.total += contribution
            result.best = max(result.best, weight)
            key(match, 1, contribution)
        }
        result.score = result.total
        return result
    }

    /// The length of a passage of `tokens`, divided by the mean over passages.
    func relativeLength(_ tokens: Int) -> Double {
        Double(tokens) * Double(max(1, oracle.passageCount)) / Double(max(1, oracle.tokenCount))
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
