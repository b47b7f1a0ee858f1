import Foundation
import TrawlCore

@testable import TrawlGeneration

/// Constrained beam search as it is defined, one query, everything scored, everything sorted.
struct PlainBeamSearch {
    struct NGram {
        let tokens: [TokenID]
        let logProbability: Double
        var isComplete: Bool
    }

    let corpus: ScannedCorpus
    let model: HashedLanguageModel
    let parameters: BeamSearchParameters

    private func occurs(_ ngram: [TokenID]) -> Bool { !corpus.starts(of: ngram).isEmpty }

    func bodies(behind prompt: [TokenID]) -> [NGram] {
        var history: [NGram] = []
        var beams: [(tokens: [TokenID], score: Double)] = [([], 0)]
        for length in 1...parameters.length {
            var candidates: [(tokens: [TokenID], score: Double, beam: Int)] = []
            for (index, beam) in beams.enumerated() {
                let row = model.logProbabilities(behind: prompt + beam.tokens)
                let mayEnd = beam.tokens.count >= parameters.minimumLength
                let mustEnd =
                    parameters.isConstrained && parameters.stopAtCount > 0 && mayEnd && !beam.tokens.isEmpty
                    && occurs(beam.tokens) && corpus.starts(of: beam.tokens).count <= parameters.stopAtCount
                for token in row.indices.map({ TokenID($0) }) {
                    let isEnd = token == corpus.boundary
                    let isOutside =
                        !occurs(beam.tokens + [token]) && !(isEnd && parameters.alwaysAllowEnd && occurs(beam.tokens))
                    let isSoft = parameters.softConstraint != nil && (!isEnd || !occurs(beam.tokens))
                    var isAllowed = !parameters.isConstrained || isSoft || !isOutside
                    if isEnd && parameters.alwaysAllowEnd { isAllowed = true }
                    if isEnd && !mayEnd { isAllowed = false }
                    if mustEnd { isAllowed = isEnd }
                    if isAllowed {
                        let price = isOutside && parameters.isConstrained ? parameters.softConstraint ?? 0 : 0
                        candidates.append((beam.tokens + [token], beam.score + row[Int(token)] - price, index))
                    }
                }
            }
            candidates.sort {
                if $0.score != $1.score { return $0.score > $1.score }
                let (a, b) = ($0.tokens[length - 1], $1.tokens[length - 1])
                return a != b ? a < b : $0.beam < $1.beam
            }
            var next: [(tokens: [TokenID], score: Double)] = []
            for (rank, candidate) in candidates.prefix(2 * parameters.beams).enumerated() {
                if candidate.tokens.last == corpus.boundary {
                    let whole = Array(candidate.tokens.dropLast())
                    if rank < parameters.beams, let index = history.firstIndex(where: { $0.tokens == whole }) {
                        history[index].isComplete = true
                    }
                    continue
                }
                if occurs(candidate.tokens) {
                    history.append(
                        NGram(
                            tokens: candidate.tokens,
                            logProbability: candidate.score / pow(Double(length), parameters.lengthPenalty),
                            isComplete: length == parameters.length))
                }
                if next.count < parameters.beams { next.append((candidate.tokens, candidate.score)) }
            }
            beams = next
        }
        return history
    }

    /// Titles, each as `title end`, without the boundary before it.
    func titles(behind prompt: [TokenID], end: [TokenID]) -> [NGram] {
        var history: [NGram] = []
        var beams: [(tokens: [TokenID], score: Double)] = [([], 0)]
        for length in 1...parameters.length {
            var candidates: [(tokens: [TokenID], score: Double, beam: Int)] = []
            for (index, beam) in beams.enumerated() {
                let row = model.logProbabilities(behind: prompt + beam.tokens)
                for token in row.indices.map({ TokenID($0) })
                where occurs([corpus.boundary] + beam.tokens + [token]) {
                    candidates.append((beam.tokens + [token], beam.score + row[Int(token)], index))
                }
            }
            candidates.sort {
                if $0.score != $1.score { return $0.score > $1.score }
                let (a, b) = ($0.tokens[length - 1], $1.tokens[length - 1])
                return a != b ? a < b : $0.beam < $1.beam
            }
            var next: [(tokens: [TokenID], score: Double)] = []
            for candidate in candidates.prefix(2 * parameters.beams) where candidate.tokens.last != corpus.boundary {
                let isTitle =
                    candidate.tokens.count >= end.count + parameters.minimumLength
                    && Array(candidate.tokens.suffix(end.count)) == end
                if isTitle {
                    history.append(
                        NGram(tokens: candidate.tokens, logProbability: candidate.score, isComplete: true))
                } else if next.count < parameters.beams {
                    next.append((candidate.tokens, candidate.score))
                }
            }
            beams = next
        }
        return history
    }
}
