import TrawlTensors
import TrawlTraining

/// Cross-validation of a fitted fusion over queries: how many blocks help queries that they were not fitted to.
struct FusionValidation {
    /// The lists of each fold. Neighbours, which may be alike, share a fold.
    let folds: [[Int]]
    /// The number of blocks for all data.
    let blocks: Int
    /// The scores of all candidates by blocks that were fitted without their query, as many as suit the queries of the other
    /// folds.
    let heldOut: [Double]

    /// The blocks without an improvement after which no more are tried.
    private static let patience = 8

    /// - Parameter sizes: the queries of each index, in order.
    static func folds(_ count: Int, sizes: [Int]) -> [[Int]] {
        var folds = [[Int]](repeating: [], count: count)
        var begin = 0
        for size in sizes {
            for place in 0..<size { folds[place * count / size].append(begin + place) }
            begin += size
        }
        return folds
    }

    /// - Parameter most: the most blocks.
    init(_ lists: RankingLists, _ folds: [[Int]], most: Int, _ settings: BoostedRanking.Settings) {
        self.folds = folds
        var fits = folds.indices.map { fold in
            BoostedRanking(lists, fittedTo: Self.others(folds, than: fold), settings)
        }
        let tested = folds.map { $0.filter(lists.teaches) }
        // By number of blocks, fold and list.
        var losses: [[[Double]]] = []
        var scores: [[Double]] = []
        let weights = tested.map { $0.map { lists.weights[$0] } }
        /// What that many blocks save against none, list after list, without the lists of a fold.
        func saved(_ blocks: Int, without left: Int?) -> [Double] {
            tested.indices.filter { $0 != left }.flatMap { fold in
                tested[fold].indices.map { weights[fold][$0] * (losses[0][fold][$0] - losses[blocks][fold][$0]) }
            }
        }
        func best(without left: Int? = nil) -> Int {
            let sums = losses.indices.map { saved($0, without: left).reduce(0, +) }
            let best = sums.indices.reduce(0) { sums[$1] > sums[$0] ? $1 : $0 }
            return Self.isClear(saved(best, without: left)) ? best : 0
        }
        var (lowest, lowestAt) = (Double.infinity, 0)
        for count in 0...max(0, most) {
            if count > 0 { Self.addBlock(&fits) }
            // By list, for the spread of the differences.
            losses.append(zip(fits, tested).map { fit, fold in fold.map { lists.loss(fit.scores, of: [$0]) } })
            var row = [Double](repeating: 0, count: lists.base.count)
            for (fit, fold) in zip(fits, folds) {
                for candidate in fold.flatMap({ lists.lists[$0] }) { row[candidate] = fit.scores[candidate] }
            }
            scores.append(row)
            let loss = -saved(count, without: nil).reduce(0, +)
            if loss < lowest { (lowest, lowestAt) = (loss, count) }
            if count - lowestAt >= Self.patience { break }
        }
        blocks = best()
        var heldOut = [Double](repeating: 0, count: lists.base.count)
        for (number, fold) in folds.enumerated() {
            let blocks = best(without: number)
            for candidate in fold.flatMap({ lists.lists[$0] }) { heldOut[candidate] = scores[blocks][candidate] }
        }
        self.heldOut = heldOut
    }

    /// Whether the mean of `differences` is at least two standard errors above 0. The best of several numbers of blocks looks
    /// better than none by chance.
    private static func isClear(_ differences: [Double]) -> Bool {
        let count = Double(differences.count)
        guard count > 1 else { return false }
        let mean = differences.reduce(0, +) / count
        let variance = differences.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (count - 1)
        return mean > 2 * (variance / count).squareRoot()
    }

    static func others(_ folds: [[Int]], than fold: Int) -> [Int] {
        folds.indices.filter { $0 != fold }.flatMap { folds[$0] }.sorted()
    }

    private static func addBlock(_ fits: inout [BoostedRanking]) {
        fits.withUnsafeMutableBufferPointer { fits in
            // Every call changes its own element.
            nonisolated(unsafe) let fits = fits
            ThreadPool.shared.parallelFor(fits.count) { fits[$0].addBlock() }
        }
    }
}
