internal import TrawlCore

/// The draw of queries from several collections.
struct CollectionDraw: Sendable {
    private let counts: [Int]
    private let firsts: [Int]
    private let shares: [Float]

    /// - Parameters:
    ///   - counts: How many queries each collection has; none has 0.
    ///   - exponent: 1 draws queries alike, 0 collections.
    init(counts: [Int], exponent: Double) {
        self.counts = counts
        var total = 0
        firsts = counts.map { count in
            defer { total += count }
            return total
        }
        shares = counts.map { exponent == 0 ? 1 : Float(exponential(exponent * logarithm(Double($0)))) }
    }

    func collection(using random: inout SplitMix64) -> Int { random.draw(shares) ?? 0 }

    /// The query of a collection whose turn is number `number`.
    func query(_ number: Int, of collection: Int, seed: UInt64) -> Int {
        ShuffledRounds.index(number, of: counts[collection], seed: seed &+ UInt64(collection))
    }

    /// The number of a query among those of all collections.
    func example(_ query: Int, of collection: Int) -> Int { firsts[collection] + query }
}

extension TrainingStep {
    /// The random numbers of draw `number`, counted over all steps.
    func random(ofDraw number: Int) -> SplitMix64 {
        SplitMix64(seed: seed &+ UInt64(number) &* 0x9E37_79B9_7F4A_7C15)
    }
}

/// One of `relevant`, and at most `negatives` of `others`.
func drawnGroup(_ relevant: [Int], _ others: [Int], negatives: Int, using random: inout SplitMix64) -> [Int] {
    var chosen = [relevant[Int(random.next() % UInt64(relevant.count))]]
    var left = others
    while chosen.count <= negatives, !left.isEmpty {
        chosen.append(left.remove(at: Int(random.next() % UInt64(left.count))))
    }
    return chosen
}
