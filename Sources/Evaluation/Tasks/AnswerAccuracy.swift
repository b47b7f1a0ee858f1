/// The share of questions with an answer in one of the first k texts that were found for them.
public struct AnswerAccuracy: Sendable, Equatable {
    /// Ascending.
    public let cutoffs: [Int]
    public private(set) var queries: [String] = []
    /// The rank of the first text with an answer, from 1; nil where none has one.
    public private(set) var ranks: [Int?] = []

    public init(cutoffs: [Int] = [1, 5, 20, 100]) { self.cutoffs = cutoffs.sorted() }

    public mutating func add(_ query: String, firstRank: Int?) {
        queries.append(query)
        ranks.append(firstRank)
    }

    public func value(at k: Int) -> Double {
        guard !ranks.isEmpty else { return 0 }
        return Double(ranks.count { $0.map { $0 <= k } == true }) / Double(ranks.count)
    }

    public var measures: [String] { cutoffs.map { "A@\($0)" } }
    public var means: [Double] { cutoffs.map(value) }
}
