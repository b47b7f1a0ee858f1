import TrawlCore
import TrawlStore

/// Reads the postings of one term in the order of passages, a block at a time; blocks that nobody asks for are not read.
///
/// A term without blocks is read as a whole, and is one block. What is asked for must not move back.
struct PostingCursor: ~Copyable {
    private let list: PostingList
    private let blockCount: Int
    /// The block that was reached: none before it holds a passage that can still be asked for.
    private var block = 0
    private var last: UInt32 = 0
    /// The postings that were read last, of block `decoded`, and the first of them that was not passed over.
    private var decoded = -1
    private var count = 0
    private var next = 0
    private var hasFrequencies = false
    private let passages: UnsafeMutablePointer<UInt32>
    private let frequencies: UnsafeMutablePointer<UInt32>
    /// The bound that was computed last, for its block.
    private var bounded = (block: -1, bound: Float(0))

    /// - Throws: `corrupted` for damaged postings.
    init(_ list: PostingList) throws {
        self.list = list
        let isWhole = list.blockCount == 0
        blockCount = isWhole ? min(1, Int(list.record.passageFrequency)) : list.blockCount
        let capacity = isWhole ? Int(list.record.passageFrequency) : PostingBlock.capacity
        passages = .allocate(capacity: max(1, capacity))
        frequencies = .allocate(capacity: max(1, capacity))
        guard isWhole else {
            last = list.block(0).last
            return
        }
        try list.forEachPosting { passage, frequency in
            passages[count] = passage
            frequencies[count] = frequency
            count += 1
            return true
        }
        (decoded, hasFrequencies) = (0, true)
        last = count > 0 ? passages[count - 1] : 0
    }

    deinit {
        passages.deallocate()
        frequencies.deallocate()
    }

    /// Moves to the first block with a passage from `passage` on; false if there is none.
    @inline(__always)
    private mutating func reach(_ passage: UInt32) -> Bool {
        guard block < blockCount else { return false }
        if last >= passage { return true }
        block = Self.first(after: block, below: blockCount) { list.block($0).last >= passage }
        guard block < blockCount else { return false }
        last = blockCount == 1 ? last : list.block(block).last
        return true
    }

    private mutating func decode() throws {
        guard decoded != block else { return }
        let before = count > 0 ? passages[count - 1] : nil
        count = try list.readPassages(block, into: passages)
        // What is read must ascend whatever the descriptions of blocks that were not read say.
        if let before, passages[0] <= before { throw list.damagedBlocks() }
        (decoded, hasFrequencies) = (block, false)
        next = 0
    }

    private mutating func decodeFrequencies() throws {
        guard !hasFrequencies else { return }
        try list.readFrequencies(decoded, into: frequencies)
        hasFrequencies = true
    }

    /// Moves to the first posting from `passage` on in the block that was decoded.
    @inline(__always)
    private mutating func skip(to passage: UInt32) {
        guard next < count, passages[next] < passage else { return }
        next = Self.first(after: next, below: count) { passages[$0] >= passage }
    }

    /// The first number after `low` and below `end` that `isReached`, as all after it are; `end` if there is none.
    ///
    /// Steps that double, then halve, for it is mostly near.
    @inline(__always)
    private static func first(after low: Int, below end: Int, where isReached: (Int) -> Bool) -> Int {
        var (low, step) = (low, 1)
        while low + step < end, !isReached(low + step) {
            low += step
            step *= 2
        }
        var high = min(low + step, end)
        while low + 1 < high {
            let middle = (low + high) / 2
            if isReached(middle) { high = middle } else { low = middle }
        }
        return high
    }

    /// How often the term occurs in `passage`.
    mutating func frequency(of passage: UInt32) throws -> UInt32 {
        guard reach(passage) else { return 0 }
        try decode()
        skip(to: passage)
        guard next < count, passages[next] == passage else { return 0 }
        try decodeFrequencies()
        return frequencies[next]
    }

    /// The score that the term exceeds in no passage of `window`, and the last passage up to which that is so.
    mutating func bound(in window: PassageWindow, _ scorer: BM25Scorer, weight: Float) -> (bound: Float, reach: UInt32)
    {
        guard reach(window.start) else { return (0, .max) }
        if list.blockCount == 0 {
            skip(to: window.start)
            // Of many postings the weight is bound enough: to score them here takes as long as to add them.
            if count > PostingBlock.capacity {
                guard next < count else { return (0, .max) }
                return passages[next] < window.end ? (weight, window.end - 1) : (0, passages[next] - 1)
            }
            var (bound, index) = (Float(0), next)
            while index < count, passages[index] < window.end {
                bound = max(bound, scorer.score(weight: weight, frequencies[index], window.length(of: passages[index])))
                index += 1
            }
            return (bound, index < count ? passages[index] - 1 : .max)
        }
        if decoded == block {
            skip(to: window.start)
            if next < count, passages[next] >= window.end { return (0, passages[next] - 1) }
        }
        if bounded.block != block { bounded = (block, list.block(block).bound(scorer, weight: weight)) }
        var (bound, number, end) = (bounded.bound, block, last)
        while end < window.end - 1, number + 1 < blockCount {
            number += 1
            let description = list.block(number)
            bounded = (number, description.bound(scorer, weight: weight))
            bound = max(bound, bounded.bound)
            end = description.last
        }
        return (bound, number + 1 < blockCount ? end : .max)
    }

    /// Adds the scores of the passages of `window` to `sums`, which begin with that of its first passage.
    ///
    /// - Parameter floor: blocks that have no score above it are left out.
    /// - Parameter parts: gets the scores too.
    mutating func add(
        _ window: PassageWindow, _ scorer: BM25Scorer, weight: Float, above floor: Float,
        to sums: UnsafeMutablePointer<Float>, keeping parts: inout TermScores
    ) throws {
        while reach(window.start) {
            if decoded != block, floor > 0, list.block(block).bound(scorer, weight: weight) <= floor {
                guard last < window.end - 1, block + 1 < blockCount else { return }
                block += 1
                last = list.block(block).last
                continue
            }
            try decode()
            skip(to: window.start)
            if next < count, passages[next] < window.end { try decodeFrequencies() }
            var index = next
            while index < count, passages[index] < window.end {
                let offset = passages[index] - window.start
                let score = scorer.score(weight: weight, frequencies[index], window.lengths[Int(offset)])
                sums[Int(offset)] += score
                parts.append(offset, score)
                index += 1
            }
            next = index
            guard index == count, block + 1 < blockCount else { return }
            block += 1
            last = list.block(block).last
            if passages[count - 1] >= window.end - 1 { return }
        }
    }
}
