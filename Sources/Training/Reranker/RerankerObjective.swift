internal import TrawlCore
internal import TrawlModels

/// Training a reranker to score a query's relevant passage above others that a first stage found.
///
/// An `ExampleWeighting` weighs queries by the loss of their group.
public final class RerankerObjective: TrainingObjective {
    public struct Settings: Codable, Sendable, Equatable {
        public var loss = RerankLoss.listwise
        public var rates = CrossEncoderNetwork.Rates()
        public var examples = RerankExamples.Settings()
        public var curriculum: RerankCurriculum?

        public init() {}
    }

    public let network: any RerankerNetwork
    public let settings: Settings
    private let examples: RerankExamples
    private let origin: String

    /// - Parameters:
    ///   - examples: Made with the settings' own.
    ///   - origin: Identifies the model that training began with, such as its digest.
    public init(
        _ network: any RerankerNetwork, examples: RerankExamples, settings: Settings = Settings(), origin: String = ""
    ) {
        (self.network, self.examples, self.settings, self.origin) = (network, examples, settings, origin)
    }

    public static var unit: String { "pairs" }
    public var parameters: [Parameter] { network.parameters }
    public var dataDigest: String { origin + "/" + examples.digest }

    /// - Throws: `TrawlError.incompatible` when the network has fewer positions than pairs need, or a smaller vocabulary than
    ///   the texts.
    public func validate() throws {
        guard settings.examples.maximumTokens <= network.positions else {
            throw TrawlError(
                .incompatible,
                "the model reads \(network.positions) tokens, pairs have up to \(settings.examples.maximumTokens)",
                remedy: "train with shorter pairs")
        }
        guard examples.highestToken < network.vocabularySize else {
            throw TrawlError(
                .incompatible,
                "the texts have the token \(examples.highestToken), the model a vocabulary of \(network.vocabularySize)",
                remedy: "use the tokenizer that belongs to the model")
        }
    }

    public func batch(of step: TrainingStep) -> [RerankExamples.Group] { examples.groups(of: step) }

    public func accumulateGradients(of batch: [RerankExamples.Group], in pass: GradientPass) -> StepLosses {
        let scale = 1 / Float(max(1, batch.count))
        var sum = 0.0
        for groups in parts(of: batch, microBatch: pass.microBatch) {
            pass.tape.clear()
            let scores = network.scores(of: groups.flatMap(\.inputs), pass.tape)
            _ = pass.tape.loss(of: scores, scale: scale) { values in
                var start = 0
                let losses = groups.map { group in
                    defer { start += group.inputs.count }
                    return settings.loss.value(
                        Array(values[start..<start + group.inputs.count]), teacher: group.teacher)
                }
                sum += losses.reduce(0) { $0 + $1.value }
                let weights = pass.weights(
                    of: zip(groups, losses).map { ExampleLoss(example: $0.example, value: $1.value) })
                return (
                    0,
                    zip(groups, zip(losses, weights)).flatMap { group, found in
                        found.0.slopes.map { $0 * found.1 * group.weight }
                    }
                )
            }
            pass.tape.backward()
        }
        return StepLosses(
            [NamedLoss(settings.loss.rawValue, sum * Double(scale))], units: batch.reduce(0) { $0 + $1.inputs.count })
    }

    /// Whole groups in parts of at most `microBatch` tokens, or of one group that has more.
    private func parts(of batch: [RerankExamples.Group], microBatch: Int) -> [[RerankExamples.Group]] {
        var parts: [[RerankExamples.Group]] = []
        var tokens = 0
        for group in batch {
            let count = group.inputs.reduce(0) { $0 + $1.tokens.count }
            if parts.isEmpty || tokens + count > microBatch {
                parts.append([])
                tokens = 0
            }
            parts[parts.count - 1].append(group)
            tokens += count
        }
        return parts
    }
}
