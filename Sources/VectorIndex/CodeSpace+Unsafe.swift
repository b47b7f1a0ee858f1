internal import CTrawlKernels
import TrawlCore
import TrawlStore

/// The space in which codes are made: vectors less their centre, filled up with zeros to whole blocks, rotated.
///
/// What a rotation does to a vector makes its numbers alike in size, so that a few bits serve each of them equally (RaBitQ,
/// Gao and Long 2024, arXiv 2405.12497). The centre takes away what all vectors share; a dot product with a query loses by it
/// what is the same for all vectors.
///
/// Under the dot product long vectors are near to everything, and no graph of neighbours leads there. Lifted vectors have one
/// dimension more that brings them all to one length, where queries have 0: the greatest dot product is the least distance
/// (Bachrach et al. 2014, doi 10.1145/2645710.2645741).
struct CodeSpace: Sendable {
    let dimension: Int
    /// The numbers of a rotated vector.
    let codeDimension: Int
    let centre: [Float]
    /// The square of the common length of lifted vectors; 0 when they are not lifted.
    let lift: Float
    private let flips: [UInt32]

    init(centre: [Float], lift: Float = 0) {
        dimension = centre.count
        self.centre = centre
        self.lift = lift
        codeDimension = Self.codeDimension(centre.count, isLifted: lift > 0)
        var random = SplitMix64(seed: 0x7261_776C)
        flips = (0..<Int(TRAWL_ROTATION_ROUNDS) * codeDimension).map { _ in
            random.next() & 1 == 0 ? 0 : 0x8000_0000
        }
    }

    static func codeDimension(_ dimension: Int, isLifted: Bool) -> Int {
        let block = Int(TRAWL_CODE_BLOCK)
        return (dimension + (isLifted ? 1 : 0) + block - 1) / block * block
    }

    /// Whether a vector of this squared length can be coded: not zero, nor so short or long that its numbers run out of
    /// single precision. Others get codes of zero, which say nothing.
    static func isCodable(_ squaredLength: Float) -> Bool { squaredLength > 1e-30 && squaredLength < 1e30 }

    /// Replaces a vector, `[dimension]` of `[codeDimension]`, by its image.
    ///
    /// - Parameter isCentred: false keeps the centre in: so a stored vector looks for its neighbours, like a query.
    func map(_ vector: UnsafeMutablePointer<Float>, isCentred: Bool = true) {
        var square: Float = 0
        if lift > 0 { for d in 0..<dimension { square += vector[d] * vector[d] } }
        if isCentred { for d in 0..<dimension { vector[d] -= centre[d] } }
        for d in dimension..<codeDimension { vector[d] = 0 }
        if lift > 0 { vector[dimension] = max(0, lift - square).squareRoot() }
        rotate(vector)
    }

    /// The image of a query: rotated only.
    func mapped(query: [Float]) -> [Float] {
        var image = query + [Float](repeating: 0, count: codeDimension - dimension)
        image.withUnsafeMutableBufferPointer { image in
            if let base = image.baseAddress { rotate(base) }
        }
        return image
    }

    private func rotate(_ vector: UnsafeMutablePointer<Float>) {
        flips.withUnsafeBufferPointer { flips in
            if let base = flips.baseAddress { trawl_rotate_vector(vector, codeDimension, base) }
        }
    }

    /// The mean of `rows` and the greatest squared length, summed in one order whatever the number of threads.
    static func statistics(of rows: VectorRows, threads: Int) -> (
        centre: [Float], leastSquare: Float, greatestSquare: Float
    ) {
        let dimension = rows.dimension
        let part = 4096
        let parts = (rows.count + part - 1) / part
        var partial = [PartialSums](repeating: PartialSums(dimension), count: parts)
        partial.withUnsafeMutableBufferPointer { partial in
            nonisolated(unsafe) let partial = partial
            Parallel.forEach(parts, threads: threads) { index in
                withUnsafeTemporaryAllocation(of: Float.self, capacity: dimension) { row in
                    guard let row = row.baseAddress else { return }
                    var sums = PartialSums(dimension)
                    for number in index * part..<min((index + 1) * part, rows.count) {
                        rows.decode(number, into: row)
                        sums.add(row)
                    }
                    partial[index] = sums
                }
            }
        }
        var total = PartialSums(dimension)
        for sums in partial { total.add(sums) }
        let count = Double(max(1, rows.count))
        return (total.sums.map { Float($0 / count) }, total.least, total.greatest)
    }

    private struct PartialSums {
        var sums: [Double]
        var least: Float = .infinity
        var greatest: Float = 0

        init(_ dimension: Int) { sums = [Double](repeating: 0, count: dimension) }

        mutating func add(_ row: UnsafePointer<Float>) {
            var square: Float = 0
            for d in sums.indices {
                sums[d] += Double(row[d])
                square += row[d] * row[d]
            }
            least = min(least, square)
            greatest = max(greatest, square)
        }

        mutating func add(_ other: PartialSums) {
            for d in sums.indices { sums[d] += other.sums[d] }
            least = min(least, other.least)
            greatest = max(greatest, other.greatest)
        }
    }
}
