internal import TrawlCore

/// An order in which all examples have their turn, and have it again in a new order, round after round. Nothing is stored, so that
/// a resumed training continues the order from the number of its step.
public enum ShuffledRounds {
    /// Number `number` of a sequence in which each stretch of `count` numbers is a permutation of `0..<count`: a Feistel network of
    /// three rounds over the next power of four, which is repeated until the number is in range.
    ///
    /// - Parameters:
    ///   - number: At least 0, such as the number of the step times the examples per step.
    ///   - count: At least 1.
    /// - Complexity: O(1), four repetitions at most on average.
    public static func index(_ number: Int, of count: Int, seed: UInt64) -> Int {
        precondition(number >= 0 && count > 0, "a number in a sequence of some examples")
        let round = UInt64(number / count)
        var bits = 1
        while 1 << (2 * bits) < count { bits += 1 }
        let mask = (UInt64(1) << bits) - 1
        var value = UInt64(number % count)
        repeat {
            var (left, right) = (value >> bits, value & mask)
            for step in 0..<3 as Range<UInt64> {
                var hash = SplitMix64(seed: seed ^ (right &+ (step << 32) &+ (round << 40)))
                (left, right) = (right, left ^ (hash.next() & mask))
            }
            value = left << bits | right
        } while value >= UInt64(count)
        return Int(value)
    }
}
