import TrawlCore

/// What a part was built with: another model or tokenizer would give answers that mean nothing.
public struct Fingerprint: Sendable {
    /// The name under which the index stores it, such as `embedder`.
    public let key: String
    /// The name in messages, such as `embedding model`.
    public let title: String
    public let digest: String

    public init(key: String, title: String, digest: String) {
        self.key = key
        self.title = title
        self.digest = digest
    }
}

/// The digests of the models that an index was built with, by their keys.
typealias Fingerprints = [String: String]

extension Fingerprint {
    /// - Throws: `TrawlError.incompatible` when the index at `path` was built with another.
    func require(in built: Fingerprints, path: String) throws {
        guard built[key] == digest else {
            throw TrawlError(
                .incompatible,
                "the index was built with another \(title) (\(built[key]?.prefix(12) ?? "none"), here is \(digest.prefix(12)))",
                path: path, remedy: "bring back the \(title), or build the index again")
        }
    }
}
