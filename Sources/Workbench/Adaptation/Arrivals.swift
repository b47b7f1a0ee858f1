import TrawlCore
import TrawlEngine
import TrawlEvaluation

/// The documents that were added to an index after its generator was trained.
struct Arrivals {
    /// The last document that the generator was trained on.
    let known: DocumentID
    private let documents: Set<DocumentID>

    /// nil if the index does not say what its generator was trained on, if that document was deleted, or if none came after it.
    ///
    /// - Complexity: O(documents).
    init?(_ index: SearchIndex) throws {
        guard let known = index.settings.generative.trainedThrough, try index.documents.contains(known) else {
            return nil
        }
        var documents: Set<DocumentID> = []
        var isKnown = true
        try index.documents.forEachPassageList { number, _ in
            let document = try index.documents.documentID(number)
            if !isKnown { documents.insert(document) }
            if document == known { isKnown = false }
        }
        guard !documents.isEmpty else { return nil }
        (self.known, self.documents) = (known, documents)
    }

    var count: Int { documents.count }

    /// The queries that no new document answers.
    func earlier(_ queries: JudgedQueries) -> [Query] {
        zip(queries.queries, queries.entries).filter { $1.relevant.isDisjoint(with: documents) }.map(\.0)
    }
}
