import Synchronization
import TrawlStore

/// In how many live passages terms occur, remembered: where passages were deleted, it takes postings to know.
final class LiveFrequencies: Sendable {
    private let known = Mutex<[[UInt8]: Int]>([:])
    /// The most terms that are remembered.
    private static let capacity = 50_000

    func frequency(of term: [UInt8], _ count: () throws -> Int) rethrows -> Int {
        if let frequency = known.withLock({ $0[term] }) { return frequency }
        let frequency = try count()
        known.withLock {
            if $0.count >= Self.capacity { $0.removeAll() }
            $0[term] = frequency
        }
        return frequency
    }
}

extension PostingList {
    /// The passages that hold the term and are not deleted.
    /// - Complexity: O(1) in a segment that has lost no passages; else O(postings), or less where few passages were lost.
    func livePassageFrequency(_ deletions: DeletionSet?) throws -> Int {
        guard let dead = deletions?.passages else { return Int(record.passageFrequency) }
        var live = Int(record.passageFrequency)
        guard deadPassageCount < Int(record.passageFrequency) / PostingBlock.capacity else {
            try forEachPosting { passage, _ in
                if dead.contains(Int(passage)) { live -= 1 }
                return true
            }
            return live
        }
        // Fewer passages are dead than the term has blocks: only those are read that may have one.
        var cursor = try PostingCursor(self)
        try dead.forEachMember { passage in
            if try cursor.frequency(of: UInt32(passage)) > 0 { live -= 1 }
        }
        return live
    }
}
