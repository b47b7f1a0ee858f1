import TrawlCore

/// A vocabulary: byte strings with ids, found both ways without making a `String`.
///
/// All byte strings lie end to end in one array; an open-addressed table of ids, probed linearly, finds them by hash.
struct ByteTable: Sendable {
    private(set) var bytes: [UInt8] = []
    /// Where the token of each id starts in `bytes`; `UInt32.max` where no token has the id.
    private var starts: [UInt32] = []
    private var lengths: [UInt32] = []
    /// Id + 1, or 0 for a free slot.
    private var slots: [UInt32] = []
    private var mask = 0
    private(set) var count = 0
    private(set) var longest = 0

    /// One above the greatest id.
    var idLimit: Int { starts.count }

    /// The greatest id that a tokenizer may use: sixteen million, eighty times the largest vocabulary known.
    static let greatestID = 1 << 24

    init(capacity: Int = 0) {
        var size = 16
        while size < capacity * 2 { size *= 2 }
        slots = [UInt32](repeating: 0, count: size)
        mask = size - 1
    }

    /// Adds a token; the ids must be checked against `greatestID` before.
    /// - Returns: false when the token or the id is there already; nothing is changed then.
    mutating func insert(_ token: UnsafeBufferPointer<UInt8>, id: TokenID) -> Bool {
        let index = Int(id)
        if index < starts.count, starts[index] != .max { return false }
        if (count + 1) * 2 > slots.count { grow() }
        var slot = Int(truncatingIfNeeded: ByteTable.hash(token)) & mask
        while slots[slot] != 0 {
            if matches(slots[slot] - 1, token) { return false }
            slot = (slot + 1) & mask
        }
        while starts.count <= index {
            starts.append(.max)
            lengths.append(0)
        }
        slots[slot] = id + 1
        starts[index] = UInt32(bytes.count)
        lengths[index] = UInt32(token.count)
        bytes.append(contentsOf: token)
        longest = max(longest, token.count)
        count += 1
        return true
    }

    mutating func insert(_ token: String, id: TokenID) -> Bool {
        var token = token
        return token.withUTF8 { insert($0, id: id) }
    }

    private mutating func grow() {
        slots = [UInt32](repeating: 0, count: slots.count * 2)
        mask = slots.count - 1
        for id in 0..<starts.count where starts[id] != .max {
            let hash = withBytes(of: TokenID(id)) { ByteTable.hash($0) } ?? 0
            var slot = Int(truncatingIfNeeded: hash) & mask
            while slots[slot] != 0 { slot = (slot + 1) & mask }
            slots[slot] = TokenID(id) + 1
        }
    }

    static let hashSeed: UInt64 = 0xcbf2_9ce4_8422_2325

    /// FNV-1a; its state after a prefix is the hash of that prefix, which the search for the longest token uses.
    @inline(__always)
    static func step(_ hash: UInt64, _ byte: UInt8) -> UInt64 { (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }

    /// Brings the better mixed high bits down to where the table looks.
    @inline(__always)
    static func finish(_ hash: UInt64) -> UInt64 { hash ^ hash >> 32 }

    @inline(__always)
    static func hash(_ token: UnsafeBufferPointer<UInt8>) -> UInt64 {
        var hash = hashSeed
        for byte in token { hash = step(hash, byte) }
        return finish(hash)
    }

    @inline(__always)
    func find(_ token: UnsafeBufferPointer<UInt8>) -> TokenID? { find(token, hash: ByteTable.hash(token)) }

    /// - Complexity: O(length of the token) on average.
    @inline(__always)
    func find(_ token: UnsafeBufferPointer<UInt8>, hash: UInt64) -> TokenID? {
        var slot = Int(truncatingIfNeeded: hash) & mask
        while true {
            let entry = slots[slot]
            if entry == 0 { return nil }
            if matches(entry - 1, token) { return entry - 1 }
            slot = (slot + 1) & mask
        }
    }

    func find(_ token: String) -> TokenID? {
        var token = token
        return token.withUTF8 { find($0) }
    }

    @inline(__always)
    private func matches(_ id: TokenID, _ token: UnsafeBufferPointer<UInt8>) -> Bool {
        guard Int(lengths[Int(id)]) == token.count else { return false }
        let start = Int(starts[Int(id)])
        return bytes.withUnsafeBufferPointer { stored in
            for index in 0..<token.count where stored[start + index] != token[index] { return false }
            return true
        }
    }

    func withBytes<R>(of id: TokenID, _ body: (UnsafeBufferPointer<UInt8>) throws -> R) rethrows -> R? {
        guard Int(id) < starts.count, starts[Int(id)] != .max else { return nil }
        let start = Int(starts[Int(id)])
        return try bytes.withUnsafeBufferPointer {
            try body(.init(rebasing: $0[start..<(start + Int(lengths[Int(id)]))]))
        }
    }

    func string(_ id: TokenID) -> String? { withBytes(of: id) { String(decoding: $0, as: UTF8.self) } }
}
