import TrawlCore
import TrawlStore

/// Finds the best passages of one segment for weighed terms, reading only postings that can matter.
///
/// MaxScore (Turtle and Flood, 1995) over windows of passages, with the bounds of blocks: in a window, terms that together
/// cannot lift a passage over the worst of the best found so far are looked up only for passages that the others bring near.
/// The result is that of adding the scores of all postings in the order of the terms, bit for bit.
struct SegmentSearch: ~Copyable {
    /// More than what rounding adds to a sum of scores.
    private static let slack: Float = 1.00002
    /// The share of a window's passages from which on all its sums are read, rather than those of known postings.
    private static let dense = 8
    /// The postings that are added in the time that it takes to look up one.
    private static let lookUp = 8

    private let segment: LexicalSearcher.Segment
    private let scorer: BM25Scorer
    private let allows: ((PassageID) -> Bool)?
    /// The terms that the segment has, in the order of the query.
    private let terms: UnsafeMutableBufferPointer<Term>
    /// The terms in ascending order of their bounds in the window, and the sums of the bounds up to each.
    private var order: [Int]
    private var bounds: [Float]
    private let canSkip: Bool
    /// The sums of scores of a window; 0 between windows.
    private let sums: UnsafeMutablePointer<Float>

    private struct Term: ~Copyable {
        let weight: Float
        var cursor: PostingCursor
        var scores: TermScores
        let passageFrequency: UInt32
        var bound: Float = 0
        /// Whether all its postings in the window are read.
        var isEssential = true
    }

    /// - Throws: `corrupted` for damaged postings.
    init(
        _ segment: LexicalSearcher.Segment, _ terms: [WeightedTerm], _ scorer: BM25Scorer,
        allows: ((PassageID) -> Bool)?
    ) throws {
        var lists: [(weight: Float, list: PostingList)] = []
        for term in terms {
            if let list = try segment.postings(of: term.bytes) { lists.append((term.weight, list)) }
        }
        self.terms = try Self.opened(lists)
        (self.segment, self.scorer, self.allows) = (segment, scorer, allows)
        order = Array(lists.indices)
        bounds = [Float](repeating: 0, count: lists.count)
        canSkip = lists.allSatisfy { 0..<1e6 ~= $0.weight } && scorer.base >= 0 && scorer.perTerm >= 0
        sums = .allocate(capacity: PassageWindow.capacity)
        sums.initialize(repeating: 0, count: PassageWindow.capacity)
    }

    private static func opened(_ lists: [(weight: Float, list: PostingList)]) throws -> UnsafeMutableBufferPointer<Term>
    {
        let terms = UnsafeMutableBufferPointer<Term>.allocate(capacity: lists.count)
        var opened = 0
        do {
            for (weight, list) in lists {
                let most = min(PassageWindow.capacity, Int(list.record.passageFrequency))
                terms.initializeElement(
                    at: opened,
                    to: Term(
                        weight: weight, cursor: try PostingCursor(list), scores: TermScores(capacity: most),
                        passageFrequency: list.record.passageFrequency))
                opened += 1
            }
        } catch {
            terms.extracting(..<opened).deinitialize()
            terms.deallocate()
            throw error
        }
        return terms
    }

    deinit {
        terms.deinitialize()
        terms.deallocate()
        sums.deallocate()
    }

    /// Offers the passages of the segment to `top`.
    mutating func run(_ top: inout TopPassages) throws {
        guard !terms.isEmpty else { return }
        let count = segment.reader.info.passageCount
        let perChunk = UInt32(segment.lengths.chunkBytes / 4)
        var start: UInt32 = 0
        while start < count {
            let end = start + min(count - start, UInt32(PassageWindow.capacity), perChunk - start % perChunk)
            let lengths = segment.lengths.address(of: Int(start) * 4).assumingMemoryBound(to: UInt32.self)
            let window = PassageWindow(start: start, end: end, lengths: lengths)
            start = end
            var optional = 0
            if canSkip, top.threshold > 0 {
                let reach = bound(window)
                while optional < order.count, bounds[optional] <= top.threshold { optional += 1 }
                if optional == order.count {
                    start = max(end, reach == .max ? count : reach + 1)
                    continue
                }
            }
            for position in order.indices { terms[order[position]].isEssential = position >= optional }
            try offer(window, optional: optional, &top)
        }
    }

    /// Bounds the scores of the terms in `window` and puts the terms in order.
    ///
    /// - Returns: the last passage up to which the bounds hold.
    private mutating func bound(_ window: PassageWindow) -> UInt32 {
        var reach = UInt32.max
        for number in terms.indices {
            let (bound, last) = terms[number].cursor.bound(in: window, scorer, weight: terms[number].weight)
            terms[number].bound = bound
            reach = min(reach, last)
        }
        // By insertion: from the last window the order is nearly right.
        for position in order.indices.dropFirst() {
            let number = order[position]
            var place = position
            while place > 0, terms[order[place - 1]].bound > terms[number].bound {
                order[place] = order[place - 1]
                place -= 1
            }
            order[place] = number
        }
        var sum: Float = 0
        for position in order.indices {
            sum += terms[order[position]].bound
            bounds[position] = sum * Self.slack
        }
        return reach
    }

    /// Offers the passages of `window` that have enough of the terms after the first `optional` in order.
    private mutating func offer(_ window: PassageWindow, optional: Int, _ top: inout TopPassages) throws {
        let isOrdered = optional == 0
        var (optional, postings) = (optional, 0)
        // A single essential term must bring a passage near by itself, in each of its blocks.
        let floor = optional + 1 == order.count && canSkip ? least(top.threshold, optional) / Self.slack : 0
        for number in terms.indices where terms[number].isEssential {
            postings += try add(number, window, above: floor)
        }
        guard postings > 0 else { return }
        defer { sums.update(repeating: 0, count: window.count) }
        // Where a term would have to be looked up for more passages than it takes to add it, it is added.
        while optional > 0 {
            let number = order[optional - 1]
            let expected =
                Double(terms[number].passageFrequency) * Double(window.count)
                / Double(segment.reader.info.passageCount)
            guard Double(candidates(window, above: least(top.threshold, optional)) * Self.lookUp) > expected else {
                break
            }
            terms[number].isEssential = true
            postings += try add(number, window, above: 0)
            optional -= 1
        }
        try forEachCandidate(window, postings: postings, above: least(top.threshold, optional)) { offset, sum in
            let (passage, threshold) = (window.start + UInt32(offset), top.threshold)
            if isWanted(passage),
                let score = isOrdered ? sum : try score(offset, window, optional, sum, above: threshold),
                score > threshold
            {
                top.offer(ScoredPassage(PassageID(segment.reader.passageBase + passage), score))
            }
            return least(top.threshold, optional)
        }
    }

    /// What the sum of all terms but `optional` must exceed for a passage to be among the best.
    private func least(_ threshold: Float, _ optional: Int) -> Float {
        optional > 0 ? max(0, threshold / Self.slack - bounds[optional - 1]) : max(0, threshold / Self.slack)
    }

    /// Adds the scores of a term in the window, but for blocks without one above `floor`; returns the number of its postings there.
    private func add(_ number: Int, _ window: PassageWindow, above floor: Float) throws -> Int {
        terms[number].scores.removeAll()
        try terms[number].cursor.add(
            window, scorer, weight: terms[number].weight, above: floor, to: sums, keeping: &terms[number].scores)
        return terms[number].scores.count
    }

    /// How many passages of the window have a sum above `bar`.
    private func candidates(_ window: PassageWindow, above bar: Float) -> Int {
        var counts = SIMD8<Int32>()
        for offset in stride(from: 0, to: PassageWindow.capacity, by: 8) {
            counts.replace(
                with: counts &+ 1, where: UnsafeRawPointer(sums + offset).loadUnaligned(as: SIMD8<Float>.self) .> bar)
        }
        return Int(counts.wrappedSum())
    }

    /// Calls `body` with every offset of the window, in ascending order, whose sum is above a bar, which is what `body` answered last.
    ///
    /// - Parameter postings: of the terms that were added.
    @inline(__always)
    private func forEachCandidate(
        _ window: PassageWindow, postings: Int, above bar: Float, _ body: (_ offset: Int, _ sum: Float) throws -> Float
    ) throws {
        var bar = bar
        guard postings * Self.dense < window.count else {
            for first in stride(from: 0, to: PassageWindow.capacity, by: 8) {
                guard any(UnsafeRawPointer(sums + first).loadUnaligned(as: SIMD8<Float>.self) .> bar) else { continue }
                for offset in first..<first + 8 where sums[offset] > bar { bar = try body(offset, sums[offset]) }
            }
            return
        }
        try withUnsafeTemporaryAllocation(of: UInt64.self, capacity: PassageWindow.capacity / 64) { words in
            words.initialize(repeating: 0)
            for number in terms.indices where terms[number].isEssential {
                for index in 0..<terms[number].scores.count {
                    let offset = terms[number].scores.offsets[index]
                    words[Int(offset >> 6)] |= 1 << UInt64(offset & 63)
                }
            }
            for index in words.indices {
                var word = words[index]
                while word != 0 {
                    let offset = index << 6 + word.trailingZeroBitCount
                    if sums[offset] > bar { bar = try body(offset, sums[offset]) }
                    word &= word - 1
                }
            }
        }
    }

    /// The score of a passage whose essential terms add up to `sum`; nil if it cannot exceed `threshold`.
    private func score(
        _ offset: Int, _ window: PassageWindow, _ optional: Int, _ sum: Float, above threshold: Float
    ) throws -> Float? {
        var (sum, position) = (sum, optional)
        while position > 0 {
            guard (sum + bounds[position - 1]) * Self.slack > threshold else { return nil }
            position -= 1
            let number = order[position]
            let frequency = try terms[number].cursor.frequency(of: window.start + UInt32(offset))
            let score = scorer.score(weight: terms[number].weight, frequency, window.lengths[offset])
            terms[number].scores.removeAll()
            terms[number].scores.append(UInt32(offset), score)
            sum += score
        }
        guard sum * Self.slack > threshold else { return nil }
        // In the order of the query, so that no bit depends on which terms were looked up.
        var ordered: Float = 0
        for number in terms.indices { ordered += terms[number].scores.score(at: UInt32(offset)) }
        return ordered
    }

    private func isWanted(_ passage: UInt32) -> Bool {
        if let dead = segment.deletions?.passages, dead.contains(Int(passage)) { return false }
        return allows?(PassageID(segment.reader.passageBase + passage)) ?? true
    }
}
