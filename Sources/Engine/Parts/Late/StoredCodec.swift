import TrawlCore
import TrawlEmbeddings
import TrawlLateIndex
import TrawlStore

/// How an index stores the codec of its token vectors: once, beside the segments. It is made of the first documents, and what is
/// added later is compressed by it too.
enum StoredCodec {
    static let metadataName = "late"

    /// That of an index; nil for one without documents yet.
    ///
    /// - Throws: `TrawlError.corrupted`.
    static func read(_ snapshot: Snapshot) throws -> TokenCodec? {
        guard let bytes = try snapshot.metadata(metadataName) else { return nil }
        let built = try snapshot.metadata(SearchIndex.fingerprintsName, as: Fingerprints.self)?[key] ?? ""
        if let dash = built.lastIndex(of: "-"), built[built.index(after: dash)...] != Substring(checksum(bytes)) {
            throw TrawlError(
                .corrupted, "the codec of the token vectors is damaged: its checksum differs", path: snapshot.path,
                remedy: "save what is intact", topic: .damage)
        }
        return try TokenCodec(encoded: bytes, path: snapshot.path)
    }

    private static func checksum(_ bytes: [UInt8]) -> String {
        String(bytes.withUnsafeBytes { crc32($0) }, radix: 16)
    }

    /// What an index must have been built with: the model, and with it the codec, once there is one.
    static func fingerprint(_ embedder: TokenEmbedder, _ codec: TokenCodec?) -> Fingerprint {
        fingerprint(digest: embedder.digest + (codec.map { "-" + checksum($0.encoded) } ?? ""))
    }

    /// - Throws: `TrawlError.incompatible` when the index at `path` was built with another model.
    static func require(_ embedder: TokenEmbedder, in built: Fingerprints, path: String) throws {
        let stored = built[key] ?? ""
        try fingerprint(digest: stored.hasPrefix(embedder.digest) ? stored : embedder.digest).require(
            in: built, path: path)
    }

    private static let key = "late"

    private static func fingerprint(digest: String) -> Fingerprint {
        Fingerprint(key: key, title: "model of token vectors", digest: digest)
    }
}

extension TokenVectors {
    /// Those of each text.
    var split: [TokenVectors] {
        var start = 0
        return counts.map { count in
            defer { start += count }
            return TokenVectors(
                dimension: dimension, values: Array(values[start * dimension..<(start + count) * dimension]),
                counts: [count])
        }
    }
}
