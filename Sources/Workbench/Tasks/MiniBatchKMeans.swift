import Foundation
import TrawlEvaluation
public import TrawlTensors

/// Mini-batch k-means (Sculley 2010, doi 10.1145/1772690.1772862) from centres that k-means++ chooses, with the rules of
/// scikit-learn's `MiniBatchKMeans` and its draws: from the same vectors and seed it finds the same clusters, but where two
/// centres are equally near up to rounding.
public struct MiniBatchKMeans: Sendable {
    public let clusters: Int
    public let batchSize: Int
    public let seed: UInt32
    /// Passes over the vectors, at most.
    public var passes = 100
    /// It ends when this number of successive batches has not lowered the smoothed inertia.
    public var patience = 10
    /// A centre with less than this share of the largest centre's weight is moved to a vector of the batch.
    public var smallestShare = 0.01

    public init(clusters: Int, batchSize: Int, seed: UInt32 = 42) {
        precondition(clusters > 0 && batchSize > 0)
        (self.clusters, self.batchSize, self.seed) = (clusters, batchSize, seed)
    }

    /// The cluster of each row.
    ///
    /// - Parameter vectors: `[count, dimension]`, with at least as many rows as clusters.
    /// - Complexity: O(batches · batchSize · clusters · dimension)
    public func cluster(_ vectors: Matrix<Double>) throws -> [Int] {
        let count = vectors.rows
        precondition(count >= clusters)
        var twister = MersenneTwister(numpySeed: seed)
        let batchSize = min(self.batchSize, count)
        let startSize = min(3 * batchSize < clusters ? 3 * clusters : 3 * batchSize, count)
        // scikit-learn draws vectors to compare several starts by, also when there is one.
        for _ in 0..<startSize { _ = twister.integer(upTo: count - 1) }
        var sample = vectors
        if startSize < count {
            sample = try vectors.chosen((0..<startSize).map { _ in twister.integer(upTo: count - 1) })
        }
        var centres = try startingCentres(sample, &twister)
        var weights = [Double](repeating: 0, count: clusters)
        let distribution = CumulativeWeights(count)
        var (sinceMove, smoothed, best, waited) = (0, Double?.none, Double.infinity, 0)
        for step in 0..<(passes * count / batchSize) {
            let batch = try vectors.chosen((0..<batchSize).map { _ in distribution.draw(&twister) })
            sinceMove += batchSize
            let moves = weights.contains(0) || sinceMove >= 10 * clusters
            if moves { sinceMove = 0 }
            let (nearest, inertia) = try centres.nearest(to: batch)
            centres.move(batch, nearest, &weights)
            if moves { moveLightCentres(&centres, &weights, batch, &twister) }
            // The first batch tells of the start.
            if step == 0 { continue }
            let mean = inertia / Double(batchSize)
            let share = min(1, Double(batchSize) * 2 / Double(count + 1))
            let now = smoothed.map { $0 * (1 - share) + mean * share } ?? mean
            smoothed = now
            waited = now < best ? 0 : waited + 1
            best = min(best, now)
            if waited >= patience { break }
        }
        return try centres.nearest(to: vectors).clusters
    }

    /// k-means++ with several candidates for each centre (Arthur and Vassilvitskii 2007).
    private func startingCentres(_ vectors: Matrix<Double>, _ twister: inout MersenneTwister) throws -> Matrix<Double> {
        let trials = 2 + Int(log(Double(clusters)))
        let norms = vectors.squaredNorms()
        var chosen = [CumulativeWeights(vectors.rows).draw(&twister)]
        var distances = try vectors.squaredDistances(to: [chosen[0]], norms)[0]
        var sum = distances.reduce(0, +)
        while chosen.count < clusters {
            let drawn = (0..<trials).map { _ in twister.uniform() * sum }
            var cumulative: [Double] = []
            cumulative.reserveCapacity(distances.count)
            var running = 0.0
            for distance in distances {
                running += distance
                cumulative.append(running)
            }
            let candidates = drawn.map { value in
                min(cumulative.partitioningIndex { $0 >= value }, cumulative.count - 1)
            }
            var best: (sum: Double, candidate: Int, distances: [Double])?
            for (candidate, row) in zip(candidates, try vectors.squaredDistances(to: candidates, norms)) {
                let nearer = zip(row, distances).map { min($0, $1) }
                let sum = nearer.reduce(0, +)
                if best.map({ sum < $0.sum }) ?? true { best = (sum, candidate, nearer) }
            }
            guard let best else { break }
            chosen.append(best.candidate)
            (distances, sum) = (best.distances, best.sum)
        }
        return try vectors.chosen(chosen)
    }

    private func moveLightCentres(
        _ centres: inout Matrix<Double>, _ weights: inout [Double], _ batch: Matrix<Double>,
        _ twister: inout MersenneTwister
    ) {
        let largest = weights.max() ?? 0
        var light = weights.indices.filter { weights[$0] < smallestShare * largest }
        let most = batch.rows / 2
        if 2 * light.count > batch.rows {
            let lightest = Set(weights.indices.sorted { (weights[$0], $0) < (weights[$1], $1) }.prefix(most))
            light = light.filter(lightest.contains)
        }
        guard !light.isEmpty else { return }
        var order = Array(0..<batch.rows)
        twister.shuffle(&order)
        for (centre, row) in zip(light, order) {
            for column in 0..<batch.columns { centres[centre, column] = batch[row, column] }
        }
        // Not so light that it moves again at once.
        let kept = Set(light)
        let least = weights.indices.filter { !kept.contains($0) }.map { weights[$0] }.min() ?? 0
        for centre in light { weights[centre] = least }
    }
}

/// Equal weights of `count` items, added up as NumPy does, to be drawn from.
private struct CumulativeWeights {
    private var sums: [Double] = []

    init(_ count: Int) {
        sums.reserveCapacity(count)
        var running = 0.0
        for _ in 0..<count {
            running += 1 / Double(count)
            sums.append(running)
        }
        let last = running
        for index in sums.indices { sums[index] /= last }
    }

    func draw(_ twister: inout MersenneTwister) -> Int {
        let drawn = twister.uniform()
        return min(sums.partitioningIndex { $0 > drawn }, sums.count - 1)
    }
}

extension [Double] {
    /// The first index whose element, and all after it, meet `condition`; `count` if there is none.
    fileprivate func partitioningIndex(where condition: (Double) -> Bool) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if condition(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}

extension Matrix<Double> {
    fileprivate func chosen(_ indices: [Int]) throws -> Matrix<Double> {
        var values: [Double] = []
        values.reserveCapacity(indices.count * columns)
        for index in indices { values += row(index) }
        return try Matrix(rows: indices.count, columns: columns, values: values)
    }

    fileprivate func squaredNorms() -> [Double] {
        (0..<rows).map { row($0).reduce(0) { $0 + $1 * $1 } }
    }

    /// From each of the rows `indices` to all rows.
    fileprivate func squaredDistances(to indices: [Int], _ norms: [Double]) throws -> [[Double]] {
        let products = try Matrix.product(chosen(indices), self, transposingSecond: true)
        return indices.enumerated().map { place, index in
            products.row(place).enumerated().map { max(0, norms[index] - 2 * $1 + norms[$0]) }
        }
    }

    /// For each row of `vectors` the nearest of these centres, the first of equal ones, and the sum of the squared distances.
    fileprivate func nearest(to vectors: Matrix<Double>) throws -> (clusters: [Int], inertia: Double) {
        let norms = squaredNorms()
        let products = try Matrix.product(vectors, self, transposingSecond: true)
        var clusters: [Int] = []
        clusters.reserveCapacity(vectors.rows)
        var inertia = 0.0
        for index in 0..<vectors.rows {
            let row = products.row(index)
            var (best, least) = (0, Double.infinity)
            for (cluster, product) in row.enumerated() {
                let distance = norms[cluster] - 2 * product
                if distance < least { (best, least) = (cluster, distance) }
            }
            clusters.append(best)
            inertia += zip(vectors.row(index), self.row(best)).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
        }
        return (clusters, inertia)
    }

    /// Each of these centres becomes the mean of all vectors that it has had, of which `weights` are the counts.
    fileprivate mutating func move(_ batch: Matrix<Double>, _ nearest: [Int], _ weights: inout [Double]) {
        var counts = [Double](repeating: 0, count: rows)
        for cluster in nearest { counts[cluster] += 1 }
        for cluster in 0..<rows where counts[cluster] > 0 {
            for column in 0..<columns { self[cluster, column] *= weights[cluster] }
        }
        for (index, cluster) in nearest.enumerated() {
            for column in 0..<columns { self[cluster, column] += batch[index, column] }
        }
        for cluster in 0..<rows where counts[cluster] > 0 {
            weights[cluster] += counts[cluster]
            let share = 1 / weights[cluster]
            for column in 0..<columns { self[cluster, column] *= share }
        }
    }
}
