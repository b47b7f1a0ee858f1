/// How well classes were predicted. Means over classes are of those that occur among the labels or the predictions, and a
/// class without predictions has precision 0, as in scikit-learn.
public struct ClassificationScores: Sendable, Equatable {
    public let accuracy: Double
    /// Plain means over classes.
    public private(set) var f1 = 0.0
    public private(set) var precision = 0.0
    public private(set) var recall = 0.0
    /// Means weighted by the number of labels of each class.
    public private(set) var weightedF1 = 0.0
    /// Where there are two classes, the average precision of the predictions, of which the second class is the positive.
    public let averagePrecision: Double?

    /// - Parameter labels: Numbers of classes from 0; not empty.
    public init(_ predictions: [Int], _ labels: [Int]) {
        precondition(predictions.count == labels.count && !labels.isEmpty)
        let count = (predictions + labels).reduce(0, max) + 1
        var (right, predicted, actual) = (
            [Int](repeating: 0, count: count), [Int](repeating: 0, count: count), [Int](repeating: 0, count: count)
        )
        for (guess, label) in zip(predictions, labels) {
            predicted[guess] += 1
            actual[label] += 1
            if guess == label { right[label] += 1 }
        }
        accuracy = Double(right.reduce(0, +)) / Double(labels.count)
        let classes = (0..<count).filter { predicted[$0] + actual[$0] > 0 }
        for index in classes {
            let share = 1 / Double(classes.count)
            let f1 = 2 * Double(right[index]) / Double(predicted[index] + actual[index])
            self.f1 += share * f1
            weightedF1 += Double(actual[index]) / Double(labels.count) * f1
            if predicted[index] > 0 { precision += share * Double(right[index]) / Double(predicted[index]) }
            if actual[index] > 0 { recall += share * Double(right[index]) / Double(actual[index]) }
        }
        let present = (0..<count).filter { actual[$0] > 0 }
        averagePrecision =
            present.count == 2
            ? PairScores(predictions.map { $0 == present[1] ? 1 : 0 }, labels.map { $0 == present[1] }).averagePrecision
            : nil
    }
}
