internal import TrawlCore

/// The losses of a query's group: a relevant passage, first, and others that are not. Formulas of MacAvaney et al. 2020 (arXiv
/// 2004.14269) for the pointwise and pairwise ones, of Hofstätter et al. 2020 (arXiv 2010.02666) for Margin-MSE.
public enum RerankLoss: String, Codable, Sendable, CaseIterable {
    /// -log softmax of the relevant passage's score over the group.
    case listwise
    /// Per pair: -log softmax of the relevant passage's score over both.
    case crossEntropy = "cross-entropy"
    /// Per pair: 1 - softmax of the relevant passage's score over both.
    case softmax
    /// Per pair: max(0, 1 - s+ + s-).
    case hinge
    /// Per passage: -log of the probability sigmoid(s) of its judgement.
    case pointwise
    /// Per passage: the squared error of sigmoid(s).
    case squared = "mse"
    /// Per pair: ((s+ - s-) - (t+ - t-))² for the scores t of a teacher.
    case marginSquared = "margin-mse"
    /// The cross entropy of the softmax of the group's scores to that of a teacher's, which are standardised in the group.
    case distillation = "kl"

    /// Whether the loss takes the scores of a teacher.
    public var needsTeacher: Bool { self == .marginSquared || self == .distillation }

    /// The loss of a group and its derivative by each score.
    ///
    /// - Parameters:
    ///   - scores: That of the relevant passage first; at least two.
    ///   - teacher: As many, where `needsTeacher`.
    /// - Complexity: O(scores).
    func value(_ scores: [Float], teacher: [Float]) -> LossAndSlopes {
        switch self {
        case .listwise: return Self.softmaxLoss(scores, target: [1] + [Double](repeating: 0, count: scores.count - 1))
        case .distillation:
            return Self.softmaxLoss(scores, target: softLabels(teacher, temperature: Self.teacherTemperature))
        case .crossEntropy:
            return Self.pairs(scores) { difference, _ in
                let wrong = sigmoid(-difference)
                return (softplus(-difference), -wrong)
            }
        case .softmax:
            return Self.pairs(scores) { difference, _ in
                let right = sigmoid(difference)
                return (1 - right, -right * (1 - right))
            }
        case .hinge: return Self.pairs(scores) { difference, _ in (max(0, 1 - difference), difference < 1 ? -1 : 0) }
        case .marginSquared:
            return Self.pairs(scores) { difference, index in
                let error = difference - Double(teacher[0] - teacher[index])
                return (error * error, 2 * error)
            }
        case .pointwise:
            return Self.points(scores) { score, label in
                (label == 1 ? softplus(-score) : softplus(score), sigmoid(score) - label)
            }
        case .squared:
            return Self.points(scores) { score, label in
                let (p, error) = (sigmoid(score), sigmoid(score) - label)
                return (error * error, 2 * error * p * (1 - p))
            }
        }
    }

    /// The mean of a loss over the pairs of the first score with each of the others.
    private static func pairs(
        _ scores: [Float], _ loss: (_ difference: Double, _ index: Int) -> (value: Double, slope: Double)
    ) -> LossAndSlopes {
        var slopes = [Float](repeating: 0, count: scores.count)
        var sum = 0.0
        let share = 1 / Double(scores.count - 1)
        for index in 1..<scores.count {
            let (value, slope) = loss(Double(scores[0]) - Double(scores[index]), index)
            sum += value * share
            slopes[0] += Float(slope * share)
            slopes[index] -= Float(slope * share)
        }
        return (sum, slopes)
    }

    /// The mean of a loss over all scores; the label of the first is 1, that of the others 0.
    private static func points(
        _ scores: [Float], _ loss: (_ score: Double, _ label: Double) -> (value: Double, slope: Double)
    ) -> LossAndSlopes {
        let share = 1 / Double(scores.count)
        var sum = 0.0
        let slopes = scores.enumerated().map { index, score in
            let (value, slope) = loss(Double(score), index == 0 ? 1 : 0)
            sum += value * share
            return Float(slope * share)
        }
        return (sum, slopes)
    }

    private static func softmaxLoss(_ scores: [Float], target: [Double]) -> LossAndSlopes {
        let shares = normalisedExponentials(scores.map(Double.init))
        let value = zip(shares, target).reduce(0) { $0 - $1.1 * logarithm(max($1.0, 1e-30)) }
        return (value, zip(shares, target).map { Float($0 - $1) })
    }

    /// The temperature at which the best of eight standardised scores gets about half of the mass.
    private static let teacherTemperature = 0.75
}

private func sigmoid(_ x: Double) -> Double { 1 / (1 + exponential(-x)) }

/// log(1 + e^x).
private func softplus(_ x: Double) -> Double {
    x > 0 ? x + logarithm(1 + exponential(-x)) : logarithm(1 + exponential(x))
}
