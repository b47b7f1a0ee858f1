import TrawlStore
import TrawlTokenizers

extension SearchIndex {
    /// What the index holds in 64 hexadecimal digits: SHA-256 over its recipe and settings, what was fitted to it, which shard it
    /// is, the digests of its models and the checksums of all that is stored. Two builds of the same corpus by the same recipe have the same.
    ///
    /// - Complexity: one page for each mebibyte of the index; a second for a hundred gigabytes that are not in memory.
    public func digest() throws -> String { try once("digest", makeDigest) }

    private func makeDigest() throws -> String {
        var hash = SHA256()
        func add(_ text: String) {
            Array((text + "\n").utf8).withUnsafeBufferPointer { hash.update($0) }
        }
        add(try RecipeFile(recipe, settings: settings).yaml(parts: knownParts))
        for (key, digest) in fingerprints.sorted(by: { $0.key < $1.key }) { add(key + " " + digest) }
        for name in Self.fittedNames + [ShardRecord.metadataName] {
            guard let bytes = try snapshot.metadata(name) else { continue }
            add(name)
            bytes.withUnsafeBufferPointer { hash.update($0) }
        }
        for segment in snapshot.segments {
            for reader in [segment] + (segment.deletionReader.map { [$0] } ?? []) {
                for checksum in try reader.storedChecksums() { add(String(checksum, radix: 16)) }
            }
        }
        return hash.digest()
    }

    /// The models that the parts of the index were built with, by what they are used for, and their digests.
    public var builtWith: [(role: String, digest: String)] {
        fingerprints.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }
}
