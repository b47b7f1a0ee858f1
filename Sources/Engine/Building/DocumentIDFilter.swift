import TrawlCore

/// Which ids were probably given: a Bloom filter in blocks, so that a question reads one cache line (Putze, Sanders and Singler,
/// "Cache-, Hash- and Space-Efficient Bloom Filters", 2007).
///
/// It spares a build of millions of documents a search of all earlier segments for each id, and keeps their pages out of
/// memory. Of new ids it takes about one in a hundred for a given one; a given one it always knows.
struct DocumentIDFilter {
    private static let bitsPerID = 12
    /// A block has eight words of 32 bits, and an id sets one bit in each.
    private var words: [UInt32]
    private let blocks: Int

    init(_ ids: some Collection<DocumentID>) {
        blocks = max(1, ids.count * Self.bitsPerID / 256)
        words = [UInt32](repeating: 0, count: blocks * 8)
        for id in ids {
            let hash = UInt(bitPattern: id.hashValue)
            let start = start(hash)
            for word in 0..<8 { words[start + word] |= Self.bit(hash, word) }
        }
    }

    func mayContain(_ id: DocumentID) -> Bool {
        let hash = UInt(bitPattern: id.hashValue)
        let start = start(hash)
        for word in 0..<8 where words[start + word] & Self.bit(hash, word) == 0 { return false }
        return true
    }

    /// The block's first word, by the upper 24 bits of the hash.
    private func start(_ hash: UInt) -> Int { ((Int(hash >> 40) * blocks) >> 24) * 8 }

    /// The bit in a word of the block, by five of the lower 40 bits of the hash.
    private static func bit(_ hash: UInt, _ word: Int) -> UInt32 {
        1 << UInt32(truncatingIfNeeded: hash >> (word * 5) & 31)
    }
}
