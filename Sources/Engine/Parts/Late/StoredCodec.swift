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
        try snapshot.metadata(metadataName).map { try TokenCodec(encoded: $0, path: snapshot.path) }
    }

    /// What an index must have been built with: the model, and with it the codec, once there is one.
    static func fingerprint(_ embedder: TokenEmbedder, _ codec: TokenCodec?) -> Fingerprint {
        let checksum = codec.map { $0.encoded.withUnsafeBytes { crc32($0) } }
        return fingerprint(digest: embedder.digest + (checksum.map { "-" + String($0, radix: 16) } ?? ""))
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
