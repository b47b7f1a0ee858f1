import Synchronization
import TrawlCore
import TrawlLexicalIndex

/// The terms of all shards together.
final class ClusterTerms: TermStatistics {
    let passageCount: Int
    let meanLength: Double
    private let shards: ShardGroup
    /// Frequencies of this search's terms.
    private let known = Mutex<[[UInt8]: Int]>([:])
    /// Those of all searches.
    private let cache: ClusterIndex.Frequencies

    init(_ index: ClusterIndex) {
        (shards, cache) = (index.shards, index.frequencies)
        (passageCount, meanLength) = index.lexicalTotals
    }

    func passageFrequencies(of terms: [[UInt8]]) throws -> [Int] {
        try prepare(terms)
        return known.withLock { known in terms.map { known[$0] ?? 0 } }
    }

    /// Asks for the frequencies of terms that are not known yet, all at once.
    func prepare(_ terms: [[UInt8]]) throws {
        let new = known.withLock { known in
            for term in terms where known[term] == nil { known[term] = cache.answer(to: term) }
            return Array(Set(terms.filter { known[$0] == nil }))
        }.sorted { $0.lexicographicallyPrecedes($1) }
        guard !new.isEmpty else { return }
        let answers = try shards.ask(TermFrequencies(terms: new))
        for (number, term) in new.enumerated() {
            let frequency = answers.reduce(0) { $0 + ($1.indices.contains(number) ? $1[number] : 0) }
            known.withLock { $0[term] = frequency }
            if shards.isComplete { cache.insert(frequency, for: term, size: term.count + 32) }
        }
    }

    func terms(beginning: [UInt8]) throws -> [ExpandedTerm] { try expanded(ExpandTerm(term: beginning, edits: nil)) }

    func terms(near term: String, edits: Int) throws -> [ExpandedTerm] {
        try expanded(ExpandTerm(term: Array(term.utf8), edits: edits))
    }

    private func expanded(_ question: ExpandTerm) throws -> [ExpandedTerm] {
        var found: [[UInt8]: ExpandedTerm] = [:]
        for term in try shards.ask(question).joined() {
            let before = found[term.bytes]?.passageFrequency ?? 0
            found[term.bytes] = ExpandedTerm(
                bytes: term.bytes, closeness: term.closeness, edits: term.edits,
                passageFrequency: before + term.passageFrequency)
        }
        return found.values.sorted { $0.precedes($1) }
    }
}
