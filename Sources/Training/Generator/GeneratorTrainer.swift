internal import Foundation
internal import TrawlCore
public import TrawlTensors

/// Everything that can be set in a generator's training.
public struct GeneratorTrainingSettings: Codable, Sendable, Equatable {
    public var rates = TrainingRates()
    public var learningRate = LearningRate()
    public var optimiser = AdamW.Settings()
    public var labelSmoothing: Float = 0.05
    public var examples = GeneratorExamples.Settings()
    /// Makes every draw repeatable.
    public var seed: UInt64 = 1
    /// Where training ends: after so many steps, which repeats to the bit, or after so many seconds.
    public var steps: Int?
    public var seconds: Double?
    /// The rows that are computed at once: what bounds the memory.
    public var rowsAtOnce = 1024
    /// Of a decoder, which is trained through its adapters; nil for other models.
    public var adapter: LowRankSettings?

    public init() {}
}

/// How far training has come.
public struct TrainingProgress: Sendable {
    public let step: Int
    /// The mean loss of a token, over the last steps.
    public let loss: Double
    /// The share of the training that is done, 0 to 1.
    public let done: Double
    public let secondsLeft: Double
    public let tokensPerSecond: Double
    /// The norm of the gradient before clipping.
    public let gradientNorm: Float
    /// The mean loss of a ranking, over the last steps that had rankings; nil before.
    public let rankingLoss: Double?
}

/// Trains a generator to write what stands in the passages that answer a query.
public final class GeneratorTrainer {
    public let network: any GeneratorNetwork
    public let settings: GeneratorTrainingSettings
    public private(set) var step = 0
    /// The seconds of earlier sessions and this one.
    public private(set) var seconds = 0.0
    public var history = TrainingHistory()
    let optimiser: AdamW
    private let origin: String
    private var examples: GeneratorExamples
    private let tape: Tape
    private var recentLoss: Double?
    private var recentRankingLoss: Double?

    /// - Parameter origin: Tells the model that training began with apart from others.
    public init(
        _ network: any GeneratorNetwork, examples: GeneratorExamples, settings: GeneratorTrainingSettings,
        origin: String = "",
        pool: ThreadPool = .shared
    ) throws {
        guard settings.steps != nil || settings.seconds != nil else {
            throw TrawlError(.invalidInput, "the training has no end", remedy: "give minutes or steps")
        }
        let (source, span) = (settings.examples.sourceLength, settings.examples.spanLength)
        guard (network.sharesPositions ? source + span : max(source, span)) <= network.positions else {
            throw TrawlError(
                .incompatible, "the model has \(network.positions) positions, fewer than a source's tokens",
                remedy: "begin with a model that reads longer texts")
        }
        guard examples.highestToken < network.vocabularySize else {
            throw TrawlError(
                .incompatible,
                "the corpus has the token \(examples.highestToken), the model's vocabulary ends at \(network.vocabularySize)",
                remedy: "use the tokenizer that belongs to the model")
        }
        self.network = network
        self.examples = examples
        self.settings = settings
        self.origin = origin
        optimiser = AdamW(network.parameters, settings: settings.optimiser, pool: pool)
        tape = Tape(pool: pool)
    }

    /// The share of the training that is done.
    public var done: Double {
        let bySteps = settings.steps.map { Double(step) / Double(max(1, $0)) } ?? 0
        let byTime = settings.seconds.map { seconds / max($0, 1e-9) } ?? 0
        return min(1, max(bySteps, byTime))
    }

    /// Tells trainings of other models, corpora or queries apart.
    var dataDigest: String { origin + "/" + examples.digest }

    /// What the generator itself wrote for the queries; from the next step on it learns from that too.
    public var selfSamples: SelfSamples? {
        get { examples.selfSamples }
        set { examples.selfSamples = newValue }
    }

    /// Trains to the end, or until `report`, which is called after each step, answers false.
    ///
    /// - Throws: `TrawlError.incompatible` when the loss is no number.
    public func run(_ report: (TrainingProgress) throws -> Bool) throws {
        while done < 1 {
            let begin = ContinuousClock.now
            let batch = examples.batch(step: step)
            let tokens = Double(max(1, batch.targetTokens))
            guard !batch.items.isEmpty else {
                throw TrawlError(
                    .invalidInput, "step \(step) has nothing to learn from",
                    remedy: "give shares above 0 to what the corpus has: queries, sentences or titles")
            }
            let loss =
                network.accumulateGradients(
                    batch, smoothing: settings.labelSmoothing, scale: Float(1 / tokens),
                    rowsAtOnce: settings.rowsAtOnce, tape: tape) / tokens
            let rankingLoss = rank(batch.rankings)
            let norm = optimiser.update(rate: settings.learningRate.value(at: done))
            guard loss.isFinite, rankingLoss?.isFinite ?? true, norm.isFinite else {
                throw TrawlError(
                    .incompatible, "the loss of step \(step) is no number", remedy: "train with a lower learning rate")
            }
            step += 1
            history.gradientNorms.append(norm)
            let took =
                Double((ContinuousClock.now - begin).components.attoseconds) / 1e18
                + Double((ContinuousClock.now - begin).components.seconds)
            seconds += took
            let mean = recentLoss.map { 0.98 * $0 + 0.02 * loss } ?? loss
            recentLoss = mean
            if let rankingLoss {
                recentRankingLoss = recentRankingLoss.map { 0.98 * $0 + 0.02 * rankingLoss } ?? rankingLoss
            }
            let progress = TrainingProgress(
                step: step, loss: mean, done: done, secondsLeft: done > 0 ? seconds * (1 - done) / done : .infinity,
                tokensPerSecond: tokens / max(took, 1e-9), gradientNorm: norm,
                rankingLoss: recentRankingLoss)
            guard try report(progress) else { return }
        }
    }

    /// Adds the gradients of these rankings, and answers their mean loss.
    private func rank(_ rankings: [GenerationBatch.Ranking]) -> Double? {
        if rankings.isEmpty { return nil }
        let scale = settings.examples.samples.rankingWeight / Float(rankings.count)
        return rankings.reduce(0) { $0 + network.accumulateGradients($1, scale: scale, tape: tape) }
            / Double(rankings.count)
    }

    /// Counts time that a session spent on other things than steps.
    public func count(seconds: Double) { self.seconds += seconds }

    func restore(step: Int, seconds: Double, losses: (Double?, Double?)) {
        self.step = step
        self.seconds = seconds
        (recentLoss, recentRankingLoss) = losses
    }

    /// The smoothed losses of tokens and rankings, for a checkpoint.
    var lossesToKeep: (Double?, Double?) { (recentLoss, recentRankingLoss) }
}
