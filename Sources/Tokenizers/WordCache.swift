import TrawlCore

/// Remembers how words were cut into tokens. Direct-mapped: a word that falls on another's slot replaces it.
struct WordCache {
    private struct Slot {
        var word: UInt32 = 0
        var tokens: UInt32 = 0
        var wordLength: UInt8 = 0
        var tokenCount: UInt8 = 0
    }
    private var slots: [Slot] = []
    private var bytes: [UInt8] = []
    private var tokens: [(id: TokenID, length: UInt8)] = []
    private static let size = 1 << 15
    /// When this many bytes are kept, all is forgotten.
    private static let limit = 1 << 20

    /// Appends the tokens of a word that starts at `base` to `output`; false when they are not known.
    @inline(__always)
    func find(_ word: UnsafeBufferPointer<UInt8>, _ hash: UInt64, base: Int, into output: inout TokenBuffer) -> Bool {
        if slots.isEmpty { return false }
        let slot = slots[Int(truncatingIfNeeded: hash) & (WordCache.size - 1)]
        guard slot.tokenCount > 0, Int(slot.wordLength) == word.count else { return false }
        for index in 0..<word.count where bytes[Int(slot.word) + index] != word[index] { return false }
        var start = base
        for index in Int(slot.tokens)..<(Int(slot.tokens) + Int(slot.tokenCount)) {
            let token = tokens[index]
            output.append(token.id, start, start + Int(token.length))
            start += Int(token.length)
        }
        return true
    }

    /// Remembers the tokens of `output` from `first` on. Words have at most 255 bytes.
    mutating func insert(
        _ word: UnsafeBufferPointer<UInt8>, _ hash: UInt64, tokens output: TokenBuffer, from first: Int
    ) {
        guard output.count > first else { return }
        if slots.isEmpty { slots = [Slot](repeating: Slot(), count: WordCache.size) }
        if bytes.count > WordCache.limit {
            for index in slots.indices { slots[index].tokenCount = 0 }
            bytes.removeAll(keepingCapacity: true)
            tokens.removeAll(keepingCapacity: true)
        }
        slots[Int(truncatingIfNeeded: hash) & (WordCache.size - 1)] = Slot(
            word: UInt32(bytes.count), tokens: UInt32(tokens.count), wordLength: UInt8(truncatingIfNeeded: word.count),
            tokenCount: UInt8(truncatingIfNeeded: output.count - first))
        bytes.append(contentsOf: word)
        for index in first..<output.count {
            let length = output.ends[index] - output.starts[index]
            tokens.append((output.ids[index], UInt8(truncatingIfNeeded: length)))
        }
    }
}
