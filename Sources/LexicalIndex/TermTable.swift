/// Numbers terms from 0 in the order of their first mention: a hash table with linear probing over one run of bytes.
struct TermTable {
    private var bytes: [UInt8] = []
    /// Where term n starts; one more entry than there are terms.
    private var starts: [Int] = [0]
    /// The number of a term plus 1, 0 for a free slot; a power of two of them.
    private var slots = [UInt32](repeating: 0, count: 1024)

    var count: Int { starts.count - 1 }

    func term(_ number: Int) -> ArraySlice<UInt8> { bytes[starts[number]..<starts[number + 1]] }

    func contains(_ term: UnsafeBufferPointer<UInt8>) -> Bool { slots[slot(of: term)] != 0 }

    /// The number of `term`, which is new if it equals the former `count`.
    mutating func insert(_ term: UnsafeBufferPointer<UInt8>) -> Int {
        let slot = slot(of: term)
        if slots[slot] != 0 { return Int(slots[slot]) - 1 }
        bytes.append(contentsOf: term)
        starts.append(bytes.count)
        slots[slot] = UInt32(count)
        if count * 2 > slots.count { grow() }
        return count - 1
    }

    /// The numbers of all terms in the order of their bytes.
    func sorted() -> [Int] {
        bytes.withUnsafeBufferPointer { bytes in
            (0..<count).sorted { a, b in
                bytes[starts[a]..<starts[a + 1]].lexicographicallyPrecedes(bytes[starts[b]..<starts[b + 1]])
            }
        }
    }

    /// The slot that holds `term` or, if none does, the free one where it belongs.
    private func slot(of term: UnsafeBufferPointer<UInt8>) -> Int {
        let mask = slots.count - 1
        var slot = Self.hash(term) & mask
        while slots[slot] != 0, !equals(Int(slots[slot]) - 1, term) { slot = (slot + 1) & mask }
        return slot
    }

    private func equals(_ number: Int, _ term: UnsafeBufferPointer<UInt8>) -> Bool {
        let start = starts[number]
        guard starts[number + 1] - start == term.count else { return false }
        for position in 0..<term.count where bytes[start + position] != term[position] { return false }
        return true
    }

    private mutating func grow() {
        slots = [UInt32](repeating: 0, count: slots.count * 2)
        let mask = slots.count - 1
        for number in 0..<count {
            var slot = term(number).withUnsafeBufferPointer { Self.hash($0) } & mask
            while slots[slot] != 0 { slot = (slot + 1) & mask }
            slots[slot] = UInt32(number + 1)
        }
    }

    /// Fowler, Noll and Vo's hash (FNV-1a), with its high bits mixed in.
    private static func hash(_ term: UnsafeBufferPointer<UInt8>) -> Int {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in term { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return Int(truncatingIfNeeded: (hash ^ hash >> 29) & 0x7FFF_FFFF_FFFF_FFFF)
    }
}
