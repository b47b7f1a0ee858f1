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
                let others = matches.filter {
                    $0.tokens == match.tokens
                        && Set($0.start..<$0.start + $0.tokens.count).isDisjoint(with: taken)
                }
                let repetition = pow(Double(1 + others.count), parameters.keyWeights?.occurrences ?? 0)
                total += match.weight * (1 - parameters.beta + parameters.beta * share) * repetition
                best = max(best, match.weight)
                seen.formUnion(types)
            }
            let free = Set(text.indices.filter { !taken.contains($0) }.map { text[$0] })
            for (token, weight) in unigrams where free.contains(token) {
                total += weight * (seen.contains(token) ? 1 - parameters.beta : 1)
            }
            let score = (1 - parameters.gamma) * total + parameters.gamma * best
            let mean = Double(corpus.tokenCount) / Double(corpus.passages.count)
            scores[PassageID(UInt32(number))] =
                score * pow(Double(passage.count) / mean, parameters.keyWeights?.passageLength ?? 0)
        }
        return scores
    }
}
