internal import TrawlCore

/// Training a generator to write n-grams of the passages that answer a query: label-smoothed cross entropy of spans (`tokens`),
/// and, once there are self samples, the ranking loss of its own n-grams (`ranking`).
///
/// An `ExampleWeighting` weighs sources by the mean loss of their spans' tokens; rankings are not weighted. See
/// `GeneratorExamples` for the sources that a curriculum can name.
public final class GeneratorObjective: TrainingObjective {
    public struct Settings: Codable, Sendable, Equatable {
        /// Of an encoder-decoder.
        public var rates = TrainingRates()
        public var labelSmoothing: Float = 0.05
        public var examples = GeneratorExamples.Settings()
        /// The exponent of beta-MML over the spans of a source (`SpanShares`): above 0, at most 1; nil for all spans alike.
        public var spanExponent: Double?
        /// Of a decoder, which is trained through its adapters; nil for other models.
        public var adapter: LowRankSettings?

        public init() {}
    }

    /// What the generator wrote itself so far.
    public struct State: Codable, Sendable {
        var samplingRounds: Int
        var samples: SelfSamples?
    }

    /// The names of the losses.
    public static let tokenLoss = "tokens"
    public static let rankingLoss = "ranking"

    public let network: any GeneratorNetwork
    public let settings: Settings
    /// How many of the rounds of `settings.examples.samples.rounds` are past.
    public var samplingRounds = 0
    private let origin: String
    private var examples: GeneratorExamples

    /// - Parameters:
    ///   - settings: The settings of the examples are those that `examples` were made with.
    ///   - origin: Identifies the model that training began with, such as its digest.
    public init(
        _ network: any GeneratorNetwork, examples: GeneratorExamples, settings: Settings = Settings(),
        origin: String = ""
    ) {
        self.network = network
        self.examples = examples
        self.origin = origin
        var settings = settings
        settings.examples = examples.settings
        self.settings = settings
    }

    /// The n-grams that the generator wrote for queries; from the next step on it learns from them too.
    public var selfSamples: SelfSamples? {
        get { examples.selfSamples }
        set { examples.selfSamples = newValue }
    }

    public static var unit: String { "target tokens" }
    public var parameters: [Parameter] { network.parameters }
    public var dataDigest: String { origin + "/" + examples.digest }

    /// - Throws: `TrawlError.incompatible` when the network has fewer positions than sources and spans need, or a smaller
    ///   vocabulary than the examples.
    public func validate() throws {
        let (source, span) = (settings.examples.sourceLength, settings.examples.spanLength)
        guard (network.sharesPositions ? source + span : max(source, span)) <= network.positions else {
            throw TrawlError(
                .incompatible, "the model has \(network.positions) positions, too few for a source and its spans",
                remedy: "begin with a model that reads longer texts")
        }
        guard examples.highestToken < network.vocabularySize else {
            throw TrawlError(
                .incompatible,
                "the corpus has the token \(examples.highestToken), the model a vocabulary of \(network.vocabularySize)",
                remedy: "use the tokenizer that belongs to the model")
        }
    }

    public func batch(of step: TrainingStep) throws -> GenerationBatch {
        let batch = examples.batch(of: step)
        guard !batch.items.isEmpty else {
            throw TrawlError(
                .invalidInput, "step \(step.number) has nothing to learn from",
                remedy: "give shares above 0 to what the corpus has: queries, sentences or titles")
        }
        return settings.spanExponent.map { batch.weighingSpans(exponent: $0) } ?? batch
    }

    public func accumulateGradients(of batch: GenerationBatch, in pass: GradientPass) -> StepLosses {
        let tokens = batch.targetTokens
        let sum = network.accumulateGradients(
            batch, smoothing: settings.labelSmoothing, scale: Float(1 / Double(max(1, tokens))), in: pass)
        var losses = [NamedLoss(Self.tokenLoss, sum / Double(max(1, tokens)))]
        if let loss = rank(batch.rankings, pass) { losses.append(NamedLoss(Self.rankingLoss, loss)) }
        return StepLosses(losses, units: tokens)
    }

    /// Adds the gradients of the rankings.
    ///
    /// - Returns: Their mean loss; nil without any.
    private func rank(_ rankings: [GenerationBatch.Ranking], _ pass: GradientPass) -> Double? {
        if rankings.isEmpty { return nil }
        let scale = settings.examples.samples.rankingWeight / Float(rankings.count)
        let sum = rankings.reduce(0) { $0 + network.accumulateGradients($1, scale: scale, tape: pass.tape) }
        return sum / Double(rankings.count)
    }

    public var state: State { State(samplingRounds: samplingRounds, samples: selfSamples) }

    public func restore(_ state: State) throws {
        try state.samples?.validate(vocabulary: network.vocabularySize)
        (samplingRounds, selfSamples) = (state.samplingRounds, state.samples)
    }
}
