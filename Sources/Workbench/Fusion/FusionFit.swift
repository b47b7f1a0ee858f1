public import TrawlCore
public import TrawlEngine
import TrawlEvaluation
import TrawlLexicalIndex
import TrawlTraining

/// Fits the last step of hybrid search to judged queries: blocks of neurons that add to the weighted sum of scores.
///
/// Cross-validation over queries says how many blocks help, and whether they help at all.
public struct FusionFit: Sendable {
    /// The most blocks.
    public var blocks = 60
    /// The most queries of an index.
    public var limit = 500
    /// The highest chance of an improvement by accident at which a fusion is worth keeping.
    public var significance = 0.05
    public var seed: UInt64 = 1

    /// What blocks add to.
    private static let base = FusionMethod.adaptive
    private static let folds = 5
    /// The fewest queries that are worth a try, and those that make a fit to trust.
    private static let fewest = 50
    private static let many = 300

    public init() {}

    /// A fusion method with its quality on held-out queries.
    public struct Row: Codable, Sendable {
        /// `equal weights`, `present weights`, `grid of weights` or `fitted`.
        public let fusion: String
        /// The weights by method; for a grid, those that suit all queries best. None for blocks.
        public let weights: [String: Float]?
        /// nDCG@10, cross-validated where something was fitted.
        public let score: Double
        /// The chance of such a difference from the present weights by accident, by Fisher's randomisation test; nil for
        /// the present weights.
        public let chance: Double?
        public let wins: Int?
        public let losses: Int?
    }

    public struct Report: Codable, Sendable {
        /// The index's own queries that were scored, and those of them that find a relevant document among the candidates.
        public let queries: Int
        public let answerable: Int
        public let candidates: Int
        public let rows: [Row]
        /// The blocks that cross-validation chose.
        public let blocks: Int
        /// The share of the candidates whose score would fall if every method ranked them first.
        public let falling: Double
        /// Whether the fitted fusion is significantly better than the present weights.
        public let improves: Bool
    }

    /// Fits a fusion for the first of `judged`; the others, if any, count as much each.
    ///
    /// - Throws: `TrawlError.invalidInput` for too few queries, none that finds what it should, or an index that fuses nothing;
    ///   `CancellationError` when it was cancelled.
    /// - Complexity: the searches, and O(blocks x candidates) five times over.
    public func run(
        _ judged: [JudgedIndex], _ engine: Engine, progress: any ProgressReporter = .silent,
        cancellation: Cancellation = .never
    ) throws -> (fusion: FittedFusion, report: Report) {
        let pool = try pool(
            judged.map { JudgedIndex($0.index, $0.queries.spread(limit)) }, engine, progress, cancellation)
        progress.begin("fitting", total: nil, unit: "blocks")
        defer { progress.end() }
        let table = pool.table
        let lists = pool.lists(table)
        let answerable = (0..<pool.ownCount).count { lists.teaches($0) }
        guard answerable >= Self.folds else {
            throw TrawlError(
                .invalidInput,
                "\(answerable) of \(pool.ownCount) queries find a relevant document among the first "
                    + "\(FittedFusion.defaultDepth) of any method", path: judged.first?.index.path,
                remedy: "check that queries, judgements and index belong together")
        }
        var settings = BoostedRanking.Settings()
        settings.seed = seed
        var sizes = [pool.ownCount]
        for other in judged.dropFirst() { sizes.append(min(limit, other.queries.count)) }
        let validation = FusionValidation(
            lists, FusionValidation.folds(Self.folds, sizes: sizes), most: blocks, settings)
        if cancellation.isCancelled { throw CancellationError() }
        var ranking = BoostedRanking(lists, fittedTo: Array(pool.queries.indices), settings)
        for _ in 0..<validation.blocks { ranking.addBlock() }
        let fusion = Self.fusion(ranking, pool, table.moments)
        return (fusion, try report(pool, answerable, validation, fusion))
    }

    private func pool(
        _ judged: [JudgedIndex], _ engine: Engine, _ progress: any ProgressReporter, _ cancellation: Cancellation
    ) throws -> FusionPool {
        guard let own = judged.first else { throw TrawlError(.invalidInput, "there are no judged queries") }
        guard own.queries.count >= Self.fewest else {
            throw TrawlError(
                .invalidInput, "\(own.queries.count) judged queries are too few to fit a fusion",
                path: own.index.path, remedy: "give at least \(Self.fewest); \(Self.many) make a fit to rely on")
        }
        if own.queries.count < Self.many {
            progress.warn("\(own.queries.count) judged queries are few: \(Self.many) make a fit to rely on")
        }
        var pool: FusionPool?
        progress.begin("searching", total: judged.reduce(0) { $0 + $1.queries.count }, unit: "queries")
        defer { progress.end() }
        for entry in judged {
            var settings = entry.index.settings
            settings.mode = .hybrid
            settings.fusion.method = FusionFit.base
            if let methods = pool?.methods {
                settings.fusion.weights = Dictionary(uniqueKeysWithValues: methods.map { ($0.name, $0.weight) })
            }
            settings.rerankers = []
            settings.conditions = []
            settings.collapsesDocuments = true
            settings.lexical.syntax = .plain
            let session = try engine.session(entry.index, settings)
            guard session.fusedWeights.count > 1 else {
                throw TrawlError(
                    .invalidInput, "hybrid search of the index uses one method, so nothing is fused",
                    path: entry.index.path, remedy: "build it with another method", topic: .build)
            }
            var filled = pool ?? FusionPool(methods: session.fusedWeights, features: session.fusionFeatures)
            guard filled.features == session.fusionFeatures else {
                throw TrawlError(
                    .incompatible, "the index has other methods than \(own.index.path)", path: entry.index.path)
            }
            try filled.add(entry.queries, session, entry.index, progress: progress, cancellation: cancellation)
            pool = filled
        }
        guard let pool else { throw TrawlError(.invalidInput, "there are no judged queries") }
        return pool
    }

    /// The blocks over features as searches read them, on the scale of the weighted sum.
    static func fusion(
        _ ranking: BoostedRanking, _ pool: FusionPool, _ moments: [(mean: Double, deviation: Double)]
    ) -> FittedFusion {
        let width = pool.features.count
        var fusion = FittedFusion(
            base: base, weights: Dictionary(uniqueKeysWithValues: pool.methods.map { ($0.name, $0.weight) }),
            features: pool.features, queries: pool.queries.count, unitsPerBlock: BlockFitter().units)
        for block in ranking.blocks {
            var weights: [Float] = []
            var biases: [Float] = []
            for unit in block.biases.indices {
                var bias = Double(block.biases[unit])
                for feature in 0..<width {
                    let weight = Double(block.weights[unit * width + feature]) / moments[feature].deviation
                    weights.append(Float(weight))
                    bias -= weight * moments[feature].mean
                }
                biases.append(Float(bias))
            }
            fusion.append(
                weights: weights, biases: biases, outputs: block.outputs.map { Float(Double($0) / ranking.scale) },
                offset: Float(Double(block.offset) / ranking.scale))
        }
        return fusion
    }

    private func report(
        _ pool: FusionPool, _ answerable: Int, _ validation: FusionValidation, _ fusion: FittedFusion
    ) throws -> Report {
        let grid = WeightGrid(pool)
        var gridOfList: [[Float]] = pool.queries.map { _ in [] }
        for fold in validation.folds.indices {
            let weights = grid.best(of: FusionValidation.others(validation.folds, than: fold))
            for list in validation.folds[fold] { gridOfList[list] = weights }
        }
        func named(_ weights: [Float]) -> [String: Float] {
            Dictionary(uniqueKeysWithValues: zip(pool.methods.map(\.name), weights))
        }
        let equal = pool.methods.map { _ in Float(1) }
        let present = try pool.report { _, row in pool.sum(row) }
        func row(_ name: String, _ weights: [Float]?, _ report: TrawlEvaluation.Report) throws -> Row {
            let isPresent = name == Self.present
            let comparison = try Comparison(present.measures[0], from: present, to: report)
            return Row(
                fusion: name, weights: weights.map(named), score: report.means[0],
                chance: isPresent ? nil : comparison.randomisation, wins: isPresent ? nil : comparison.wins,
                losses: isPresent ? nil : comparison.losses)
        }
        let fitted = try row("fitted", nil, pool.report { _, row in validation.heldOut[row] })
        return Report(
            queries: pool.ownCount, answerable: answerable, candidates: pool.documents.count,
            rows: [
                try row("equal weights", equal, pool.report { _, row in pool.sum(row, equal) }),
                try row(Self.present, pool.methods.map(\.weight), present),
                try row(
                    "grid of weights", grid.best(of: Array(pool.queries.indices)),
                    pool.report { list, row in pool.sum(row, gridOfList[list]) }),
                fitted,
            ],
            blocks: fusion.blockCount, falling: Self.falling(pool, fusion),
            improves: fitted.score > present.means[0] && (fitted.chance ?? 1) <= significance)
    }

    private static let present = "present weights"

    /// The share of the candidates that would lose if every method ranked them first.
    private static func falling(_ pool: FusionPool, _ fusion: FittedFusion) -> Double {
        guard fusion.blockCount > 0, !pool.documents.isEmpty else { return 0 }
        let width = pool.features.count
        let best = pool.methods.reduce(Float(0)) { $0 + $1.weight }
        let own = pool.features.indices.filter { feature in
            FittedFusion.rankFeatures.contains { pool.features[feature].hasSuffix(": " + $0) }
        }
        var count = 0
        for range in pool.ranges {
            // What the first of each method has, feature by feature.
            var first = [Float](repeating: 0, count: width)
            for feature in own {
                let isGap = pool.features[feature].hasSuffix(FittedFusion.gap)
                first[feature] = isGap ? 0 : range.reduce(-.infinity) { max($0, pool.rows[$1 * width + feature]) }
            }
            for row in range {
                let features = pool.rows[row * width..<(row + 1) * width]
                var raised = Array(features)
                for feature in own { raised[feature] = first[feature] }
                let before = fusion.added(features, blocks: fusion.blockCount).reduce(Float(pool.sum(row)), +)
                let after = fusion.added(raised[...], blocks: fusion.blockCount).reduce(best, +)
                if after < before { count += 1 }
            }
        }
        return Double(count) / Double(pool.documents.count)
    }
}
