public import TrawlCore

/// Which shard a document belongs to, by a hash of its id that never changes: indexes that exist were divided by it.
///
/// The hash is FNV-1a over the bytes of the id in UTF-8, in 64 bits, and then the finalizer of MurmurHash3 (`fmix64`), which
/// spreads it over all bits. Shard numbers are the upper half of the product with the number of shards:
///
/// ```
/// "doc-1": hash 0x4874a7cf46898a5e; times 8, shifted right by 64 bits: 2, so it belongs to shard 2 of 8
/// ```
public enum ShardAssignment {
    /// The version of the hash, which indexes and manifests state.
    public static let version = 1

    /// The hash of an id.
    public static func hash(_ id: DocumentID) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in id.rawValue.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        hash = (hash ^ hash >> 33) &* 0xff51_afd7_ed55_8ccd
        hash = (hash ^ hash >> 33) &* 0xc4ce_b9fe_1a85_ec53
        return hash ^ hash >> 33
    }

    /// The number of the shard, from 0, that a document belongs to.
    ///
    /// - Precondition: `count` is positive.
    public static func shard(of id: DocumentID, count: Int) -> Int {
        precondition(count > 0, "there must be a shard")
        return Int(hash(id).multipliedFullWidth(by: UInt64(count)).high)
    }
}
