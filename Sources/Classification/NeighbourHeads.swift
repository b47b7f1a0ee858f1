import Foundation
import TrawlTensors

/// `nn`: the k nearest examples vote, each by exp(cosine / 0.05).
struct NearestHead: ClassifierHead {
    let k: Int
    var kind: HeadKind { .nn }
    var settings: [String: Double] { ["k": Double(k)] }
    var weights: [String: Matrix<Float>] { [:] }

    static let candidates = [1, 3, 5, 9, 15]
    private static let voteTemperature = 0.05
    /// What a class without a vote is given beside a whole vote.
    private static let floor = 1e-3

    func scores(of inputs: ClassifierInputs, _ examples: ClassifierExamples) throws -> Matrix<Double> {
        try Self.scores(inputs.vectors, examples, excluding: nil, [k])[0]
    }

    static func fit(_ examples: ClassifierExamples, _ validation: Validation) throws -> FittedHead {
        guard !validation.rows.isEmpty else { return FittedHead(head: NearestHead(k: 1), heldOut: nil) }
        let candidates = candidates.filter { $0 == 1 || $0 < examples.count }
        let scores = try scores(
            examples.vectors.chosen(validation.rows), examples, excluding: validation.rows, candidates)
        let best = validation.best(scores)
        return FittedHead(head: NearestHead(k: candidates[best]), heldOut: scores[best])
    }

    private static func scores(
        _ vectors: Matrix<Double>, _ examples: ClassifierExamples, excluding: [Int]?, _ candidates: [Int]
    ) throws -> [Matrix<Double>] {
        let (classes, most) = (examples.classes, candidates.max() ?? 1)
        return try votes(vectors, examples, candidates.count) { row, similarities, output in
            let nearest = nearestPlaces(similarities, most, excluding: excluding?[row])
            for (candidate, k) in candidates.enumerated() {
                let scores = output + candidate * classes
                var total = 0.0
                for place in nearest.prefix(k) {
                    let vote = exp((similarities[place] - similarities[nearest[0]]) / voteTemperature)
                    scores[examples.targets[place]] += vote
                    total += vote
                }
                for label in 0..<classes { scores[label] = log(scores[label] / max(total, 1e-300) + floor) }
            }
        }
    }
}

/// `hilbert`: the share of each class in the sum of distance^-exponent over all examples. An exponent of 0 is a majority vote;
/// a large one is the nearest neighbour.
struct HilbertHead: ClassifierHead {
    let exponent: Double
    var kind: HeadKind { .hilbert }
    var settings: [String: Double] { ["exponent": exponent] }
    var weights: [String: Matrix<Float>] { [:] }

    static let candidates: [Double] = [0, 1, 2, 4, 8, 16, 32, 64]
    /// Vectors that are nearer than this (squared) are the same.
    private static let duplicate = 1e-10
    /// The least share of a class, for its logarithm.
    private static let floor = 1e-6

    func scores(of inputs: ClassifierInputs, _ examples: ClassifierExamples) throws -> Matrix<Double> {
        try Self.scores(inputs.vectors, examples, excluding: nil, [exponent])[0]
    }

    static func fit(_ examples: ClassifierExamples, _ validation: Validation) throws -> FittedHead {
        guard !validation.rows.isEmpty else { return FittedHead(head: HilbertHead(exponent: 8), heldOut: nil) }
        let vectors = try examples.vectors.chosen(validation.rows)
        var candidates = candidates
        if let dimension = try intrinsicDimension(vectors, examples, excluding: validation.rows) {
            candidates.append(dimension)
        }
        let scores = try scores(vectors, examples, excluding: validation.rows, candidates)
        let best = validation.best(scores)
        return FittedHead(head: HilbertHead(exponent: candidates[best]), heldOut: scores[best])
    }

    /// The dimension of what the vectors lie on, from the ratio of the distances of the two nearest (Facco et al. 2017,
    /// doi 10.1038/s41598-017-11873-y).
    private static func intrinsicDimension(
        _ vectors: Matrix<Double>, _ examples: ClassifierExamples, excluding: [Int]
    ) throws -> Double? {
        guard examples.count > 2 else { return nil }
        let ratios = try votes(vectors, examples, 1) { row, similarities, output in
            let nearest = nearestPlaces(similarities, 2, excluding: excluding[row])
            let squares = nearest.map { max(2 - 2 * similarities[$0], 0) }
            output[0] = squares[0] > duplicate ? 0.5 * log(squares[1] / squares[0]) : 0
        }
        let logarithms = (0..<vectors.rows).map { ratios[0][$0, 0] }
        let used = logarithms.filter { $0 > 0 }
        let sum = used.reduce(0, +)
        guard sum > 0 else { return nil }
        return min(Double(used.count) / sum, 64)
    }

    private static func scores(
        _ vectors: Matrix<Double>, _ examples: ClassifierExamples, excluding: [Int]?, _ exponents: [Double]
    ) throws -> [Matrix<Double>] {
        let classes = examples.classes
        return try votes(vectors, examples, exponents.count) { row, similarities, output in
            let squares = similarities.map { max(2 - 2 * $0, 0) }
            shares(
                ofSquaredDistances: squares, examples.targets, classes: classes, excluding: excluding?[row], exponents,
                into: output)
            for place in 0..<exponents.count * classes { output[place] = log(max(output[place], floor)) }
        }
    }

    /// The shares of the classes, for each exponent.
    ///
    /// - Parameter output: `[exponents, classes]`, zeros.
    static func shares(
        ofSquaredDistances squares: [Double], _ targets: [Int], classes: Int, excluding: Int? = nil,
        _ exponents: [Double], into output: UnsafeMutablePointer<Double>
    ) {
        var nearest = Double.infinity
        for (place, square) in squares.enumerated() where place != excluding { nearest = min(nearest, square) }
        let isDuplicate = nearest <= duplicate
        let offset = 0.5 * log(max(nearest, 1e-300))
        // -ln of each distance, relative to the nearest one.
        let logarithms = squares.map { offset - 0.5 * log(max($0, 1e-300)) }
        for (number, exponent) in exponents.enumerated() {
            let shares = output + number * classes
            var total = 0.0
            for (place, target) in targets.enumerated() where place != excluding {
                let weight =
                    isDuplicate && exponent > 0
                    ? (squares[place] <= duplicate ? 1 : 0) : exp(exponent * logarithms[place])
                shares[target] += weight
                total += weight
            }
            if total > 0 { for label in 0..<classes { shares[label] /= total } }
        }
    }
}

/// Calls `body` with the similarities of each of `vectors` to all examples, and takes what it writes: `count` lists of scores
/// of the classes, which are zeros at first.
private func votes(
    _ vectors: Matrix<Double>, _ examples: ClassifierExamples, _ count: Int,
    _ body: (_ row: Int, _ similarities: [Double], _ output: UnsafeMutablePointer<Double>) -> Void
) throws -> [Matrix<Double>] {
    let width = count * examples.classes
    var output = [Double](repeating: 0, count: vectors.rows * width)
    // Few rows at a time: their similarities to all examples are in memory.
    let block = max(1, min(256, (1 << 23) / max(1, examples.count)))
    for start in stride(from: 0, to: vectors.rows, by: block) {
        let rows = Array(start..<min(start + block, vectors.rows))
        let similarities = try Matrix.product(vectors.chosen(rows), examples.vectors, transposingSecond: true)
        output.withUnsafeMutableBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return }
            nonisolated(unsafe) let out = base
            ThreadPool.shared.parallelFor(rows.count) { index in
                body(rows[index], Array(similarities.row(index)), out + rows[index] * width)
            }
        }
    }
    let classes = examples.classes
    return try (0..<count).map { (number: Int) throws -> Matrix<Double> in
        var values: [Double] = []
        values.reserveCapacity(vectors.rows * classes)
        for row in 0..<vectors.rows {
            let start = row * width + number * classes
            values += output[start..<start + classes]
        }
        return try Matrix(rows: vectors.rows, columns: classes, values: values)
    }
}

/// The places of the `count` greatest similarities, descending, the first of equal ones before the others.
func nearestPlaces(_ similarities: [Double], _ count: Int, excluding: Int? = nil) -> [Int] {
    var best: [Int] = []
    for place in similarities.indices where place != excluding {
        if best.count == count, let last = best.last, similarities[place] <= similarities[last] { continue }
        let rank = best.firstIndex { similarities[$0] < similarities[place] } ?? best.count
        best.insert(place, at: rank)
        if best.count > count { best.removeLast() }
    }
    return best
}
