import TrawlCore
import TrawlEngine

/// Times of single queries, as a user waits for them: one after the other, models and index warm.
struct SearchTiming {
    /// In milliseconds, ascending.
    private let times: [Double]

    /// Searches for at most `count` of `queries` at equal distances, until `seconds` have gone by.
    init(_ queries: [Query], count: Int, seconds: Double = 10, _ search: (Query) throws -> Void) rethrows {
        let count = min(count, queries.count)
        let sample = (0..<count).map { queries[$0 * queries.count / count] }
        let clock = ContinuousClock()
        if let first = sample.first { try search(first) }
        let begin = clock.now
        var times: [Double] = []
        for query in sample where begin.duration(to: clock.now) < .seconds(seconds) {
            times.append(try clock.measure { try search(query) } / .milliseconds(1))
        }
        self.times = times.sorted()
    }

    /// The time that a share of the queries does not exceed (nearest rank); nil if none was timed.
    func percentile(_ share: Double) -> Double? {
        guard !times.isEmpty else { return nil }
        return times[max(0, Int((share * Double(times.count)).rounded(.up)) - 1)]
    }
}
