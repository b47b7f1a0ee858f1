import TrawlCore
import TrawlGeneration

extension SplitMix64 {
    /// The stream of a test's number: neighbouring numbers have streams that lie far apart.
    init(test number: Int) { self.init(seed: UInt64(truncatingIfNeeded: number) &* 0x9E37_79B9 &+ 1) }
}

/// A corpus that answers everything by scanning its whole text.
struct ScannedCorpus: SubstringOracle {
    static let boundary: TokenID = 0
    static let titleEnd: TokenID = 1

    let passages: [[TokenID]]
    let text: [TokenID]
    /// For each token of `text`, its passage, and its position counted from the boundary before that.
    let places: [(passage: Int, position: Int)]

    init(_ passages: [[TokenID]]) {
        self.passages = passages
        var text: [TokenID] = []
        var places: [(passage: Int, position: Int)] = []
        for (number, passage) in passages.enumerated() {
            for (position, token) in ([Self.boundary] + passage).enumerated() {
                text.append(token)
                places.append((number, position))
            }
        }
        text.append(Self.boundary)
        places.append((passages.count, 0))
        self.text = text
        self.places = places
    }

    /// Passages of words 10..<10 + `words`, frequent ones first, half of them with a title when asked.
    static func random(_ seed: Int, passages: Int = 12, words: Int = 20, titles: Bool = true) -> ScannedCorpus {
        var random = SplitMix64(test: seed)
        func word() -> TokenID {
            TokenID(10 + Int.random(in: 0..<words, using: &random) * Int.random(in: 0..<words, using: &random) / words)
        }
        return ScannedCorpus(
            (0..<passages).map { _ in
                var tokens: [TokenID] = []
                if titles && Bool.random(using: &random) {
                    tokens += (0..<Int.random(in: 1...3, using: &random)).map { _ in word() } + [titleEnd]
                }
                return tokens + (0..<Int.random(in: 1...18, using: &random)).map { _ in word() }
            })
    }

    func starts(of ngram: [TokenID]) -> [Int] {
        guard ngram.count <= text.count else { return [] }
        return (0...(text.count - ngram.count)).filter { text[$0..<$0 + ngram.count] == ngram[...] }
    }

    typealias SuffixRange = [TokenID]
    var boundary: TokenID { Self.boundary }
    var tokenCount: Int { text.count }
    var passageCount: Int { passages.count }
    var root: [TokenID] { [] }
    func extend(_ range: [TokenID], with token: TokenID) -> [TokenID]? {
        starts(of: range + [token]).isEmpty ? nil : range + [token]
    }
    func count(_ range: [TokenID]) -> Int { range.isEmpty ? text.count : starts(of: range).count }
    func forEachNext(_ range: [TokenID], _ body: (TokenID, Int) -> Void) {
        var counts: [TokenID: Int] = [:]
        for start in starts(of: range) where start + range.count < text.count {
            counts[text[start + range.count], default: 0] += 1
        }
        for (token, count) in counts { body(token, count) }
    }
    func locate(_ ranges: [[TokenID]]) -> [KeyPassages] { ranges.map { KeyPassages(passages(containing: $0)) } }

    func passages(containing range: [TokenID]) -> [PassageID] {
        Set(starts(of: range).map { places[$0].passage }).filter { $0 < passages.count }.sorted()
            .map { PassageID(UInt32($0)) }
    }
    func tokens(of passage: PassageID) -> [TokenID] { passages[Int(passage.rawValue)] }
}
