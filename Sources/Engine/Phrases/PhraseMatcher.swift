import TrawlCore
import TrawlSubstringIndex

/// Finds the passages that meet a conjunction of clauses, each of which is met by any of its n-grams.
///
/// The clauses' lists of passages, which the index gives without reading text, are intersected; only nearness has passages
/// read. What is counted are occurrences of the rarest clause, as infini-gram counts its CNF queries.
struct PhraseMatcher {
    private let index: PhraseOccurrences
    /// N-grams of each clause, the rarest clause first.
    private let clauses: [[PhraseTokens]]

    /// - Parameter counts: how often each clause occurs in the corpus that the index is part of; nil: in the index.
    init(_ index: PhraseOccurrences, _ clauses: [[PhraseTokens]], counts: [Int]? = nil) throws {
        self.index = index
        let counts = try counts ?? Self.counts(of: clauses, in: index)
        let order = clauses.indices.sorted { (counts[$0], $0) < (counts[$1], $1) }
        self.clauses = order.map { clauses[$0] }
    }

    /// How often the n-grams of each clause occur.
    static func counts(of clauses: [[PhraseTokens]], in index: PhraseOccurrences) throws -> [Int] {
        try clauses.map { try $0.reduce(0) { $0 + (try index.count(of: $1)) } }
    }

    /// Passages with how often the rarest clause occurs in each, ascending.
    struct Matches {
        var passages: [PassageCount]
        /// The passages that hold all clauses, and those of them that were read: all, unless the limit was passed.
        var candidates: [PassageID]
        var read: [PassageID]

        /// Occurrences in all passages.
        var count: Int { estimate(passages.reduce(0) { $0 + $1.count }) }

        var isSample: Bool { read.count < candidates.count }

        /// `count` of the passages that were read, made one of all.
        func estimate(_ count: Int) -> Int {
            isSample ? Int((Double(count) * Double(candidates.count) / Double(read.count)).rounded()) : count
        }
    }

    /// - Parameters:
    ///   - distance: the most tokens between an occurrence of the rarest clause and one of each other; nil is any.
    ///   - readLimit: the most passages to read; of more, a stratified sample of this size is read.
    func match(within distance: Int?, readLimit: Int) throws -> Matches {
        var candidates = try clauses.first.map(passages) ?? []
        for clause in clauses.dropFirst() where !candidates.isEmpty {
            candidates = Self.intersection(candidates, try passages(clause))
        }
        let numbers = candidates.map(\.passage)
        guard let distance, clauses.count > 1 else {
            return Matches(passages: candidates, candidates: numbers, read: numbers)
        }
        let readCount = min(numbers.count, max(1, readLimit))
        let read = (0..<readCount).map { numbers[Self.sampled($0, of: readCount, from: numbers.count)] }
        let found = try read.compactMap { passage -> PassageCount? in
            let count = nearby(in: try index.tokens(of: passage, for: clauses.joined()), distance)
            return count > 0 ? PassageCount(passage, count) : nil
        }
        return Matches(passages: found, candidates: numbers, read: read)
    }

    /// The number below `total` that is drawn from stratum `stratum` of `strata` equal ones: at random by a seed, since corpora
    /// have periods of their own.
    private static func sampled(_ stratum: Int, of strata: Int, from total: Int) -> Int {
        let start = stratum * total / strata
        let width = (stratum + 1) * total / strata - start
        // The finaliser of SplitMix64.
        var z = UInt64(stratum) &* 0x9e37_79b9_7f4a_7c15
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return start + Int((z ^ (z >> 31)) % UInt64(width))
    }

    /// The passages of a clause, ascending.
    private func passages(_ clause: [PhraseTokens]) throws -> [PassageCount] {
        let lists = try clause.map { try index.passages(containing: $0) }
        return lists.dropFirst().reduce(lists.first ?? []) { Self.union($0, $1) }
    }

    /// How many occurrences of the rarest clause have one of every other within `distance` tokens.
    private func nearby(in tokens: PhraseTokens, _ distance: Int) -> Int {
        let spans = clauses.map { clause in clause.flatMap { $0.occurrences(in: tokens) } }
        return spans[0].count { anchor in
            spans.dropFirst().allSatisfy { others in
                others.contains { other in
                    max(other.lowerBound - anchor.upperBound, anchor.lowerBound - other.upperBound) <= distance
                }
            }
        }
    }

    /// Both lists, counts added up.
    private static func union(_ a: [PassageCount], _ b: [PassageCount]) -> [PassageCount] {
        var result: [PassageCount] = []
        result.reserveCapacity(a.count + b.count)
        var (i, j) = (0, 0)
        while i < a.count || j < b.count {
            if j == b.count || i < a.count && a[i].passage < b[j].passage {
                result.append(a[i])
                i += 1
            } else if i == a.count || b[j].passage < a[i].passage {
                result.append(b[j])
                j += 1
            } else {
                result.append(PassageCount(a[i].passage, a[i].count + b[j].count))
                i += 1
                j += 1
            }
        }
        return result
    }

    /// The entries of `a` whose passages are in `b` too.
    private static func intersection(_ a: [PassageCount], _ b: [PassageCount]) -> [PassageCount] {
        var j = 0
        return a.filter { entry in
            while j < b.count, b[j].passage < entry.passage { j += 1 }
            return j < b.count && b[j].passage == entry.passage
        }
    }
}
