/// What rerankers say of how they read the passages of many queries, as one message.
package struct RerankNotes {
    private var queryCount = 0
    private var first: String?

    package init() {}

    /// Adds what they say of a query.
    package mutating func add(_ notes: [String]) {
        guard let note = notes.first else { return }
        queryCount += 1
        first = first ?? note
    }

    /// nil where they say nothing.
    ///
    /// - Parameter queries: How many there are in all.
    package func message(of queries: Int) -> String? {
        first.map { "rerankers report something for \(queryCount) of \(queries) queries; the first: \($0)" }
    }
}
