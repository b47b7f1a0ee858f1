import Foundation

/// What the weights of terms depend on: sums over all passages of an index, or of several indexes that are searched as one.
package protocol TermStatistics {
    /// The live passages.
    var passageCount: Int { get }
    /// The mean number of terms of a live passage, 0 without passages.
    var meanLength: Double { get }

    /// How many live passages have each of `terms`.
    func passageFrequencies(of terms: [[UInt8]]) throws -> [Int]
    /// The terms that begin with `beginning`, those of most passages first.
    func terms(beginning: [UInt8]) throws -> [ExpandedTerm]
    /// The terms at most `edits` edits away from `term`: the nearest first, and of those the ones of most passages.
    func terms(near term: String, edits: Int) throws -> [ExpandedTerm]
}

extension TermStatistics {
    /// The inverse passage frequency.
    func rarity(_ passageFrequency: Int) -> Double {
        let df = Double(passageFrequency)
        return log(1 + (Double(passageCount) - df + 0.5) / (df + 0.5))
    }
}

/// A term of a query with its weight.
public struct WeightedTerm: Hashable, Sendable {
    package let bytes: [UInt8]
    /// In the query.
    package let occurrences: Int
    /// The inverse passage frequency, times the occurrences.
    package let weight: Float
    package let passageFrequency: Int

    package init(bytes: [UInt8], occurrences: Int, weight: Float, passageFrequency: Int) {
        (self.bytes, self.occurrences) = (bytes, occurrences)
        (self.weight, self.passageFrequency) = (weight, passageFrequency)
    }
}

/// BM25's saturation for passages of a collection.
package struct BM25Scorer: Hashable, Sendable {
    /// What every passage has in its denominator, and what every term of its length adds.
    package let base: Float
    package let perTerm: Float

    package init(base: Float, perTerm: Float) { (self.base, self.perTerm) = (base, perTerm) }

    package init(_ parameters: BM25Parameters, meanLength: Double) {
        base = parameters.k1 * (1 - parameters.b)
        perTerm = meanLength > 0 ? Float(Double(parameters.k1 * parameters.b) / meanLength) : 0
    }

    func score(weight: Float, _ frequency: UInt32, _ length: UInt32) -> Float {
        score(weight: weight, Float(frequency), length)
    }

    func score(weight: Float, _ frequency: Float, _ length: UInt32) -> Float {
        guard frequency > 0 else { return 0 }
        return weight * frequency / (frequency + base + perTerm * Float(length))
    }
}

/// Makes weighed terms of queries: all of a search that needs to know of every passage.
package struct TermWeigher<Statistics: TermStatistics> {
    package let settings: AnalyzerSettings
    /// Whether queries are read without the words that say nothing in them, unless they have no others.
    package let dropsAskingWords: Bool
    package let statistics: Statistics

    package init(_ settings: AnalyzerSettings, dropsAskingWords: Bool, _ statistics: Statistics) {
        (self.settings, self.dropsAskingWords, self.statistics) = (settings, dropsAskingWords, statistics)
    }

    /// The distinct terms of `query` in order of first mention, each with its occurrences.
    package func terms(of query: String) throws -> [(bytes: [UInt8], occurrences: Int)] {
        let normal = query.composed
        let terms = distinct(normal, try Analyzer(settings, dropsAskingWords: dropsAskingWords))
        return terms.isEmpty && dropsAskingWords ? distinct(normal, try Analyzer(settings)) : terms
    }

    private func distinct(_ query: String, _ analyzer: Analyzer) -> [(bytes: [UInt8], occurrences: Int)] {
        var terms: [(bytes: [UInt8], occurrences: Int)] = []
        analyzer.forEachTerm(of: query) { bytes, _ in
            if let known = terms.firstIndex(where: { $0.bytes.elementsEqual(bytes) }) {
                terms[known].occurrences += 1
            } else {
                terms.append((Array(bytes), 1))
            }
        }
        return terms
    }

    /// The distinct terms of `query` with their weights.
    package func weighted(_ query: String) throws -> [WeightedTerm] {
        let terms = try terms(of: query)
        return zip(terms, try statistics.passageFrequencies(of: terms.map(\.bytes))).map { term, frequency in
            WeightedTerm(
                bytes: term.bytes, occurrences: term.occurrences,
                weight: Float(Double(term.occurrences) * statistics.rarity(frequency)), passageFrequency: frequency)
        }
    }

    /// Looks up the terms of a query with operators. Words that are indexed but say nothing in a query are left out where they
    /// are optional, unless there are no others.
    package func resolve(_ query: QueryNode) throws -> OperatorQuery {
        let analyzer = try Analyzer(settings)
        var resolver = OperatorResolver(
            statistics: statistics, settings: settings, analyzer: analyzer,
            optional: try Analyzer(settings, dropsAskingWords: dropsAskingWords))
        if let found = try resolver.resolve(query), found.leaves.contains(where: \.isWanted) { return found }
        resolver = OperatorResolver(statistics: statistics, settings: settings, analyzer: analyzer, optional: analyzer)
        return try resolver.resolve(query) ?? OperatorQuery()
    }
}
