public import TrawlCore
internal import TrawlModels

/// Training an embedder to place queries near their relevant passages: InfoNCE over all passages of a step, and the shares that
/// a teacher gives the passages of a group. Before that it may learn the similarities that people gave to pairs of texts.
///
/// An `ExampleWeighting` weighs queries by the sum of both losses.
public final class EmbedderObjective: TrainingObjective {
    public struct Settings: Codable, Sendable, Equatable {
        public var adaptation = EmbedderAdaptation()
        public var examples = EmbedderExamples.Settings()
        /// What similarities are divided by.
        public var temperature: Float = 0.05
        /// The weight of the teacher's shares beside InfoNCE.
        public var softWeight: Float = 0.3
        /// How many pairs of texts a step has.
        public var pairsPerStep = 64

        public init() {}
    }

    /// Two texts and the similarity that people gave them.
    public struct Pair: Sendable {
        let first, second: [TokenID]
        let similarity: Double

        public init(first: [TokenID], second: [TokenID], similarity: Double) {
            (self.first, self.second, self.similarity) = (first, second, similarity)
        }
    }

    /// Where the windows of an order by angle concentration are.
    public struct State: Codable, Sendable {
        var windows: [ConcentrationWindow.State]?
    }

    /// What a step learns from.
    public enum Batch {
        case groups(Groups)
        case pairs([Pair])

        /// Queries with their passages.
        public struct Groups {
            let batch: EmbedderExamples.Batch
        }
    }

    public let network: any EmbedderNetwork
    public let settings: Settings
    private var examples: EmbedderExamples
    private let pairs: [Pair]
    private let origin: String

    /// - Parameters:
    ///   - examples: Made with the settings' own.
    ///   - pairs: What the first steps learn, each once; none for none.
    ///   - origin: Identifies the model that training began with, such as its digest.
    public init(
        _ network: any EmbedderNetwork, examples: EmbedderExamples, pairs: [Pair] = [],
        settings: Settings = Settings(), origin: String = ""
    ) {
        (self.network, self.examples, self.pairs) = (network, examples, pairs)
        (self.settings, self.origin) = (settings, origin)
    }

    public static var unit: String { "tokens" }
    public var parameters: [Parameter] { network.parameters }

    public var dataDigest: String {
        var hash = StableHash()
        for pair in pairs {
            for tokens in [pair.first, pair.second] { tokens.withUnsafeBytes { hash.update($0) } }
            hash.update("\(pair.first.count) \(pair.similarity.bitPattern)")
        }
        return origin + "/" + examples.digest + (pairs.isEmpty ? "" : "/" + hash.hexadecimal)
    }

    /// The steps in which all pairs have their turn.
    public var pairSteps: Int { (pairs.count + settings.pairsPerStep - 1) / settings.pairsPerStep }

    /// - Throws: `TrawlError.incompatible` when the network has fewer positions than texts need, or a smaller vocabulary than the
    ///   texts.
    public func validate() throws {
        let longest = settings.examples.longestQuery
        guard longest <= network.positions else {
            throw TrawlError(
                .incompatible, "the model reads \(network.positions) tokens, texts have up to \(longest)",
                remedy: "train with shorter texts" + (settings.examples.shown == nil ? "" : ", or show fewer examples"))
        }
        let highest = max(
            examples.highestToken, Int(pairs.lazy.flatMap { [$0.first, $0.second] }.compactMap { $0.max() }.max() ?? 0))
        guard highest < network.vocabularySize else {
            throw TrawlError(
                .incompatible,
                "the texts have the token \(highest), the model a vocabulary of \(network.vocabularySize)",
                remedy: "use the tokenizer that belongs to the model")
        }
    }

    public func batch(of step: TrainingStep) -> Batch {
        guard step.number < pairSteps else { return .groups(.init(batch: examples.batch(of: step))) }
        let start = step.number * settings.pairsPerStep
        let numbers = start..<min(start + settings.pairsPerStep, pairs.count)
        return .pairs(numbers.map { pairs[ShuffledRounds.index($0, of: pairs.count, seed: step.seed)] })
    }

    public func accumulateGradients(of batch: Batch, in pass: GradientPass) -> StepLosses {
        switch batch {
        case .groups(let groups): accumulate(groups.batch, in: pass)
        case .pairs(let pairs): accumulate(pairs, in: pass)
        }
    }

    private func accumulate(_ batch: EmbedderExamples.Batch, in pass: GradientPass) -> StepLosses {
        let (count, scale) = (batch.rows.count, 1 / Float(batch.rows.count))
        var solved = 0
        let (softWeight, columns) = (Double(settings.softWeight), batch.texts.count - count)
        let (hard, soft) = GradientCache(network: network, microBatch: pass.microBatch).accumulate(
            batch.texts, on: pass.tape
        ) { tape, embedded in
            let similarities = network.similarities(
                embedded, queries: Array(batch.texts[..<count]), passages: Array(batch.texts[count...]),
                scale: 1 / settings.temperature, tape)
            var losses: (hard: Double, soft: Double) = (0, 0)
            _ = tape.loss(of: similarities, scale: scale) { values in
                solved = batch.rows.enumerated().count { row, query in
                    query.rank(in: values[row * columns..<(row + 1) * columns]) < Self.solvedRank
                }
                let found = EmbeddingLoss.contrastive(values, columns: columns, batch.rows, softWeight: softWeight)
                losses = (found.hard.reduce(0, +), found.soft.reduce(0, +))
                let weights = pass.weights(
                    of: batch.examples.indices.map {
                        ExampleLoss(example: batch.examples[$0], value: found.hard[$0] + softWeight * found.soft[$0])
                    })
                return (0, found.slopes.indices.map { found.slopes[$0] * weights[$0 / columns] })
            }
            return losses
        }
        examples.record(batch, solved: solved)
        var losses = [NamedLoss("contrastive", hard * Double(scale))]
        if softWeight != 0 { losses.append(NamedLoss("labels", soft * Double(scale))) }
        return StepLosses(losses, units: batch.texts.reduce(0) { $0 + $1.count })
    }

    /// A query is solved if fewer passages of the step are nearer to it than its relevant one.
    private static let solvedRank = 10

    public var state: State { State(windows: examples.windowStates) }

    public func restore(_ state: State) throws {
        let isSound =
            (state.windows ?? []).count == examples.windows.count
            && zip(examples.windows, state.windows ?? []).allSatisfy { $0.isValid($1) }
        guard isSound else {
            throw TrawlError(.corrupted, "the windows of the state are damaged", remedy: "train anew")
        }
        examples.windowStates = state.windows
    }

    private func accumulate(_ pairs: [Pair], in pass: GradientPass) -> StepLosses {
        let (count, texts) = (pairs.count, pairs.map(\.first) + pairs.map(\.second))
        let loss = GradientCache(network: network, microBatch: pass.microBatch).accumulate(texts, on: pass.tape) {
            tape, embedded in
            let similarities = network.similarities(
                embedded, queries: Array(texts[..<count]), passages: Array(texts[count...]), scale: 1, tape)
            return tape.loss(of: similarities) { values in
                let cosines = (0..<count).map { values[$0 * count + $0] }
                let (value, slopes) = EmbeddingLoss.ranking(cosines, given: pairs.map(\.similarity))
                var all = [Float](repeating: 0, count: values.count)
                for index in 0..<count { all[index * count + index] = slopes[index] }
                return (value, all)
            }
        }
        return StepLosses([NamedLoss("pairs", loss)], units: texts.reduce(0) { $0 + $1.count })
    }
}
