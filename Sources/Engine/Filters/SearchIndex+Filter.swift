import TrawlCore
import TrawlStore
import TrawlVectorIndex

extension SearchIndex {
    /// The passages that a search by `settings` may find; nil: all.
    ///
    /// - Throws: `TrawlError.invalidInput` for a field that no document has, or a sense that no word has.
    func filter(_ settings: SearchSettings) throws -> PassageFilter? {
        let metadata = settings.conditions.isEmpty ? nil : try documents.passages(meeting: settings.conditions)
        guard !settings.senses.isEmpty else { return metadata }
        let senses = try settings.senses.map { try passages(with: $0) }
        var members = BitSet(bound: documents.segments.reduce(0) { $0 + Int($1.reader.info.passageCount) })
        for passage in senses[0] where senses.allSatisfy({ $0.contains(passage) }) {
            if metadata?.contains(PassageID(passage)) ?? true { members.insert(Int(passage)) }
        }
        return PassageFilter(members)
    }
}
