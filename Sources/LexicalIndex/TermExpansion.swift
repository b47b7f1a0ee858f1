import TrawlCore
import TrawlStore

/// A term of the index that stands for what a query says.
package struct ExpandedTerm: Hashable, Sendable {
    package let bytes: [UInt8]
    /// How much an occurrence counts, from 0 to 1.
    package let closeness: Float
    package let edits: Int
    /// Passages that have it, those that are deleted included.
    package let passageFrequency: Int

    package init(bytes: [UInt8], closeness: Float, edits: Int, passageFrequency: Int) {
        (self.bytes, self.closeness) = (bytes, closeness)
        (self.edits, self.passageFrequency) = (edits, passageFrequency)
    }

    /// The nearest first, and of those the ones of most passages.
    package func precedes(_ other: ExpandedTerm) -> Bool {
        if edits != other.edits { return edits < other.edits }
        if passageFrequency != other.passageFrequency { return passageFrequency > other.passageFrequency }
        return bytes.lexicographicallyPrecedes(other.bytes)
    }
}

extension LexicalSearcher {
    /// The most terms that a beginning or a word with edits stands for.
    public static let expansionLimit = 50

    /// The terms that begin with `beginning`, those of most passages first.
    ///
    /// - Complexity: O(terms that begin so).
    package func terms(beginning: [UInt8]) throws -> [ExpandedTerm] {
        var found: [[UInt8]: Int] = [:]
        for segment in segments {
            try segment.reader.forEachRecord(of: LexicalSegment.terms, prefix: beginning) { term, record in
                found[Array(term), default: 0] += Int(record.passageFrequency)
                return true
            }
        }
        return found.map { ExpandedTerm(bytes: $0, closeness: 1, edits: 0, passageFrequency: $1) }
            .sorted { $0.precedes($1) }
    }

    /// The terms at most `edits` edits away from `term`: the nearest first, and of those the ones of most passages.
    ///
    /// - Complexity: O(terms of the index).
    package func terms(near term: String, edits: Int) throws -> [ExpandedTerm] {
        var found: [[UInt8]: (frequency: Int, edits: Int)] = [:]
        for segment in segments {
            var distance = EditDistance(to: term, limit: edits)
            try segment.reader.forEachRecord(of: LexicalSegment.terms) { bytes, record in
                if let edits = distance.next(bytes) {
                    found[Array(bytes), default: (0, edits)].frequency += Int(record.passageFrequency)
                }
                return true
            }
        }
        let length = Float(max(1, term.unicodeScalars.count))
        return found.map { bytes, found in
            ExpandedTerm(
                bytes: bytes, closeness: max(0.1, 1 - Float(found.edits) / length), edits: found.edits,
                passageFrequency: found.frequency)
        }.sorted { $0.precedes($1) }
    }
}
