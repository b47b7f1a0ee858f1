import Foundation
public import TrawlCore
import TrawlTensors

/// Fits a map of low rank that moves the vectors of queries towards those of their answers, which stay as they are.
///
/// With q' = unit(q + up down q + bias) and s = q' . passage / temperature, the loss of a query is the cross-entropy between
/// softmax(s) over the passages that answer any query and a target over those that answer this one. The target is soft:
/// grade times softmax of the scores before the fit, so that of many answers those count that the vectors can reach.
/// Passages that answer no query are left out, for the fit would learn to avoid them: measured on five collections, that
/// costs queries about new documents up to 0.04 nDCG@10.
///
/// `up` begins at 0, so that training begins at the vectors as they are.
public struct QueryAdapterFit: Sendable {
    public var rank = 128
    /// How often each query is seen.
    public var rounds = 10
    public var queriesPerStep = 64
    public var learningRate: Float = 1e-3
    /// What decays of the two matrices per step, as a share of the learning rate: it keeps the map of low rank and small.
    public var weightDecay: Float = 0.1
    public var temperature: Float = 0.05
    public var seed: UInt64 = 1

    public init() {}

    /// The fitted map.
    public struct Fitted: Equatable, Sendable {
        /// `[rank, dimension]`
        public let down: [Float]
        /// `[dimension, rank]`
        public let up: [Float]
        /// `[dimension]`
        public let bias: [Float]
        /// The mean loss of each round, while it was trained.
        public let losses: [Double]
    }

    /// - Throws: `TrawlError.invalidInput` when no query has an answer, `.unsupported` when the loss stops being finite;
    ///   `CancellationError` when it was cancelled.
    /// - Complexity: O(rounds x queries x passages x dimension).
    public func fitted(_ examples: QueryAdapterExamples, cancellation: Cancellation = .never) throws -> Fitted {
        let answered = examples.answers.indices.filter { !examples.answers[$0].isEmpty }
        guard !answered.isEmpty else { throw TrawlError(.invalidInput, "no query has a passage that answers it") }
        let dimension = examples.queries.columns
        let map = QueryAdapterMap(rank: min(rank, dimension), dimension: dimension, seed: seed)
        var settings = AdamW.Settings()
        (settings.beta2, settings.weightDecay, settings.clip) = (0.999, weightDecay, 0)
        let optimiser = AdamW(map.parameters, settings: settings)
        var loss = QueryAdapterLoss(examples, temperature: temperature)
        // Few queries take as many steps as some hundreds do.
        let perStep = max(1, min(queriesPerStep, answered.count / 10))
        let stepsPerRound = (answered.count + perStep - 1) / perStep
        var generator = SplitMix64(seed: seed &+ 1)
        var losses: [Double] = []
        for round in 0..<rounds {
            let order = answered.shuffled(using: &generator)
            var sum = 0.0
            for step in 0..<stepsPerRound {
                if cancellation.isCancelled { throw CancellationError() }
                let rows = Array(order[step * perStep..<min((step + 1) * perStep, order.count)])
                sum += try loss.add(rows, to: map) * Double(rows.count)
                let done = Float(round * stepsPerRound + step) / Float(rounds * stepsPerRound)
                optimiser.update(rate: learningRate * (1 - done))
            }
            let mean = sum / Double(order.count)
            guard mean.isFinite else {
                throw TrawlError(
                    .unsupported, "the loss is not finite after \(round + 1) rounds",
                    remedy: "fit with a lower learning rate")
            }
            losses.append(mean)
        }
        return Fitted(down: map.down.values, up: map.up.values, bias: map.bias.values, losses: losses)
    }
}

/// The parameters of the map.
final class QueryAdapterMap {
    let down: Parameter
    let up: Parameter
    let bias: Parameter
    var parameters: [Parameter] { [down, up, bias] }

    init(rank: Int, dimension: Int, seed: UInt64) {
        var generator = SplitMix64(seed: seed)
        let scale = 1 / Float(dimension).squareRoot()
        down = Parameter(
            name: "down", rows: rank, columns: dimension, isVector: false, rateFactor: 1,
            values: (0..<rank * dimension).map { _ in scale * generator.nextGaussian() })
        up = Parameter(
            name: "up", rows: dimension, columns: rank, isVector: false, rateFactor: 1,
            values: [Float](repeating: 0, count: dimension * rank))
        bias = Parameter(
            name: "bias", rows: 1, columns: dimension, isVector: true, rateFactor: 1,
            values: [Float](repeating: 0, count: dimension))
    }
}

extension SplitMix64 {
    /// A number of the standard normal distribution (Box and Muller 1958).
    fileprivate mutating func nextGaussian() -> Float {
        let radius = (-2 * log(1 - nextShare())).squareRoot()
        return Float(radius * cos(2 * .pi * nextShare()))
    }
}
