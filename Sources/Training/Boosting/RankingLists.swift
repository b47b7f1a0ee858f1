import Foundation

/// Lists of candidates with their features and grades: what a ranking is fitted to.
public struct RankingLists: Sendable {
    /// All candidates, list after list.
    public let table: FeatureTable
    /// The rows of each list.
    public let lists: [Range<Int>]
    /// The score of each candidate that fitting starts from.
    public let base: [Double]
    /// The share of each candidate in the grades of its list; 0 throughout a list without relevant candidates.
    public let targets: [Double]
    /// What each list counts.
    public let weights: [Double]

    /// - Parameter grades: 0 for candidates that are not relevant.
    public init(table: FeatureTable, lists: [Range<Int>], base: [Double], grades: [Double], weights: [Double]) {
        precondition(base.count == table.rows && grades.count == table.rows && lists.count == weights.count)
        (self.table, self.lists, self.base, self.weights) = (table, lists, base, weights)
        var targets = grades
        for list in lists {
            let sum = grades[list].reduce(0, +)
            for row in list { targets[row] = sum > 0 ? grades[row] / sum : 0 }
        }
        self.targets = targets
    }

    /// Whether something can be learnt from a list: it has candidates that are relevant and others.
    public func teaches(_ list: Int) -> Bool {
        lists[list].contains { targets[$0] > 0 } && lists[list].contains { targets[$0] == 0 }
    }

    /// The mean loss of the lists: that of a softmax over the scores (Cao et al. 2007, doi 10.1145/1273496.1273513).
    public func loss(_ scores: [Double], of chosen: [Int]) -> Double {
        var (sum, total) = (0.0, 0.0)
        for list in chosen {
            let rows = lists[list]
            let best = rows.reduce(-Double.infinity) { max($0, scores[$1]) }
            var (exponentials, target) = (0.0, 0.0)
            for row in rows {
                exponentials += exp(scores[row] - best)
                target += targets[row] * (scores[row] - best)
            }
            sum += weights[list] * (log(exponentials) - target)
            total += weights[list]
        }
        return total > 0 ? sum / total : 0
    }

    /// Minus the derivative of a list's loss by each of its scores, without the list's weight.
    public func residuals(_ scores: [Double], of list: Int) -> [Double] {
        let rows = lists[list]
        let best = rows.reduce(-Double.infinity) { max($0, scores[$1]) }
        let exponentials = rows.map { exp(scores[$0] - best) }
        let sum = exponentials.reduce(0, +)
        return zip(rows, exponentials).map { targets[$0] - $1 / sum }
    }
}
