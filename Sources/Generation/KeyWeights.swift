import Foundation
public import TrawlCore

/// The weights of n-grams (SEAL, equations 2 to 5 of arXiv 2204.10628), in a form that does not cancel.
public enum KeyWeights {
    /// log(1 - e^x) for x <= 0, accurate at both ends; minus infinity at 0.
    public static func logOneMinusExp(_ x: Double) -> Double {
        guard x < 0 else { return -.infinity }
        return x > -0.693_147_180_559_945_3 ? log(-expm1(x)) : log1p(-exp(x))
    }

    /// By how much the n-gram is likelier given the query than anywhere in the corpus, as a difference of log-odds:
    /// max(0, [p + log(1 - e^u)] - [u + log(1 - e^p)])^alpha with p = `logProbability` - 1e-10 and
    /// u = log((count + 5) / (tokens + 5)).
    public static func frequencyWeight(
        logProbability: Double, count: Int, tokenCount: Int, alpha: Double
    ) -> Double {
        let p = min(logProbability, 0) - 1e-10
        let u = min(log((Double(count) + 5) / (Double(tokenCount) + 5)), 0)
        let odds = logOdds(p, above: u)
        return odds > 0 ? power(odds, alpha) : 0
    }

    /// The log-odds of the log-probability `p` less those of `u`; 0 where they are not finite.
    static func logOdds(_ p: Double, above u: Double) -> Double {
        guard p > -.infinity, u < 0 else { return 0 }
        return (p + logOneMinusExp(u)) - (u + logOneMinusExp(p))
    }

    /// max(0, p - (least - 0.1))^alpha, where `least` is the lowest log-probability of the query's keys.
    public static func likelihoodWeight(logProbability: Double, least: Double, alpha: Double) -> Double {
        guard logProbability > -.infinity, least > -.infinity else { return 0 }
        return power(max(0, logProbability - (least - 0.1)), alpha)
    }
}

/// A token that may stand first in an n-gram, with its weight.
public struct UnigramWeight: Hashable, Sendable {
    public let token: TokenID
    public let logProbability: Double
    public let count: Int
    public let weight: Double

    package init(token: TokenID, logProbability: Double, count: Int, weight: Double) {
        (self.token, self.logProbability, self.count, self.weight) = (token, logProbability, count, weight)
    }
}

extension KeyWeights {
    /// Sets the weights of `keys` for a query of the tokens `query`.
    static func weigh<Oracle: SubstringOracle>(
        _ keys: inout [LocatedKey<Oracle.SuffixRange>], query: [TokenID], words: QueryWords, oracle: Oracle,
        parameters: SEALParameters
    ) {
        if let learned = parameters.keyWeights, parameters.scoring.usesFrequency {
            let reader = KeyFeatureReader(oracle: oracle, query: query, words: words)
            for index in keys.indices {
                let key = keys[index]
                let features = reader.features(of: key.key, passages: key.passages?.count ?? key.key.count)
                keys[index].key.weight = features.map(learned.weight) ?? 0
            }
            return
        }
        let tokenCount = oracle.tokenCount
        let least = keys.lazy.map(\.key.logProbability).filter { $0 > -.infinity }.min() ?? 0
        for index in keys.indices {
            let key = keys[index].key
            keys[index].key.weight =
                parameters.scoring.usesFrequency
                ? frequencyWeight(
                    logProbability: key.logProbability, count: key.count, tokenCount: tokenCount,
                    alpha: parameters.alpha)
                : likelihoodWeight(logProbability: key.logProbability, least: least, alpha: parameters.alpha)
        }
    }

    /// The weights of the most probable first tokens that occur, best first, without those of weight 0. The boundary is
    /// none of them: every passage has it.
    static func unigrams<Oracle: SubstringOracle>(
        behind prompt: PrefilledPrompt, oracle: Oracle, parameters: SEALParameters
    ) -> [UnigramWeight] {
        let best = prompt.logits.withUnsafeBufferPointer {
            TopTokens.select($0, count: parameters.unigrams, behind: nil, floor: -.infinity)
        }
        var found: [(token: TokenID, logProbability: Double, count: Int)] = []
        for entry in best where entry.token != oracle.boundary {
            guard let range = oracle.extend(oracle.root, with: entry.token) else { continue }
            found.append((entry.token, Double(entry.logit) - prompt.normaliser, oracle.count(range)))
        }
        let least = found.last?.logProbability ?? 0
        return found.map { token, logProbability, count in
            UnigramWeight(
                token: token, logProbability: logProbability, count: count,
                weight: parameters.scoring.usesFrequency
                    ? frequencyWeight(
                        logProbability: logProbability, count: count, tokenCount: oracle.tokenCount,
                        alpha: parameters.unigramAlpha)
                    : likelihoodWeight(
                        logProbability: logProbability, least: least, alpha: parameters.unigramAlpha))
        }
        .filter { $0.weight > 0 }
        .sorted { $0.weight != $1.weight ? $0.weight > $1.weight : $0.token < $1.token }
    }
}
