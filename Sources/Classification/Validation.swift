import Foundation
import TrawlCore
import TrawlTensors
import TrawlTraining

/// Which examples heads are judged by, and how.
struct Validation {
    /// The examples whose class has another one, or, of many, every fifth of those.
    let rows: [Int]
    /// The number of the fold of each example, from 0: examples of a class are spread evenly. -1 for the only one of its class, which stays.
    let folds: [Int]
    let targets: [Int]

    static let foldCount = 5
    /// Up to this many examples, all of them are held out in turn.
    static let mostHeldOut = 5_000

    /// No example is held out.
    static let none = Validation()

    private init() { (rows, folds, targets) = ([], [], []) }

    init(_ examples: ClassifierExamples, seed: UInt64 = 1) {
        var random = SplitMix64(seed: seed)
        var order = Array(0..<examples.count)
        order.shuffle(using: &random)
        var seen = [Int](repeating: 0, count: examples.classes)
        var folds = [Int](repeating: -1, count: examples.count)
        for row in order where examples.counts[examples.targets[row]] > 1 {
            let target = examples.targets[row]
            // All classes begin at the same fold. If a fold held out an example of some classes and none of others, the sizes of the
            // classes would tell which class a held-out example has.
            folds[row] = seen[target] % Self.foldCount
            seen[target] += 1
        }
        let usable = (0..<examples.count).filter { examples.counts[examples.targets[$0]] > 1 }
        rows = examples.count <= Self.mostHeldOut ? usable : usable.filter { folds[$0] == 0 }
        targets = rows.map { examples.targets[$0] }
        self.folds = folds
    }

    /// The folds that have a row.
    var usedFolds: [Int] { Set(rows.map { folds[$0] }).sorted() }

    /// Examples that stand for all where a search over settings would take too long: the first of each class in turn.
    static func sample(_ examples: ClassifierExamples, most: Int) -> [Int] {
        guard examples.count > most else { return Array(0..<examples.count) }
        var random = SplitMix64(seed: 2)
        var order = Array(0..<examples.count)
        order.shuffle(using: &random)
        var seen = [Int](repeating: 0, count: examples.classes)
        let ranked = order.enumerated().map { place, row in
            let rank = seen[examples.targets[row]]
            seen[examples.targets[row]] += 1
            return (rank, place, row)
        }
        return ranked.sorted { ($0.0, $0.1) < ($1.0, $1.1) }.prefix(most).map(\.2).sorted()
    }

    /// Scores of the rows by heads that are fitted to the other folds.
    ///
    /// - Parameter extended: Adds to the examples of the other folds, whose rows it is given.
    func crossValidated(
        _ examples: ClassifierExamples,
        extending extended: (_ rows: [Int], ClassifierExamples) throws -> ClassifierExamples = { $1 },
        _ fit: (ClassifierExamples) throws -> any ClassifierHead
    ) throws -> Matrix<Double> {
        var scores = Matrix<Double>(rows: rows.count, columns: examples.classes)
        for fold in usedFolds {
            let others = (0..<examples.count).filter { folds[$0] != fold }
            let training = try extended(others, examples.chosen(others))
            let places = rows.indices.filter { folds[rows[$0]] == fold }
            let found = try fit(training).scores(of: examples.inputs.chosen(places.map { rows[$0] }), training)
            for (row, place) in places.enumerated() {
                for column in 0..<scores.columns { scores[place, column] = found[row, column] }
            }
        }
        return scores
    }
}

/// How well scores tell the classes, with the temperature that makes probabilities of them.
public struct Calibration: Sendable {
    public let accuracy: Double
    /// The mean of -ln of the probability of the right class.
    public let logLoss: Double
    /// What scores are divided by before the softmax (Guo et al. 2017, arXiv 1706.04599).
    public let temperature: Double

    init(_ scores: Matrix<Double>, _ targets: [Int]) {
        precondition(scores.rows == targets.count && !targets.isEmpty)
        // Few examples that are all right would make any text certain: each counts as right n + 1 times of n + 2 (Platt 1999).
        let doubt = 1 / Double(targets.count + 2)
        func loss(_ logarithm: Double) -> Double {
            Self.logLoss(scores, targets, temperature: exp(logarithm), doubt: doubt)
        }
        // The loss may have more than one valley; the deepest is looked for first.
        let (low, high, step) = (-8.0, 5.0, 0.5)
        var best = (place: low, loss: Double.infinity)
        for place in stride(from: low, through: high, by: step) {
            let found = loss(place)
            if found < best.loss { best = (place, found) }
        }
        let place = goldenSection(from: best.place - step, to: best.place + step, tolerance: 1e-3, loss)
        temperature = exp(place)
        logLoss = Self.logLoss(scores, targets, temperature: temperature, doubt: 0)
        let right = targets.indices.count { scores.greatest($0) == targets[$0] }
        accuracy = Double(right) / Double(targets.count)
    }

    /// - Parameter doubt: The share of an example that counts for all other classes alike.
    private static func logLoss(
        _ scores: Matrix<Double>, _ targets: [Int], temperature: Double, doubt: Double
    ) -> Double {
        var sum = 0.0
        for (row, target) in targets.enumerated() {
            let values = scores.row(row)
            let greatest = values.max() ?? 0
            var (total, all) = (0.0, 0.0)
            for value in values {
                total += exp((value - greatest) / temperature)
                all += value - greatest
            }
            let right = scores[row, target] - greatest
            let others = scores.columns > 1 ? (all - right) / Double(scores.columns - 1) : right
            sum += log(total) - ((1 - doubt) * right + doubt * others) / temperature
        }
        return sum / Double(targets.count)
    }

    /// The place of the best of some: of those whose accuracy is within a standard error of the greatest, the one with the
    /// lowest log loss, which varies less from sample to sample; the first of equal ones.
    static func best(_ all: [Calibration], of count: Int) -> Int? {
        guard let greatest = all.map(\.accuracy).max() else { return nil }
        let error = (greatest * (1 - greatest) / Double(max(count, 1))).squareRoot()
        let close = all.indices.filter { all[$0].accuracy >= greatest - error }
        return close.min { all[$0].logLoss != all[$1].logLoss ? all[$0].logLoss < all[$1].logLoss : $0 < $1 }
    }

    /// The probabilities of the classes for a row of scores.
    static func probabilities(_ scores: some Collection<Double>, temperature: Double) -> [Double] {
        let greatest = scores.max() ?? 0
        let weights = scores.map { exp(($0 - greatest) / temperature) }
        let total = weights.reduce(0, +)
        return weights.map { $0 / total }
    }
}

extension Validation {
    /// The place of the scores with the lowest log loss, the first of equal ones; 0 without rows.
    func best(_ candidates: [Matrix<Double>]) -> Int {
        guard !rows.isEmpty else { return 0 }
        var best = (place: 0, loss: Double.infinity)
        for (place, scores) in candidates.enumerated() {
            let loss = Calibration(scores, targets).logLoss
            if loss < best.loss { best = (place, loss) }
        }
        return best.place
    }
}
