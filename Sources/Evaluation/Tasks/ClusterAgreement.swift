import Foundation

/// How far clusters agree with classes (V-measure, Rosenberg and Hirschberg 2007, aclanthology.org/D07-1043).
public struct ClusterAgreement: Sendable, Equatable {
    /// Whether clusters have members of one class only: 1 minus the share of the classes' entropy that is left.
    public let homogeneity: Double
    /// Whether the members of a class are in one cluster.
    public let completeness: Double
    /// The harmonic mean of both.
    public let vMeasure: Double

    /// - Parameters: the class and the cluster of each item, in any numbers.
    /// - Complexity: O(n).
    public init(classes: [Int], clusters: [Int]) {
        precondition(classes.count == clusters.count)
        struct Cell: Hashable { let row: Int, column: Int }
        let total = Double(classes.count)
        let rows = Self.counts(classes)
        let columns = Self.counts(clusters)
        let cells = Self.counts(zip(classes, clusters).map { Cell(row: $0, column: $1) })
        // Sorted, for sums depend on their order.
        let shared = cells.sorted { ($0.key.row, $0.key.column) < ($1.key.row, $1.key.column) }.reduce(0) { sum, cell in
            let (count, row, column) = (
                Double(cell.value), Double(rows[cell.key.row] ?? 1), Double(columns[cell.key.column] ?? 1)
            )
            return sum + count / total * (log(count) + log(total) - log(row) - log(column))
        }
        let information = max(0, shared)
        let (classEntropy, clusterEntropy) = (Self.entropy(rows, total), Self.entropy(columns, total))
        homogeneity = classEntropy > 0 ? information / classEntropy : 1
        completeness = clusterEntropy > 0 ? information / clusterEntropy : 1
        let sum = homogeneity + completeness
        vMeasure = sum > 0 ? 2 * homogeneity * completeness / sum : 0
    }

    private static func counts<Key: Hashable>(_ keys: [Key]) -> [Key: Int] {
        keys.reduce(into: [:]) { $0[$1, default: 0] += 1 }
    }

    private static func entropy(_ counts: [Int: Int], _ total: Double) -> Double {
        guard counts.count > 1 else { return 0 }
        return counts.sorted { $0.key < $1.key }.reduce(0) { sum, count in
            sum - Double(count.value) / total * (log(Double(count.value)) - log(total))
        }
    }
}
