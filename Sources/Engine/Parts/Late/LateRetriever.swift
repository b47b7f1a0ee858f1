import TrawlCore
import TrawlEmbeddings
import TrawlLateIndex
import TrawlVectorIndex

/// Passages by late interaction with the query.
struct LateRetriever: Retriever {
    let name = "late"
    private let embedder: TokenEmbedder
    private let searcher: LateSearcher?
    private var options = LateSearchOptions()

    /// - Parameter searcher: nil for an index without documents.
    init(_ embedder: TokenEmbedder, _ searcher: LateSearcher?, _ settings: LateSettings, _ filter: PassageFilter?) {
        self.embedder = embedder
        self.searcher = searcher
        options.isExact = settings.isExact
        options.probes = settings.probes
        options.candidates = settings.candidates
        if let filter { options.allows = { filter.contains($0) } }
    }

    func search(_ queries: [String], limit: Int) throws -> [Retrieved] {
        guard let searcher else { return queries.map { _ in Retrieved(ranking: Ranking([])) } }
        return try zip(queries, embedder.queries(queries).split).map { text, vectors in
            let query = vectors.values
            return Retrieved(
                ranking: try searcher.search(query, k: limit, options),
                matches: { try matches(query, text, $0, $1, searcher) }, bound: { Float(vectors.counts[0]) })
        }
    }

    /// For each token of the query the token of the passage that it matched best.
    private func matches(
        _ query: [Float], _ text: String, _ id: PassageID, _ passage: StoredPassage, _ searcher: LateSearcher
    ) throws -> [Match] {
        let content = passage.content
        let asked = embedder.ranges(text, .query)
        let ranges = embedder.ranges(content, .passage)
        // Title and headings stand before the text.
        let textStart = content.utf8.count - passage.text.utf8.count
        let best = try searcher.bestTokens(query, in: id)
        return best.enumerated().compactMap { number, match -> Match? in
            // Masks and markers are no text.
            guard asked.indices.contains(number), !asked[number].isEmpty, ranges.indices.contains(match.token) else {
                return nil
            }
            let range = ranges[match.token]
            let found = content.utf8(in: range)
            let inText = range.lowerBound >= textStart && !range.isEmpty
            return Match(
                stage: name,
                text: found.isEmpty ? text.utf8(in: asked[number]) : "\(text.utf8(in: asked[number])) → \(found)",
                count: 1, contribution: match.product,
                ranges: inText ? [range.lowerBound - textStart..<range.upperBound - textStart] : [])
        }.enumerated().sorted { ($1.element.contribution, $0.offset) < ($0.element.contribution, $1.offset) }
            .map(\.element)
    }

    func recallOfExactSearch(_ queries: [String], k: Int) throws -> Double? {
        guard let searcher, !options.isExact, !queries.isEmpty else { return nil }
        var exactly = options
        exactly.isExact = true
        var (found, wanted) = (0, 0)
        for vectors in try embedder.queries(queries).split {
            let exact = try searcher.search(vectors.values, k: k, exactly)
            guard let last = exact.last else { continue }
            wanted += exact.count
            // Passages of equal score may replace each other.
            found += try searcher.search(vectors.values, k: k, options).count { $0.score >= last.score }
        }
        return wanted == 0 ? nil : Double(found) / Double(wanted)
    }
}

extension String {
    /// The text of a range of bytes; empty where it does not lie on characters of this text.
    fileprivate func utf8(in range: Range<Int>) -> String {
        guard range.upperBound <= utf8.count else { return "" }
        let start = utf8.index(utf8.startIndex, offsetBy: range.lowerBound)
        return String(utf8[start..<utf8.index(start, offsetBy: range.count)]) ?? ""
    }
}
