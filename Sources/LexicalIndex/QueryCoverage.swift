public import TrawlCore
import TrawlStore

/// The terms of a query, and how much of their weight texts have.
public struct QueryCoverage: Sendable {
    /// The weight of each distinct term: its inverse passage frequency, times its occurrences in the query.
    public let weights: [Float]
    private let terms: [WeightedTerm]
    private let searcher: LexicalSearcher
    private let total: Float

    fileprivate init(_ terms: [WeightedTerm], _ searcher: LexicalSearcher) {
        self.terms = terms
        self.searcher = searcher
        weights = terms.map(\.weight)
        total = weights.reduce(0, +)
    }

    /// The share of the weight whose terms each passage has, from 0 to 1.
    ///
    /// - Complexity: O(postings of the query's terms in blocks that have some of the passages).
    public func shares(of passages: [PassageID]) throws -> [Float] {
        guard total > 0, !passages.isEmpty else { return passages.map { _ in 0 } }
        let order = passages.indices.sorted { passages[$0] < passages[$1] }
        var sums = [Float](repeating: 0, count: passages.count)
        for term in terms {
            var next = 0
            for segment in searcher.segments {
                let (base, count) = (segment.reader.passageBase, segment.reader.info.passageCount)
                let first = next
                while next < order.count, passages[order[next]].rawValue - base < count { next += 1 }
                guard first < next, let list = try segment.postings(of: term.bytes) else { continue }
                var cursor = try PostingCursor(list)
                for number in order[first..<next]
                where try cursor.frequency(of: passages[number].rawValue - base) > 0 { sums[number] += term.weight }
            }
        }
        return sums.map { $0 / total }
    }

    /// The share of the weight whose terms `text` has, from 0 to 1.
    public func share(of text: String, _ analyzer: Analyzer) -> Float {
        guard total > 0 else { return 0 }
        var found = [Bool](repeating: false, count: terms.count)
        analyzer.forEachTerm(of: text) { bytes, _ in
            if let term = terms.firstIndex(where: { $0.bytes.elementsEqual(bytes) }) { found[term] = true }
        }
        return zip(weights, found).reduce(0) { $1.1 ? $0 + $1.0 : $0 } / total
    }
}

extension LexicalSearcher {
    /// The terms of `query`, looked up once.
    public func coverage(of query: String) throws -> QueryCoverage { QueryCoverage(try weighted(query), self) }
}
