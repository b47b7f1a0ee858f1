import TrawlCore
import TrawlGeneration

/// A corpus behind a sorted list of its suffixes: fast enough for a few hundred real passages.
struct SuffixArrayCorpus: SubstringOracle {
    struct SuffixRange: Sendable {
        let rows: Range<Int>
        let depth: Int
    }

    let boundary: TokenID
    let passages: [[TokenID]]
    private let text: [TokenID]
    private let places: [(passage: Int, position: Int)]
    private let suffixes: [Int]

    init(_ passages: [[TokenID]], boundary: TokenID) {
        self.boundary = boundary
        self.passages = passages
        var text: [TokenID] = []
        var places: [(passage: Int, position: Int)] = []
        for (number, passage) in passages.enumerated() {
            for (position, token) in ([boundary] + passage).enumerated() {
                text.append(token)
                places.append((number, position))
            }
        }
        text.append(boundary)
        places.append((passages.count, 0))
        suffixes = text.indices.sorted { text[$0...].prefix(40).lexicographicallyPrecedes(text[$1...].prefix(40)) }
        self.text = text
        self.places = places
    }

    var tokenCount: Int { text.count }
    var passageCount: Int { passages.count }
    var root: SuffixRange { SuffixRange(rows: 0..<text.count, depth: 0) }
    func count(_ range: SuffixRange) -> Int { range.rows.count }

    /// The first row of `range` whose next token is not below `token`.
    private func row(in range: SuffixRange, from token: TokenID) -> Int {
        var (low, high) = (range.rows.lowerBound, range.rows.upperBound)
        while low < high {
            let middle = (low + high) / 2
            let place = suffixes[middle] + range.depth
            if place < text.count && text[place] >= token { high = middle } else { low = middle + 1 }
        }
        return low
    }

    func extend(_ range: SuffixRange, with token: TokenID) -> SuffixRange? {
        let rows = row(in: range, from: token)..<row(in: range, from: token + 1)
        return rows.isEmpty ? nil : SuffixRange(rows: rows, depth: range.depth + 1)
    }

    func forEachNext(_ range: SuffixRange, _ body: (TokenID, Int) -> Void) {
        var counts: [TokenID: Int] = [:]
        for row in range.rows where suffixes[row] + range.depth < text.count {
            counts[text[suffixes[row] + range.depth], default: 0] += 1
        }
        for (token, count) in counts { body(token, count) }
    }

    func locate(_ ranges: [SuffixRange]) -> [KeyPassages] { ranges.map { KeyPassages(passages(containing: $0)) } }

    func passages(containing range: SuffixRange) -> [PassageID] {
        Set(range.rows.map { places[suffixes[$0]].passage }).filter { $0 < passages.count }.sorted()
            .map { PassageID(UInt32($0)) }
    }

    func tokens(of passage: PassageID) -> [TokenID] { passages[Int(passage.rawValue)] }
}
