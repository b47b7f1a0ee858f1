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
        let counts = tested.map { fold in fold.reduce(0.0) { $0 + lists.weights[$1] } }
        // By number of blocks, then by fold.
        var losses: [[Double]] = []
        var scores: [[Double]] = []
        func total(_ blocks: Int, without fold: Int? = nil) -> Double {
            losses[blocks].indices.reduce(0) { $1 == fold ? $0 : $0 + losses[blocks][$1] * counts[$1] }
        }
        func best(without fold: Int? = nil) -> Int {
            losses.indices.reduce(0) { total($1, without: fold) < total($0, without: fold) ? $1 : $0 }
        }
        for count in 0...max(0, most) {
            if count > 0 { Self.addBlock(&fits) }
            losses.append(zip(fits, tested).map { lists.loss($0.scores, of: $1) })
            var row = [Double](repeating: 0, count: lists.base.count)
            for (fit, fold) in zip(fits, folds) {
                for candidate in fold.flatMap({ lists.lists[$0] }) { row[candidate] = fit.scores[candidate] }
            }
            scores.append(row)
            if count - best() >= Self.patience { break }
        }
        blocks = best()
        var heldOut = [Double](repeating: 0, count: lists.base.count)
        for (number, fold) in folds.enumerated() {
            let blocks = best(without: number)
            for candidate in fold.flatMap({ lists.lists[$0] }) { heldOut[candidate] = scores[blocks][candidate] }
        }
        self.heldOut = heldOut
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
