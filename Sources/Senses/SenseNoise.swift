internal import Glibc
internal import TrawlCore

/// The law that sampled softmax draws words by: log-uniform over their ranks by frequency, which is near Zipf's law.
struct SenseNoise {
    /// By word: the logarithm of its probability.
    let logarithms: [Float]
    private let scale: Double

    /// - Parameter count: of words, at least one.
    init(count: Int) {
        let scale = log(Double(count + 1))
        self.scale = scale
        logarithms = (0..<count).map { Float(log(log(Double($0 + 2) / Double($0 + 1)) / scale)) }
    }

    func draw(_ random: inout SplitMix64) -> Int32 {
        let word = Int(exp(random.nextUnit() * scale)) - 1
        return Int32(min(max(0, word), logarithms.count - 1))
    }
}

extension SplitMix64 {
    /// A number in [0, 1).
    mutating func nextUnit() -> Double { Double(next() >> 11) / Double(1 << 53) }

    /// A number by the standard Gumbel law.
    mutating func nextGumbel() -> Float { Float(-log(-log((Double(next() >> 11) + 0.5) / Double(1 << 53)))) }

    /// `numbers` in another order (Fisher and Yates).
    mutating func shuffle(_ numbers: inout [Int]) {
        for last in stride(from: numbers.count - 1, to: 0, by: -1) {
            numbers.swapAt(last, Int(next() % UInt64(last + 1)))
        }
    }
}
