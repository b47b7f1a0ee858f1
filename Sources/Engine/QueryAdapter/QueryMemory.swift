public import TrawlCore
import TrawlTensors

/// Judged queries that an index remembers: what answered one of them is raised for queries like it.
///
/// The score of a document rises by
///
///     weight * max over remembered queries of share * (cosine - threshold)
///
/// where `cosine` is that of the two queries and `share` says how relevant the document was. A document that answered no
/// remembered query keeps its score, so that new documents lose nothing but places to those that are raised.
public struct QueryMemory: Equatable, Sendable {
    /// A query with the documents that answered it.
    public struct Entry: Codable, Equatable, Sendable {
        public let text: String
        public let documents: [DocumentID]
        /// For each document its grade as a share of the query's highest, in (0, 1].
        public let shares: [Float]

        public init(text: String, documents: [DocumentID], shares: [Float]) {
            precondition(documents.count == shares.count)
            (self.text, self.documents, self.shares) = (text, documents, shares)
        }
    }

    public let dimension: Int
    public let entries: [Entry]
    /// The embeddings of the queries' texts, of length 1: `[entries, dimension]`.
    let vectors: [Float]
    public let weight: Float
    /// The cosine above which a query is like a remembered one.
    public let threshold: Float

    /// - Parameter vectors: `[entries, dimension]`, each of length 1.
    public init(_ entries: [Entry], vectors: [Float], dimension: Int, weight: Float, threshold: Float) {
        precondition(vectors.count == entries.count * dimension)
        (self.entries, self.vectors, self.dimension) = (entries, vectors, dimension)
        (self.weight, self.threshold) = (weight, threshold)
    }

    /// The highest score that a passage can have: that of the same vector and the same query.
    var highestScore: Float { 1 + weight * (1 - threshold) }

    /// What a remembered query adds to the score of a document.
    public struct Recollection: Equatable, Sendable {
        /// The position of the query among the entries.
        public let entry: Int
        public let added: Float
        public let cosine: Float
    }

    /// What each document that answered a similar query gets.
    ///
    /// - Parameter query: its own vector, before any adapter: `[dimension]`, of length 1.
    /// - Complexity: O(entries x dimension).
    public func recollections(of query: [Float]) -> [DocumentID: Recollection] {
        precondition(query.count == dimension)
        var found: [DocumentID: Recollection] = [:]
        vectors.withUnsafeBufferPointer { vectors in
            query.withUnsafeBufferPointer { query in
                guard let vectors = vectors.baseAddress, let query = query.baseAddress else { return }
                for (number, entry) in entries.enumerated() {
                    let cosine = Kernels.dot(vectors + number * dimension, query, dimension)
                    guard cosine > threshold else { continue }
                    for (document, share) in zip(entry.documents, entry.shares) {
                        let added = weight * share * (cosine - threshold)
                        if added > found[document]?.added ?? 0 {
                            found[document] = Recollection(entry: number, added: added, cosine: cosine)
                        }
                    }
                }
            }
        }
        return found
    }
}
