import Foundation
internal import TrawlCore

/// Sequential boosting of blocks of neurons (Emami and Martínez-Muñoz, arXiv 1909.12098) for rankings: each block is fitted by
/// least squares to what the lists' loss still asks for, and is added with the step that lowers the loss most.
///
/// The scores start as `scale` times the base, so that without blocks the ranking is that of the base.
public struct BoostedRanking: Sendable {
    public struct Settings: Sendable {
        public var block = BlockFitter()
        /// The share of the best step that is made.
        public var rate = 0.3
        /// The share of the lists that a block is fitted to, drawn anew for each.
        public var share = 0.75
        public var seed: UInt64 = 1

        public init() {}
    }

    /// The factor of the base.
    public let scale: Double
    public private(set) var blocks: [NeuronBlock] = []
    /// The scores of all candidates of all lists, also of those that were not fitted to.
    public private(set) var scores: [Double]
    private let lists: RankingLists
    private let chosen: [Int]
    private let settings: Settings
    private var random: SplitMix64

    /// The steps that are tried, in standard deviations of the scores.
    private static let longestStep = 10.0

    /// - Parameter chosen: The lists that are fitted to; those that teach nothing are left out.
    public init(_ lists: RankingLists, fittedTo chosen: [Int], _ settings: Settings = Settings()) {
        self.lists = lists
        self.chosen = chosen.filter(lists.teaches)
        self.settings = settings
        random = SplitMix64(seed: settings.seed)
        let fitted = self.chosen
        let exponent = goldenSection(from: log(0.01), to: log(1000), tolerance: 1e-3) { exponent in
            lists.loss(lists.base.map { exp(exponent) * $0 }, of: fitted)
        }
        let scale = exp(exponent)
        self.scale = scale
        scores = lists.base.map { scale * $0 }
    }

    /// Fits and adds a block.
    public mutating func addBlock() {
        let sample = drawn()
        let ranges = sample.map { lists.lists[$0] }
        let targets = sample.flatMap { list in
            lists.residuals(scores, of: list).map { Float(lists.weights[list] * $0) }
        }
        let table = lists.table.rows(of: ranges)
        var block = settings.block.fit(table, targets: targets, seed: random.next())
        let values = block.values(table)
        let mean = values.reduce(0.0) { $0 + Double($1) } / Double(max(1, values.count))
        let variance =
            values.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / Double(max(1, values.count))
        guard variance > 1e-20 else {
            // Nothing is left to learn.
            blocks.append(block.scaled(0))
            return
        }
        let deviation = variance.squareRoot()
        var sampled = [Double](repeating: 0, count: scores.count)
        var place = 0
        for row in ranges.joined() {
            sampled[row] = (Double(values[place]) - mean) / deviation
            place += 1
        }
        let step = goldenSection(from: 0, to: Self.longestStep, tolerance: 1e-3) { step in
            var tried = scores
            for row in ranges.joined() { tried[row] += step * sampled[row] }
            return lists.loss(tried, of: sample)
        }
        block.offset -= Float(mean)
        block = block.scaled(Float(settings.rate * step / deviation))
        for (row, value) in block.values(lists.table).enumerated() { scores[row] += Double(value) }
        blocks.append(block)
    }

    /// The lists of a block, in order.
    private mutating func drawn() -> [Int] {
        let count = min(chosen.count, max(1, Int((settings.share * Double(chosen.count)).rounded(.up))))
        guard count < chosen.count else { return chosen }
        var order = chosen
        order.shuffle(using: &random)
        return order.prefix(count).sorted()
    }
}
