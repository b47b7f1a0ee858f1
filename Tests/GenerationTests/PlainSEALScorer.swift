import Foundation
import TrawlCore

@testable import TrawlGeneration

/// SEAL's scores straight from the formulas: no trie, no tallies, sets of positions, every passage scanned for every key.
struct PlainSEALScorer {
    let corpus: ScannedCorpus
    let parameters: SEALParameters

    func weight(_ p: Double, count: Int) -> Double {
        let p = p - 1e-10
        let u = log((Double(count) + 5) / (Double(corpus.tokenCount) + 5))
        if u == 0 { return 0 }
        let odds = (p + log(1 - exp(u))) - (u + log(-expm1(p)))
        return pow(max(0, odds), parameters.alpha)
    }

    /// The intersective score of every passage that a rare enough key finds. `keys` hold their weights.
    func scores(keys: [NGramKey], unigrams: [TokenID: Double]) -> [PassageID: Double] {
        var scores: [PassageID: Double] = [:]
        for (number, passage) in corpus.passages.enumerated() {
            let text = [corpus.boundary] + passage
            var matches: [(weight: Double, tokens: [TokenID], start: Int)] = []
            var isFound = false
            for key in keys where key.tokens.count <= text.count && key.weight > 0 {
                for start in 0...(text.count - key.tokens.count)
                where Array(text[start..<start + key.tokens.count]) == key.tokens {
                    matches.append((key.weight, key.tokens, start))
                    if key.count <= parameters.maximumOccurrences { isFound = true }
                }
            }
            if !isFound { continue }
            if let learned = parameters.keyWeights {
                let length = Double(passage.count) * Double(corpus.passages.count) / Double(corpus.tokenCount)
                var total = 0.0
                for occurrences in Dictionary(grouping: matches, by: \.tokens).values {
                    let tf = Double(occurrences.count)
                    let slowness = learned.saturation * (1 - learned.passageLength + learned.passageLength * length)
                    total += occurrences[0].weight * tf * (learned.saturation + 1) / (tf + slowness)
                }
                scores[PassageID(UInt32(number))] = total
                continue
            }
            matches.sort {
                if $0.weight != $1.weight { return $0.weight > $1.weight }
                if $0.tokens != $1.tokens { return $0.tokens.lexicographicallyPrecedes($1.tokens) }
                return $0.start < $1.start
            }
            var taken: Set<Int> = []
            var seen: Set<TokenID> = []
            var counted: Set<[TokenID]> = []
            var total = 0.0
            var best = 0.0
            for match in matches where !counted.contains(match.tokens) {
                let span = Set(match.start..<match.start + match.tokens.count)
                if !span.isDisjoint(with: taken) { continue }
                counted.insert(match.tokens)
                taken.formUnion(span)
                let types = Set(match.tokens)
                let share = Double(types.subtracting(seen).count) / Double(types.count)
                total += match.weight * (1 - parameters.beta + parameters.beta * share)
                best = max(best, match.weight)
                seen.formUnion(types)
            }
            let free = Set(text.indices.filter { !taken.contains($0) }.map { text[$0] })
            for (token, weight) in unigrams where free.contains(token) {
                total += weight * (seen.contains(token) ? 1 - parameters.beta : 1)
            }
            scores[PassageID(UInt32(number))] = (1 - parameters.gamma) * total + parameters.gamma * best
        }
        return scores
    }
}

extension SEALScorer {
    /// The best passages of a query with their explanations.
    func explained(_ query: Query, count: Int) throws -> [PassageExplanation] {
        try rank([query], count: count)[0].map { try explain($0.passage, by: query) }
    }
}

extension GenerativeResult {
    /// For each passage of the ranking, why it is there.
    func explanations() throws -> [PassageExplanation] { try ranking.map { try explain($0.passage) } }
}
