/// How well similarities tell pairs that belong together from others, at the best threshold each.
public struct PairScores: Sendable, Equatable {
    public private(set) var accuracy = 0.0
    public private(set) var f1 = 0.0
    /// At the threshold of the best F1.
    public private(set) var precision = 0.0
    public private(set) var recall = 0.0
    /// The area under precision and recall as steps; equal similarities count as one threshold.
    public private(set) var averagePrecision = 0.0

    /// A threshold stands between two different similarities, as in mteb: all pairs are never taken to belong together.
    ///
    /// - Parameters:
    ///   - similarities: Higher is nearer; distances with their signs turned.
    ///   - labels: Both must occur, or the scores are 0.
    /// - Complexity: O(n log n).
    public init(_ similarities: [Double], _ labels: [Bool]) {
        precondition(similarities.count == labels.count)
        let positives = labels.count { $0 }
        guard positives > 0, positives < labels.count else { return }
        let order = similarities.indices.sorted { similarities[$0] > similarities[$1] }
        var (right, previousRecall) = (0, 0.0)
        for (place, index) in order.enumerated() {
            if labels[index] { right += 1 }
            let isLast = place + 1 == order.count
            if !isLast, similarities[order[place + 1]] == similarities[index] { continue }
            let precision = Double(right) / Double(place + 1)
            let recall = Double(right) / Double(positives)
            averagePrecision += (recall - previousRecall) * precision
            previousRecall = recall
            guard !isLast else { break }
            let negativesLeft = labels.count - positives - (place + 1 - right)
            accuracy = max(accuracy, Double(right + negativesLeft) / Double(labels.count))
            let f1 = right > 0 ? 2 * precision * recall / (precision + recall) : 0
            if f1 > self.f1 { (self.f1, self.precision, self.recall) = (f1, precision, recall) }
        }
    }
}
