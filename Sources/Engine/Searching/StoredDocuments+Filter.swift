import TrawlCore
import TrawlStore
import TrawlVectorIndex

extension StoredDocuments {
    /// The passages of the live documents that meet all `conditions`.
    ///
    /// - Throws: `TrawlError.invalidInput` for a field that no document has.
    /// - Complexity: O(documents); their text is not read.
    func passages(meeting conditions: [DocumentCondition]) throws -> PassageFilter {
        var members = BitSet(bound: segments.reduce(0) { $0 + Int($1.reader.info.passageCount) })
        var unknown = Set(conditions.map(\.field))
        for segment in segments {
            for document in 0..<segment.reader.info.documentCount where !segment.isDead(document: document) {
                let metadata = try segment.metadata(of: document)
                if !unknown.isEmpty { unknown.subtract(metadata.keys) }
                guard conditions.allSatisfy({ $0.isMet(by: metadata) }) else { continue }
                for passage in try segment.passages(of: document) {
                    members.insert(Int(segment.reader.passageBase + passage))
                }
            }
        }
        if let field = conditions.map(\.field).first(where: { unknown.contains($0) }), documentCount > 0 {
            throw TrawlError(
                .invalidInput, "no document has the field '\(field)'",
                remedy: "name a field of the documents' metadata", topic: .metadata)
        }
        return PassageFilter(members)
    }
}
