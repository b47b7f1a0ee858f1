import TrawlCore

/// The unigram language model of SentencePiece (Kudo 2018): the segmentation of greatest probability, by Viterbi.
struct Unigram: Sendable {
    /// The best way to reach a byte of the text.
    struct Node {
        var score = 0.0
        var start: Int32 = -1
        var id: TokenID = 0
    }

    let vocabulary: ByteTable
    private let trie: ByteTrie
    private let scores: [Double]
    private let unknown: TokenID?
    /// For byte fallback: the token of each byte, or empty unless all 256 are there.
    private let byteTokens: [TokenID?]
    private let unknownScore: Double

    init(vocabulary: ByteTable, scores: [Double], unknown: TokenID?, fallsBackToBytes: Bool) {
        self.vocabulary = vocabulary
        self.scores = scores
        self.unknown = unknown
        var trie = ByteTrie()
        for id in 0..<TokenID(vocabulary.idLimit) {
            _ = vocabulary.withBytes(of: id) { if !$0.isEmpty { trie.insert($0, value: id) } }
        }
        self.trie = trie
        unknownScore = (scores.min() ?? 0) - 10
        byteTokens =
            fallsBackToBytes
            ? (0..<256).map { byte in
                let digits = String(byte, radix: 16, uppercase: true)
                return vocabulary.find("<0x\(digits.count == 1 ? "0" : "")\(digits)>")
            } : []
    }

    /// - Complexity: O(bytes x length of the longest token).
    func encode(
        _ text: UnsafeBufferPointer<UInt8>, _ piece: Range<Int>, _ lattice: inout [Node], into output: inout TokenBuffer
    ) {
        let count = piece.count
        lattice.removeAll(keepingCapacity: true)
        lattice.append(contentsOf: repeatElement(Node(), count: count + 1))
        let unknownID = unknown ?? .max
        lattice.withUnsafeMutableBufferPointer { lattice in
            scores.withUnsafeBufferPointer { scores in
                @inline(__always) func offer(_ end: Int, _ score: Double, _ start: Int, _ id: TokenID) {
                    if lattice[end].start < 0 || score > lattice[end].score {
                        lattice[end] = Node(score: score, start: Int32(truncatingIfNeeded: start), id: id)
                    }
                }
                var start = 0
                while start < count {
                    let reached = lattice[start].score
                    let width = min(UTF8Text.width(text[piece.lowerBound + start]), count - start)
                    var hasSingle = false
                    var node: UInt32 = 0
                    var end = start
                    while end < count, let next = trie.child(node, text[piece.lowerBound + end]) {
                        node = next
                        end += 1
                        guard let id = trie.value(node) else { continue }
                        offer(end, scores[Int(id)] + reached, start, id)
                        if end - start == width { hasSingle = true }
                    }
                    if !hasSingle { offer(start + width, unknownScore + reached, start, unknownID) }
                    start += width
                }
            }
        }
        backtrack(text, piece, lattice, unknownID, into: &output)
    }

    private func backtrack(
        _ text: UnsafeBufferPointer<UInt8>, _ piece: Range<Int>, _ lattice: [Node], _ unknownID: TokenID,
        into output: inout TokenBuffer
    ) {
        // From the end to the start, unknown neighbours fused; then turned round.
        var path: [(start: Int, end: Int, id: TokenID)] = []
        var end = piece.count
        while end > 0 {
            let node = lattice[end]
            let start = Int(node.start)
            guard start >= 0, start < end else { break }
            if node.id == unknownID, let last = path.last, last.id == unknownID, last.start == end {
                path[path.count - 1].start = start
            } else {
                path.append((start, end, node.id))
            }
            end = start
        }
        for step in path.reversed() {
            let lower = piece.lowerBound + step.start
            let upper = piece.lowerBound + step.end
            guard step.id == unknownID else {
                output.append(step.id, lower, upper)
                continue
            }
            let bytes = UnsafeBufferPointer(rebasing: text[lower..<upper])
            if let id = vocabulary.find(bytes) {
                output.append(id, lower, upper)
            } else if !byteTokens.isEmpty, bytes.allSatisfy({ byteTokens[Int($0)] != nil }) {
                for byte in bytes { if let id = byteTokens[Int(byte)] { output.append(id, lower, upper) } }
            } else if let unknown {
                output.append(unknown, lower, upper)
            }
        }
    }
}
