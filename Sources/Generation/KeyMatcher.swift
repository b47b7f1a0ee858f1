import TrawlCore

/// Finds the keys that count in a passage. It may be used for one passage after the other, and then asks for no new memory.
struct KeyMatcher {
    /// A key with the positions that it takes, and how often it stands where no better key does.
    typealias Match = (key: Int, span: Range<Int>, occurrences: Int)

    /// The keys that count, in the order of their numbers.
    private(set) var matches: [Match] = []
    /// Whether a key takes a position of the text.
    private(set) var isTaken: [Bool] = []
    /// Occurrences as number << 32 | position, so that they are in order as plain numbers.
    private var found: [UInt64] = []
    /// Whether a numbered token was noted.
    private var isNoted: [Bool] = []

    /// All occurrences of the trie's n-grams compete, those with low numbers first, for positions that no other has taken. A
    /// key counts once; its other occurrences take no position.
    ///
    /// Keys are numbered by weight and n-gram, so this is the order of (-weight, n-gram, position).
    mutating func match(_ finder: KeyFinder, in text: [TokenID], where isCounted: [Bool]? = nil) {
        found.removeAll(keepingCapacity: true)
        finder.trie.forEachMatch(in: text) { key, start in
            if isCounted?[key] ?? true { found.append(UInt64(key) << 32 | UInt64(start)) }
        }
        found.sort()
        matches.removeAll(keepingCapacity: true)
        isTaken.removeAll(keepingCapacity: true)
        isTaken.append(contentsOf: repeatElement(false, count: text.count))
        for occurrence in found {
            let (key, start) = (Int(occurrence >> 32), Int(occurrence & 0xFFFF_FFFF))
            let span = start..<start + Int(finder.lengths[key])
            if isTaken[span].contains(true) { continue }
            if let last = matches.last, last.key == key {
                matches[matches.count - 1].occurrences += 1
                continue
            }
            for position in span { isTaken[position] = true }
            matches.append((key, span, 1))
        }
    }

    /// All keys of the text, each with its first position and how often it stands there, whether or not they overlap, in the
    /// order of their numbers.
    mutating func count(_ finder: KeyFinder, in text: [TokenID]) {
        found.removeAll(keepingCapacity: true)
        finder.trie.forEachMatch(in: text) { key, start in found.append(UInt64(key) << 32 | UInt64(start)) }
        found.sort()
        matches.removeAll(keepingCapacity: true)
        for occurrence in found {
            let (key, start) = (Int(occurrence >> 32), Int(occurrence & 0xFFFF_FFFF))
            if let last = matches.last, last.key == key {
                matches[matches.count - 1].occurrences += 1
            } else {
                matches.append((key, start..<start + Int(finder.lengths[key]), 1))
            }
        }
    }

    /// Begins a passage: none of `count` numbered tokens is noted.
    mutating func forgetTypes(_ count: Int) {
        isNoted.removeAll(keepingCapacity: true)
        isNoted.append(contentsOf: repeatElement(false, count: count))
    }

    /// Notes these tokens and answers how many were not noted before.
    mutating func note(_ types: ArraySlice<Int32>) -> Int {
        var new = 0
        for type in types where !isNoted[Int(type)] {
            isNoted[Int(type)] = true
            new += 1
        }
        return new
    }

    func isSeen(_ type: Int32) -> Bool { isNoted[Int(type)] }
}
