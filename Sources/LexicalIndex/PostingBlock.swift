/// What a search knows of 128 postings of a term without reading them: where they are, and how well they can score at most,
/// by BM25 with any parameters (block-max indexes: Ding and Suel, SIGIR 2011).
struct PostingBlock: BitwiseCopyable, Equatable, Sendable {
    /// The postings of every block of a term but the last.
    static let capacity = 128

    /// The last passage of the block.
    var last: UInt32
    /// Where the block ends, in bytes from the start of the term's postings.
    var end: UInt32
    /// Every posting of the block occurs at most as often, in a passage at least as long, as one of these pairs says.
    /// Numbers from 65,535 on are that: a frequency of 65,535 means any.
    var frequencies: SIMD4<UInt16>
    var lengths: SIMD4<UInt16>

    /// The score that no posting of the block exceeds by more than rounding.
    @inline(__always)
    func bound(_ scorer: BM25Scorer, weight: Float) -> Float {
        var frequency = SIMD4<Float>(frequencies)
        frequency.replace(with: 1e30, where: frequency .>= 65_535)
        let divisor = frequency + scorer.base + scorer.perTerm * SIMD4<Float>(lengths)
        return (weight * frequency / divisor).max()
    }
}

/// The pairs of frequency and length of some postings that no other posting beats in both.
struct PostingFrontier {
    private var pairs: [(frequency: UInt16, length: UInt16)] = []

    mutating func add(_ frequency: UInt32, length: UInt32) {
        let (frequency, length) = (UInt16(clamping: frequency), UInt16(clamping: length))
        for pair in pairs where pair.frequency >= frequency && pair.length <= length { return }
        pairs.removeAll { $0.frequency <= frequency && $0.length >= length }
        pairs.append((frequency, length))
    }

    /// Four pairs that stand for all, and an empty frontier for the next block.
    ///
    /// Of more than four, neighbours that differ least become one pair, which beats both.
    mutating func take() -> (frequencies: SIMD4<UInt16>, lengths: SIMD4<UInt16>) {
        pairs.sort { $0.frequency > $1.frequency }
        while pairs.count > 4 {
            var (nearest, least) = (0, Float.infinity)
            for number in 0..<pairs.count - 1 {
                let (high, low) = (pairs[number], pairs[number + 1])
                let difference =
                    (1 - Float(low.frequency) / Float(high.frequency)) * (1 - Float(low.length) / Float(high.length))
                if difference < least { (nearest, least) = (number, difference) }
            }
            pairs[nearest].length = pairs[nearest + 1].length
            pairs.remove(at: nearest + 1)
        }
        var (frequencies, lengths) = (SIMD4<UInt16>(), SIMD4<UInt16>())
        for lane in 0..<4 {
            let pair = pairs[lane < pairs.count ? lane : 0]
            (frequencies[lane], lengths[lane]) = (pair.frequency, pair.length)
        }
        pairs.removeAll(keepingCapacity: true)
        return (frequencies, lengths)
    }
}
