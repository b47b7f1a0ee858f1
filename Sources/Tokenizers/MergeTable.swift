import TrawlCore

/// Which pairs of tokens merge, in what order, to what: an open-addressed table.
struct MergeTable: Sendable {
    private struct Slot {
        var key: UInt64
        var rank: UInt32
        var token: TokenID
    }
    private var slots: [Slot]
    private var mask: Int
    private static let free = UInt64.max

    init(capacity: Int) {
        var size = 16
        while size < capacity * 2 { size *= 2 }
        slots = [Slot](repeating: Slot(key: MergeTable.free, rank: 0, token: 0), count: size)
        mask = size - 1
    }

    @inline(__always)
    private static func key(_ left: TokenID, _ right: TokenID) -> UInt64 { UInt64(left) << 32 | UInt64(right) }

    @inline(__always)
    private func slot(_ key: UInt64) -> Int {
        var index = Int(truncatingIfNeeded: (key &* 0x9e37_79b9_7f4a_7c15) >> 24) & mask
        while slots[index].key != key, slots[index].key != MergeTable.free { index = (index + 1) & mask }
        return index
    }

    /// The last of two merges of the same pair wins. At most the capacity given may be inserted.
    mutating func insert(_ left: TokenID, _ right: TokenID, rank: UInt32, token: TokenID) {
        let key = MergeTable.key(left, right)
        slots[slot(key)] = Slot(key: key, rank: rank, token: token)
    }

    @inline(__always)
    func find(_ left: TokenID, _ right: TokenID) -> (rank: UInt32, token: TokenID)? {
        let found = slots[slot(MergeTable.key(left, right))]
        return found.key == MergeTable.free ? nil : (found.rank, found.token)
    }
}

/// The symbols of one word while they are merged: a doubly linked list in arrays, kept from word to word.
struct MergeWork {
    private struct Symbol {
        var id: TokenID
        var length: Int32
        var previous: Int32
        var next: Int32
        /// Rank and result of the merge with `next`; `UInt32.max` when there is none.
        var rank: UInt32
        var merged: TokenID
    }
    private struct Candidate {
        var rank: UInt32
        var position: Int32
        var merged: TokenID
        var precedence: UInt64 { UInt64(rank) << 32 | UInt64(UInt32(bitPattern: position)) }
    }
    private var symbols: [Symbol] = []
    private var heap: [Candidate] = []

    /// Words up to this many symbols are merged by scanning for the least rank, which beats a heap while it fits a line.
    private static let longestScan = 32

    mutating func clear() { symbols.removeAll(keepingCapacity: true) }

    @inline(__always)
    mutating func append(_ id: TokenID, _ length: Int) {
        let index = Int32(truncatingIfNeeded: symbols.count)
        symbols.append(
            Symbol(
                id: id, length: Int32(truncatingIfNeeded: length), previous: index - 1, next: index + 1, rank: .max,
                merged: 0))
    }

    /// - Complexity: O(n^2) up to 32 symbols, O(n log n) above.
    mutating func merge(_ merges: MergeTable) {
        guard symbols.count > 1 else { return }
        symbols[symbols.count - 1].next = -1
        for index in 0..<(symbols.count - 1) { look(index, merges) }
        if symbols.count <= MergeWork.longestScan { scan(merges) } else { queue(merges) }
    }

    mutating func visit(_ body: (TokenID, Int) -> Void) {
        var index = symbols.isEmpty ? -1 : 0
        if symbols.count == 1 { symbols[0].next = -1 }
        while index >= 0 {
            body(symbols[index].id, Int(symbols[index].length))
            index = Int(symbols[index].next)
        }
    }

    @inline(__always)
    private mutating func look(_ index: Int, _ merges: MergeTable) {
        let next = Int(symbols[index].next)
        if next >= 0, let found = merges.find(symbols[index].id, symbols[next].id) {
            symbols[index].rank = found.rank
            symbols[index].merged = found.token
        } else {
            symbols[index].rank = .max
        }
    }

    /// Joins the symbol with its neighbour to the right, which leaves the list.
    @inline(__always)
    private mutating func join(_ index: Int, _ merges: MergeTable) {
        let right = Int(symbols[index].next)
        symbols[index].id = symbols[index].merged
        symbols[index].length &+= symbols[right].length
        symbols[index].next = symbols[right].next
        symbols[right].length = 0
        if symbols[index].next >= 0 { symbols[Int(symbols[index].next)].previous = Int32(index) }
        look(index, merges)
        if symbols[index].previous >= 0 { look(Int(symbols[index].previous), merges) }
    }

    private mutating func scan(_ merges: MergeTable) {
        while true {
            var best = -1
            var least = UInt32.max
            var index = 0
            while index >= 0 {
                if symbols[index].rank < least {
                    least = symbols[index].rank
                    best = index
                }
                index = Int(symbols[index].next)
            }
            if best < 0 { return }
            join(best, merges)
        }
    }

    private mutating func queue(_ merges: MergeTable) {
        heap.removeAll(keepingCapacity: true)
        for index in 0..<symbols.count { push(index) }
        while let top = heap.first {
            let last = heap.removeLast()
            if !heap.isEmpty {
                heap[0] = last
                siftDown()
            }
            let index = Int(top.position)
            // Entries of symbols that have changed since are stale.
            guard symbols[index].length > 0, symbols[index].rank == top.rank, symbols[index].merged == top.merged
            else { continue }
            join(index, merges)
            push(index)
            if symbols[index].previous >= 0 { push(Int(symbols[index].previous)) }
        }
    }

    private mutating func push(_ index: Int) {
        guard symbols[index].rank != .max else { return }
        heap.append(
            Candidate(
                rank: symbols[index].rank, position: Int32(truncatingIfNeeded: index), merged: symbols[index].merged))
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard heap[child].precedence < heap[parent].precedence else { return }
            heap.swapAt(child, parent)
            child = parent
        }
    }

    private mutating func siftDown() {
        var parent = 0
        while true {
            var least = parent
            let left = 2 * parent + 1
            if left < heap.count, heap[left].precedence < heap[least].precedence { least = left }
            if left + 1 < heap.count, heap[left + 1].precedence < heap[least].precedence { least = left + 1 }
            if least == parent { return }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}
