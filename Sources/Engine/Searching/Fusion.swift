import TrawlCore

/// How rankings of different scales are made comparable before they are added up.
public enum FusionMethod: String, Codable, CaseIterable, Sendable {
    /// Reciprocal rank fusion (Cormack et al., 2009): 1 / (constant + rank); scores play no part.
    case reciprocalRank = "rrf"
    /// Scores mapped to 0...1 within each ranking; a passage that a ranking lacks gets 0 there.
    case minMax = "min-max"
    /// Min-max, with less weight for methods that read words the less of the query's words their best hit has, down to half:
    /// min-max alone makes the best of poor hits as good as the best of good ones.
    case adaptive
    /// Scores as standard deviations from their mean; a passage that a ranking lacks gets its lowest score there.
    case zScore = "z-score"
    /// Scores as shares of the highest that a passage could have for the query (Bruch et al. 2023, arXiv 2210.11934), so that
    /// the best of poor hits does not count as much as a good one. A method that knows no highest score gets min-max, times
    /// the best share of a method that reads words.
    case bounded
    /// A weighted sum, and what the blocks add that were fitted to judged queries of the index. See `FittedFusion`.
    case fitted
}

/// Makes one ranking of several.
///
/// A document counts for each ranking with its best passage there, whichever that is.
struct Fusion {
    struct Input {
        let weight: Float
        let ranking: Ranking
        /// The highest score that a passage could have; nil where that is not known.
        var bound: Float?
        /// Whether the ranking is of a method that finds passages by their words.
        var readsWords = false

        /// The scores as shares of the bound; nil without one.
        fileprivate func shares(_ scores: [Float]) -> [Float]? {
            guard let bound, bound > 0 else { return nil }
            return scores.map { min(1, max(0, $0) / bound) }
        }

        fileprivate var bestShare: Float? {
            guard let bound, bound > 0, let best = ranking.first else { return nil }
            return min(1, max(0, best.score) / bound)
        }
    }

    /// The size of a word-reading method's best score where no such method knows its own.
    private static let usualShare: Float = 0.5
    /// The share of BM25's highest score that a passage of average length has, about, in which each word of the query occurs
    /// once.
    private static let shareOfAllWords: Float = 0.5
    /// What methods that read words keep of their weight at least. Chosen with the share above on nine collections: see
    /// `eval/results/first-use.md`.
    private static let leastTrust: Float = 0.5

    let method: FusionMethod
    /// That of reciprocal rank fusion.
    let constant: Float
    /// How many entries of a ranking count. Further ones add nothing, so that scores do not depend on how many were asked for.
    var depth = Int.max

    /// One entry per document, with the sum of its parts for its score. Its passage is the one that has most of that sum
    /// by itself.
    struct Fused {
        var ranking = Ranking([])
        /// The documents, ascending.
        private var documents: [UInt32] = []
        /// For each document, what each input added to its score; NaN for an input that lacks it.
        private var parts: [Float] = []
        private let inputs: Int

        fileprivate init(inputs: Int) { self.inputs = inputs }

        fileprivate mutating func reserve(_ count: Int) {
            documents.reserveCapacity(count)
            parts.reserveCapacity(count * inputs)
        }

        /// Starts with the next document, to which no input has added anything yet.
        fileprivate mutating func begin(_ document: UInt32) {
            documents.append(document)
            for _ in 0..<inputs { parts.append(.nan) }
        }

        fileprivate mutating func add(_ part: Float, of input: Int) { parts[parts.count - inputs + input] = part }

        /// What `input` added to the score of `document`; nil if it lacks it. O(log documents).
        func part(of input: Int, to document: UInt32) -> Float? {
            var (low, high) = (0, documents.count)
            while low < high {
                let middle = (low + high) / 2
                if documents[middle] < document { low = middle + 1 } else { high = middle }
            }
            guard low < documents.count, documents[low] == document else { return nil }
            let part = parts[low * inputs + input]
            return part.isNaN ? nil : part
        }
    }

    /// An entry of an input, with what it adds.
    private struct Row {
        let passage: PassageID
        let input: Int
        let added: Float
    }

    /// Additions happen in the order of `inputs`.
    ///
    /// - Parameter document: what a passage is part of; entries with the same one are joined.
    /// - Complexity: O(n log n) for n entries in all.
    func fuse(_ inputs: [Input], document: (PassageID) throws -> UInt32) rethrows -> Fused {
        let count = inputs.reduce(0) { $0 + ($1.weight != 0 ? $1.ranking.count : 0) }
        let share = inputs.filter { $0.weight != 0 && $0.readsWords }.compactMap(\.bestShare).max() ?? Self.usualShare
        let trust = method == .adaptive ? Self.trust(inputs) : 1
        var rows: [Row] = []
        rows.reserveCapacity(count)
        // A document and the position of a row: sorted, the rows of a document follow each other in their old order.
        var order: [UInt64] = []
        order.reserveCapacity(count)
        // What a ranking gives to a passage that it lacks is subtracted from all of its scores, so lacking means 0.
        for (number, input) in inputs.enumerated() where input.weight != 0 && !input.ranking.isEmpty {
            let weight = input.readsWords ? trust * input.weight : input.weight
            let scores = normalised(input, share: share)
            for (position, entry) in input.ranking.enumerated() {
                let added = position < scores.count ? weight * scores[position] : 0
                order.append(UInt64(try document(entry.passage)) << 32 | UInt64(rows.count))
                rows.append(Row(passage: entry.passage, input: number, added: added))
            }
        }
        order.sort()
        var fused = Fused(inputs: inputs.count)
        fused.reserve(count)
        var entries: [ScoredPassage] = []
        entries.reserveCapacity(count)
        var start = 0
        while start < order.count {
            let document = UInt32(order[start] >> 32)
            var end = start + 1
            while end < order.count, UInt32(order[end] >> 32) == document { end += 1 }
            let own = order[start..<end]
            fused.begin(document)
            var sum: Float = 0
            var shown: ScoredPassage?
            var last = -1
            for row in own.lazy.map({ rows[Int($0 & 0xFFFF_FFFF)] }) where row.input != last {
                // The first row of an input is its best passage of the document.
                last = row.input
                fused.add(row.added, of: row.input)
                sum += row.added
                // A document is shown by the passage with the highest sum among the best ones of each input.
                var whole: Float = 0
                for other in own {
                    let other = rows[Int(other & 0xFFFF_FFFF)]
                    if other.passage == row.passage { whole += other.added }
                }
                let candidate = ScoredPassage(row.passage, whole)
                if shown.map({ candidate.precedes($0) }) ?? true { shown = candidate }
            }
            if let shown { entries.append(ScoredPassage(shown.passage, sum)) }
            start = end
        }
        fused.ranking = Ranking(entries)
        return fused
    }

    /// The share of their weight that methods which read words keep; all of it where none knows a highest score.
    private static func trust(_ inputs: [Input]) -> Float {
        let shares = inputs.filter { $0.weight != 0 && $0.readsWords && $0.bound ?? 0 > 0 }.map { $0.bestShare ?? 0 }
        guard let best = shares.max() else { return 1 }
        return min(1, max(leastTrust, best / shareOfAllWords))
    }

    /// Of the entries that count.
    ///
    /// - Parameter share: what the best score of a method without a bound is worth.
    private func normalised(_ input: Input, share: Float) -> [Float] {
        let scores = input.ranking.prefix(depth).map(\.score)
        guard let best = scores.first, let worst = scores.last else { return [] }
        switch method {
        case .reciprocalRank:
            return scores.indices.map { 1 / (constant + Float($0 + 1)) }
        case .bounded:
            return input.shares(scores) ?? Self.minMax(scores, worst, best).map { $0 * share }
        case .minMax, .adaptive, .fitted: return Self.minMax(scores, worst, best)
        case .zScore:
            let mean = scores.reduce(0, +) / Float(scores.count)
            let variance = scores.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Float(scores.count)
            return scores.map { variance > 0 ? ($0 - worst) / variance.squareRoot() : 1 }
        }
    }

    private static func minMax(_ scores: [Float], _ worst: Float, _ best: Float) -> [Float] {
        let width = best - worst
        return scores.map { width > 0 ? ($0 - worst) / width : 1 }
    }
}
