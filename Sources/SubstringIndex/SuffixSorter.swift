internal import CTrawlKernels

/// Sorts the suffixes of integer text by induced sorting (SA-IS: Nong, Zhang and Chan, "Two Efficient Algorithms for
/// Linear Time Suffix Array Construction", 2011).
///
/// A suffix is S-type when it is smaller than the one after it, else L-type; a leftmost S-type (LMS) suffix follows
/// an L-type one. Sorted LMS suffixes induce the order of all L-type ones in one pass over the array, and those the
/// order of all S-type ones in another. The LMS suffixes are sorted by sorting the substrings between them the same
/// way, giving each its rank as a name, and sorting the string of names recursively. Types are never stored: an entry
/// whose predecessor is not to be induced in the running pass is kept complemented.
///
/// - Complexity: O(n) time; besides the text and the result, 8 bytes for each symbol of the alphabet, and at most as many
///   for each name of the recursion, of which the room between its text and its result takes what fits: in real text up
///   to 1 byte a token.
enum SuffixSorter {
    /// Entries ahead of the scan whose text is fetched into the cache.
    private static let lookahead = 48

    /// Fills `suffixes` with the starts of the suffixes of `text` in ascending order. `advance` is called with shares
    /// of `count` that add up to it, roughly as time goes by. `spare` is memory that may be overwritten.
    ///
    /// - Precondition: every symbol lies in 0..<`alphabet`, both buffers have the same size, below `Int32.max`.
    static func sort(
        _ text: UnsafePointer<Int32>, into suffixes: UnsafeMutablePointer<Int32>, count: Int, alphabet: Int,
        spare: UnsafeMutableBufferPointer<Int32> = .init(start: nil, count: 0), advance: (Int) -> Void = { _ in }
    ) {
        guard count > 1 else {
            if count == 1 { suffixes[0] = 0 }
            advance(count)
            return
        }
        // The tables lie in spare memory as far as they fit.
        let spareTables = min(2, spare.count / alphabet)
        let tables = UnsafeMutablePointer<Int32>.allocate(capacity: (2 - spareTables) * alphabet)
        defer { tables.deallocate() }
        let spareTable = spare.baseAddress ?? tables
        let counts = spareTables > 0 ? spareTable : tables
        let buckets = spareTables > 1 ? spareTable + alphabet : spareTables > 0 ? tables : tables + alphabet
        counts.update(repeating: 0, count: alphabet)
        for i in 0..<count { counts[Int(text[i])] &+= 1 }
        let pass = Pass(
            text: text, suffixes: suffixes, count: count, alphabet: alphabet, counts: counts, buckets: buckets)
        let lms = pass.sortSubstrings()
        let third = count / 3
        advance(third)
        if lms > 1 {
            let names = pass.nameSubstrings(lms)
            if names < lms {
                let reduced = suffixes + (count - lms)
                let between = UnsafeMutableBufferPointer(start: suffixes + lms, count: count - 2 * lms)
                sort(reduced, into: suffixes, count: lms, alphabet: names, spare: between)
                pass.resolve(lms)
            }
        }
        advance(third)
        pass.placeSorted(lms)
        pass.induceAll()
        advance(count - 2 * third)
    }

    /// One level of the recursion.
    private struct Pass {
        let text: UnsafePointer<Int32>
        let suffixes: UnsafeMutablePointer<Int32>
        let count: Int
        let alphabet: Int
        let counts: UnsafeMutablePointer<Int32>
        let buckets: UnsafeMutablePointer<Int32>

        /// Sorts the LMS substrings; leaves their starts, in order, at the front and returns how many there are.
        func sortSubstrings() -> Int {
            suffixes.update(repeating: 0, count: count)
            setBuckets(ends: true)
            forEachLMS { position in
                let symbol = Int(text[position])
                buckets[symbol] &-= 1
                suffixes[Int(buckets[symbol])] = Int32(truncatingIfNeeded: position)
            }
            // L-type, left to right. What has an L-type predecessor has done its duty and is cleared.
            setBuckets(ends: false)
            insertL(count &- 1)
            for i in 0..<count {
                fetch(i &+ SuffixSorter.lookahead)
                let entry = suffixes[i]
                if entry > 0 {
                    suffixes[i] = 0
                    insertL(Int(entry) &- 1)
                } else if entry < 0 {
                    suffixes[i] = ~entry
                }
            }
            // S-type, right to left. What has an L-type predecessor is LMS and stays, complemented.
            setBuckets(ends: true)
            for i in stride(from: count &- 1, through: 0, by: -1) {
                fetch(i &- SuffixSorter.lookahead)
                let entry = suffixes[i]
                if entry > 0 {
                    suffixes[i] = 0
                    let position = Int(entry) &- 1
                    let symbol = text[position]
                    buckets[Int(symbol)] &-= 1
                    // The text's first suffix has no predecessor and is not LMS: 0 drops it.
                    let isLMS = position > 0 && text[position &- 1] > symbol
                    let value = Int32(truncatingIfNeeded: position)
                    suffixes[Int(buckets[Int(symbol)])] = isLMS ? ~value : value
                }
            }
            var found = 0
            for i in 0..<count where suffixes[i] < 0 {
                suffixes[found] = ~suffixes[i]
                found &+= 1
            }
            return found
        }

        /// Names the sorted LMS substrings 0, 1 ... by rank, equal ones alike, and leaves the names in the order of the
        /// text in the last `lms` entries. Returns how many names there are.
        func nameSubstrings(_ lms: Int) -> Int {
            // LMS positions are at least two apart, so half of each is a slot of its own.
            let slots = suffixes + lms
            slots.update(repeating: 0, count: count &- lms)
            // The length counts the symbol that the next one starts with; the last one ends behind the text, which
            // makes it differ from all others.
            var end = count
            forEachLMS { position in
                slots[position >> 1] = Int32(truncatingIfNeeded: end &- position &+ 1)
                end = position
            }
            var name: Int32 = 0
            var previous = 0
            var previousLength = 0
            for i in 0..<lms {
                let position = Int(suffixes[i])
                let length = Int(slots[position >> 1])
                var differs = length != previousLength || position &+ length > count || previous &+ length > count
                if !differs {
                    var offset = 0
                    while offset < length, text[position &+ offset] == text[previous &+ offset] { offset &+= 1 }
                    differs = offset < length
                }
                if differs {
                    name &+= 1
                    previous = position
                    previousLength = length
                }
                slots[position >> 1] = name
            }
            if Int(name) < lms {
                var target = count
                for i in stride(from: lms &+ (count &- 1) >> 1, through: lms, by: -1) where suffixes[i] != 0 {
                    target &-= 1
                    suffixes[target] = suffixes[i] &- 1
                }
            }
            return Int(name)
        }

        /// Turns the order of the names into the order of the LMS suffixes.
        func resolve(_ lms: Int) {
            let positions = suffixes + (count &- lms)
            var target = lms
            forEachLMS { position in
                target &-= 1
                positions[target] = Int32(truncatingIfNeeded: position)
            }
            for i in 0..<lms { suffixes[i] = positions[Int(suffixes[i])] }
        }

        /// Moves the sorted LMS suffixes from the front to the ends of their buckets.
        func placeSorted(_ lms: Int) {
            (suffixes + lms).update(repeating: 0, count: count &- lms)
            setBuckets(ends: true)
            for i in stride(from: lms &- 1, through: 0, by: -1) {
                let position = suffixes[i]
                suffixes[i] = 0
                let symbol = Int(text[Int(position)])
                buckets[symbol] &-= 1
                suffixes[Int(buckets[symbol])] = position
            }
        }

        /// Induces the order of all suffixes from that of the LMS ones.
        func induceAll() {
            setBuckets(ends: false)
            insertL(count &- 1)
            for i in 0..<count {
                fetch(i &+ SuffixSorter.lookahead)
                let entry = suffixes[i]
                suffixes[i] = ~entry
                if entry > 0 { insertL(Int(entry) &- 1) }
            }
            setBuckets(ends: true)
            for i in stride(from: count &- 1, through: 0, by: -1) {
                fetch(i &- SuffixSorter.lookahead)
                let entry = suffixes[i]
                if entry > 0 {
                    let position = Int(entry) &- 1
                    let symbol = text[position]
                    buckets[Int(symbol)] &-= 1
                    let isDone = position == 0 || text[position &- 1] > symbol
                    let value = Int32(truncatingIfNeeded: position)
                    suffixes[Int(buckets[Int(symbol)])] = isDone ? ~value : value
                } else {
                    suffixes[i] = ~entry
                }
            }
        }

        /// Appends the L-type suffix at `position` to its bucket, complemented when its predecessor is S-type.
        @inline(__always)
        private func insertL(_ position: Int) {
            let symbol = text[position]
            let value = Int32(truncatingIfNeeded: position)
            let isDone = position > 0 && text[position &- 1] < symbol
            suffixes[Int(buckets[Int(symbol)])] = isDone ? ~value : value
            buckets[Int(symbol)] &+= 1
        }

        /// Brings what entry `i` points to into the cache.
        @inline(__always)
        private func fetch(_ i: Int) {
            guard i >= 0, i < count else { return }
            let entry = suffixes[i]
            if entry > 0 { trawl_prefetch(text + (Int(entry) &- 1)) }
        }

        private func setBuckets(ends: Bool) {
            var sum: Int32 = 0
            for symbol in 0..<alphabet {
                let size = counts[symbol]
                buckets[symbol] = ends ? sum &+ size : sum
                sum &+= size
            }
        }

        /// Calls `body` with every LMS position, from right to left.
        @inline(__always)
        private func forEachLMS(_ body: (Int) -> Void) {
            var isS = false
            var next = text[count &- 1]
            for i in stride(from: count &- 2, through: 0, by: -1) {
                let symbol = text[i]
                if symbol < next {
                    isS = true
                } else if symbol > next {
                    if isS { body(i &+ 1) }
                    isS = false
                }
                next = symbol
            }
        }
    }
}
