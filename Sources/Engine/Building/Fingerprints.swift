import TrawlCore

/// The digests of the models that an index was built with. Another model would give answers that mean nothing.
struct Fingerprints: Codable, Equatable, Sendable {
    /// The digest of the embedding model and the tokenizer that it brings.
    var embedder: String?
    /// The digest of the tokenizer whose tokens the substring index holds. Any language model over the same vocabulary
    /// can search it.
    var tokenizer: String?

    /// - Throws: `TrawlError.incompatible` when `other` was built with other models.
    func requireSame(_ other: Fingerprints, path: String) throws {
        try Self.requireSame(embedder, other.embedder, "embedding model", path: path)
        try Self.requireSame(tokenizer, other.tokenizer, "tokenizer", path: path)
    }

    static func requireSame(_ built: String?, _ found: String?, _ what: String, path: String) throws {
        guard built == found else {
            throw TrawlError(
                .incompatible,
                "the index was built with another \(what) (\(built?.prefix(12) ?? "none"), here is \(found?.prefix(12) ?? "none"))",
                path: path, remedy: "bring back the \(what), or build the index again")
        }
    }
}
