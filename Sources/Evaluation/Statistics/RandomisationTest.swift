import TrawlCore

/// Fisher's randomisation test of the mean difference, two-sided: the share of all ways to swap the two scores of each
/// query that give a mean difference at least as large (Smucker, Allan and Carterette 2007, doi 10.1145/1321440.1321528).
///
/// All ways are counted when at most 20 queries differ; beyond, ways are drawn at random.
public struct RandomisationTest: Sendable, Equatable {
    /// 1 when no query differs.
    public let p: Double
    /// Whether all ways were counted.
    public let isExact: Bool

    public static let defaultSeed: UInt64 = 0x5EED
    static let exactLimit = 20

    /// - Parameters:
    ///   - samples: How many ways to draw where there are too many to count.
    ///   - seed: Of the random numbers; the same seed gives the same p.
    /// - Complexity: O(samples · n), or O(2ⁿ) for n ≤ 20 queries that differ.
    public init(_ differences: [Double], samples: Int = 10_000, seed: UInt64 = defaultSeed) {
        // Swapping equal scores changes nothing.
        let changing = differences.filter { $0 != 0 }
        isExact = changing.count <= Self.exactLimit
        if changing.isEmpty {
            p = 1
        } else if isExact {
            p = Self.counted(changing)
        } else {
            p = Self.drawn(changing, samples, seed)
        }
    }

    /// A sum in another order may differ in its last bits; it counts as equal.
    private static func bound(_ differences: [Double]) -> Double {
        let observed = abs(differences.reduce(0, +))
        return observed - 1e-12 * max(1, observed)
    }

    private static func counted(_ differences: [Double]) -> Double {
        let bound = bound(differences)
        // Signs the other way round give the same size: the first keeps its sign.
        var sums = [differences[0]]
        sums.reserveCapacity(1 << (differences.count - 1))
        for difference in differences.dropFirst() {
            for position in sums.indices {
                sums.append(sums[position] - difference)
                sums[position] += difference
            }
        }
        return Double(sums.count { abs($0) >= bound }) / Double(sums.count)
    }

    private static func drawn(_ differences: [Double], _ samples: Int, _ seed: UInt64) -> Double {
        let bound = bound(differences)
        var random = SplitMix64(seed: seed)
        var extreme = 0
        differences.withUnsafeBufferPointer { differences in
            for _ in 0..<samples {
                var sum = 0.0
                var start = 0
                while start < differences.count {
                    var bits = random.next()
                    let end = min(start + 64, differences.count)
                    for position in start..<end {
                        sum += Double(bitPattern: differences[position].bitPattern ^ (bits << 63))
                        bits >>= 1
                    }
                    start = end
                }
                if abs(sum) >= bound { extreme += 1 }
            }
        }
        // The observed way is one of them (Phipson and Smyth 2010): no p is 0.
        return Double(extreme + 1) / Double(samples + 1)
    }
}
