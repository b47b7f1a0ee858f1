import TrawlCore

/// Tokens as the models give them: ids and the bytes of the normalised text that they cover.
struct TokenBuffer {
    private(set) var ids: [TokenID] = []
    private(set) var starts: [Int] = []
    private(set) var ends: [Int] = []
    /// False when nobody asks for offsets of the original text.
    private(set) var isTracking = true

    var count: Int { ids.count }

    mutating func clear(isTracking: Bool) {
        ids.removeAll(keepingCapacity: true)
        starts.removeAll(keepingCapacity: true)
        ends.removeAll(keepingCapacity: true)
        self.isTracking = isTracking
    }

    @inline(__always)
    mutating func append(_ id: TokenID, _ start: Int, _ end: Int) {
        ids.append(id)
        starts.append(start)
        ends.append(end)
    }

    mutating func truncate(to count: Int) {
        ids.removeLast(ids.count - count)
        starts.removeLast(starts.count - count)
        ends.removeLast(ends.count - count)
    }

    /// Replaces the offsets from `first` on by those of the original text.
    mutating func resolve(from first: Int, in text: borrowing AlignedText) {
        guard isTracking else { return }
        for index in first..<ids.count where ends[index] > starts[index] {
            let range = text.original(starts[index], ends[index])
            starts[index] = range.lowerBound
            ends[index] = range.upperBound
        }
    }
}
