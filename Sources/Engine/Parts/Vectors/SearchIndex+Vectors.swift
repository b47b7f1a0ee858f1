public import TrawlCore
public import TrawlEmbeddings
import TrawlVectorIndex

extension SearchIndex {
    /// The stored vectors of passages, if the index was built with `embedder`: `[passages, dimension]`, row-major; else nil.
    ///
    /// - Throws: `TrawlError` for passages that the index does not have.
    public func storedVectors(of passages: [PassageID], by embedder: TextEmbedder) throws -> [Float]? {
        guard fingerprints[embedder.fingerprint.key] == embedder.digest else { return nil }
        let searcher = try open(VectorsPart())
        return try passages.flatMap { try searcher.vector(of: $0) }
    }
}
