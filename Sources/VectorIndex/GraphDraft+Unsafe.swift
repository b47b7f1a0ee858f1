internal import CTrawlKernels
import TrawlCore
import TrawlStore

/// A graph in the making.
///
/// Vectors are inserted in batches. Those of a batch look for neighbours in the graph as it was before, side by side; then
/// each target of new links takes them in, side by side too. So nothing depends on the number of threads (Dobson et al.
/// 2023, ParlayANN, arXiv 2305.04359).
///
/// Memory: `codeDimension` bytes and as much again in codes and links for each vector.
final class GraphDraft: @unchecked Sendable {
    // @unchecked: steps that run side by side write only what belongs to their own vector.
    let rows: VectorRows
    let metric: Metric
    let space: CodeSpace
    let settings: GraphSettings
    let threads: Int
    let count: Int
    private let degree: Int
    private let codeDimension: Int
    private let recordBytes: Int
    let codes: UnsafeMutableRawPointer
    let links: UnsafeMutablePointer<UInt32>
    private let bytes: UnsafeMutablePointer<Int8>
    private let factors: UnsafeMutablePointer<Float>
    private let sums: UnsafeMutablePointer<Int32>
    /// The squared lengths of the images as their bytes tell them.
    private let squares: UnsafeMutablePointer<Float>
    private(set) var entry = noLink

    init(_ rows: VectorRows, metric: Metric, space: CodeSpace, settings: GraphSettings, threads: Int) {
        self.rows = rows
        self.metric = metric
        self.space = space
        self.settings = settings
        self.threads = threads
        count = rows.count
        degree = settings.degree
        codeDimension = space.codeDimension
        recordBytes = NibbleCodes.recordBytes(codeDimension: codeDimension)
        codes = .allocate(byteCount: max(1, count * recordBytes), alignment: 64)
        links = .allocate(capacity: max(1, count * degree))
        links.initialize(repeating: noLink, count: count * degree)
        bytes = UnsafeMutableRawPointer.allocate(byteCount: max(1, count * codeDimension), alignment: 64)
            .bindMemory(to: Int8.self, capacity: max(1, count * codeDimension))
        factors = .allocate(capacity: max(1, count))
        sums = .allocate(capacity: max(1, count))
        squares = .allocate(capacity: max(1, count))
        encode()
    }

    deinit {
        codes.deallocate()
        links.deallocate()
        bytes.deallocate()
        factors.deallocate()
        sums.deallocate()
        squares.deallocate()
    }

    private func encode() {
        let lot = 256
        Parallel.forEach((count + lot - 1) / lot, threads: threads) { [self] index in
            withUnsafeTemporaryAllocation(of: Float.self, capacity: codeDimension) { image in
                guard let x = image.baseAddress else { return }
                for row in index * lot..<min((index + 1) * lot, count) {
                    rows.decode(row, into: x)
                    let bias =
                        metric == .euclidean
                        ? -Normalisation.squaredLength(UnsafeBufferPointer(start: x, count: rows.dimension)) / 2 : 0
                    space.map(x)
                    NibbleCodes.encode(
                        x, codeDimension: codeDimension, bias: bias, into: codes + row * recordBytes)
                    (factors[row], sums[row]) = ByteCodes.encode(
                        x, codeDimension: codeDimension, into: bytes + row * codeDimension)
                    // Of the bytes, so that vectors alike are at no distance.
                    let own = bytes + row * codeDimension
                    var square: Int32 = 0
                    for d in 0..<codeDimension { square &+= Int32(own[d]) * Int32(own[d]) }
                    squares[row] = factors[row] * factors[row] * Float(square)
                }
            }
        }
    }

    var view: GraphView {
        GraphView(
            links: RecordTable(links, recordSize: 4 * degree), codes: RecordTable(codes, recordSize: recordBytes),
            degree: degree, codeDimension: codeDimension, entry: entry, count: UInt32(count))
    }

    // MARK: insertion

    /// Inserts all vectors, in an order without meaning: neighbours in the corpus are often alike, and batches of alike
    /// vectors could not see each other.
    func insertAll(advance: (Int) -> Void) {
        var order = (0..<UInt32(count)).map { $0 }
        var random = SplitMix64(seed: 0x6772_6170)
        order.shuffle(using: &random)
        enterAtMiddle(of: order)
        insert(order.filter { $0 != entry }, present: 1, advance: advance)
        if count > 0 { advance(1) }
    }

    func enter(at vector: UInt32) { entry = vector }

    /// Lets walks begin at the vector that is nearest to the centre.
    func enterAtMiddle(of vectors: [UInt32]) {
        if let middle = vectors.min(by: { (squares[Int($0)], $0) < (squares[Int($1)], $1) }) { enter(at: middle) }
    }

    /// Inserts `vectors` into a graph that has `present` already.
    func insert(_ vectors: [UInt32], present: Int, advance: (Int) -> Void) {
        var start = 0
        while start < vectors.count {
            let size = min(max(1, present + start), max(64, count / 50), vectors.count - start)
            insertBatch(vectors[start..<start + size])
            advance(size)
            start += size
        }
    }

    private func insertBatch(_ batch: ArraySlice<UInt32>) {
        let view = view
        let first = batch.startIndex
        Parallel.forEach(batch.count, threads: threads) {
            [count, degree, codeDimension] in
            Workspace(count: count, degree: degree, codeDimension: codeDimension)
        } _: { [self] own, index in
            let vector = batch[first + index]
            findNeighbours(of: vector, view, own)
        }
        takeIn(batch)
    }

    /// The chosen vectors that a candidate is compared with at once.
    private static let step = 8

    /// What a thread needs.
    final class Workspace {
        let walk: GraphWalk
        var image: [Float]
        var query: [Int8]
        fileprivate var candidates: [Candidate] = []
        var ids: [UInt32] = []
        var products: [Int32] = []
        var chosen: [UInt32] = []

        init(count: Int, degree: Int, codeDimension: Int) {
            walk = GraphWalk(count: count, degree: degree)
            image = [Float](repeating: 0, count: codeDimension)
            query = [Int8](repeating: 0, count: codeDimension)
        }
    }

    fileprivate struct Candidate {
        let distance: Float
        let vector: UInt32

        static func precedes(_ a: Candidate, _ b: Candidate) -> Bool {
            a.distance != b.distance ? a.distance < b.distance : a.vector < b.vector
        }
    }

    private func findNeighbours(of vector: UInt32, _ view: GraphView, _ own: Workspace) {
        walk(towards: vector, view, own)
        own.ids.removeAll(keepingCapacity: true)
        for key in own.walk.followed {
            let other = GraphWalk.vector(key)
            if other != vector { own.ids.append(other) }
        }
        link(vector, choosing: true, own)
    }

    /// The vectors that a walk towards `vector` follows, nearest first.
    func followed(towards vector: UInt32, _ own: Workspace) -> [UInt32] {
        walk(towards: vector, view, own)
        return own.walk.followed.sorted().map(GraphWalk.vector)
    }

    /// Links `vector` to one more; false when there is no room.
    func append(_ link: UInt32, to vector: UInt32) -> Bool {
        let found = neighbours(of: vector).count
        guard found < degree else { return false }
        links[Int(vector) * degree + found] = link
        return true
    }

    private func walk(towards vector: UInt32, _ view: GraphView, _ own: Workspace) {
        own.image.withUnsafeMutableBufferPointer { image in
            own.query.withUnsafeMutableBufferPointer { query in
                guard let image = image.baseAddress, let query = query.baseAddress else { return }
                rows.decode(Int(vector), into: image)
                space.map(image, isCentred: false)
                let (factor, sum) = ByteCodes.encode(image, codeDimension: codeDimension, into: query)
                own.walk.run(
                    query, sum: sum, factor: factor, in: view, width: settings.buildWidth, keepsFollowed: true)
            }
        }
    }

    /// Fills `candidates` with the distances of `ids`, nearest first.
    private func measure(from vector: UInt32, _ own: Workspace) {
        own.products.removeAll(keepingCapacity: true)
        own.products.append(contentsOf: repeatElement(0, count: max(own.ids.count, Self.step)))
        multiply(vector, own.ids[...], into: &own.products)
        own.candidates.removeAll(keepingCapacity: true)
        for (index, other) in own.ids.enumerated() {
            own.candidates.append(Candidate(distance: distance(vector, other, own.products[index]), vector: other))
        }
        own.candidates.sort(by: Candidate.precedes)
    }

    @inline(__always)
    private func distance(_ a: UInt32, _ b: UInt32, _ product: Int32) -> Float {
        let (a, b) = (Int(a), Int(b))
        return squares[a] + squares[b] - 2 * factors[a] * factors[b] * Float(product)
    }

    private func multiply(_ vector: UInt32, _ others: ArraySlice<UInt32>, into products: inout [Int32]) {
        others.withUnsafeBufferPointer { others in
            products.withUnsafeMutableBufferPointer { products in
                trawl_byte_products(
                    bytes + Int(vector) * codeDimension, sums[Int(vector)], codeDimension, bytes, others.baseAddress,
                    others.count, products.baseAddress)
            }
        }
    }

    /// Chooses links from `candidates`: nearest first, without those to which a chosen one leads nearly as straight
    /// (RobustPrune, DiskANN, algorithm 2, on squared distances).
    private func choose(for vector: UInt32, _ own: Workspace) {
        own.chosen.removeAll(keepingCapacity: true)
        for candidate in own.candidates.prefix(2 * settings.buildWidth) {
            var isReached = false
            var start = 0
            while start < own.chosen.count, !isReached {
                let end = min(start + Self.step, own.chosen.count)
                multiply(candidate.vector, own.chosen[start..<end], into: &own.products)
                for index in start..<end
                where settings.slack * distance(candidate.vector, own.chosen[index], own.products[index - start])
                    <= candidate.distance
                {
                    isReached = true
                    break
                }
                start = end
            }
            if isReached { continue }
            own.chosen.append(candidate.vector)
            if own.chosen.count == degree { break }
        }
    }

    private func write(_ chosen: [UInt32], to vector: UInt32) {
        let target = links + Int(vector) * degree
        for index in 0..<degree { target[index] = index < chosen.count ? chosen[index] : noLink }
    }

    /// Links back: every vector that a batch links to links to it, and chooses anew where it has too many.
    private func takeIn(_ batch: ArraySlice<UInt32>) {
        var pairs: [UInt64] = []
        pairs.reserveCapacity(batch.count * degree)
        for vector in batch {
            for link in neighbours(of: vector) { pairs.append(UInt64(link) << 32 | UInt64(vector)) }
        }
        pairs.sort()
        var starts: [Int] = []
        for index in pairs.indices where index == 0 || pairs[index] >> 32 != pairs[index - 1] >> 32 {
            starts.append(index)
        }
        starts.append(pairs.count)
        let (sorted, groups) = (pairs, starts)
        Parallel.forEach(groups.count - 1, threads: threads) {
            [count, degree, codeDimension] in
            Workspace(count: count, degree: degree, codeDimension: codeDimension)
        } _: { [self] own, group in
            let target = UInt32(truncatingIfNeeded: sorted[groups[group]] >> 32)
            own.ids = neighbours(of: target)
            for pair in sorted[groups[group]..<groups[group + 1]] {
                let source = UInt32(truncatingIfNeeded: pair)
                if source != target, !own.ids.contains(source) { own.ids.append(source) }
            }
            link(target, choosing: own.ids.count > degree, own)
        }
    }

    /// Links a vector to others, which may be named twice.
    func link(_ vector: UInt32, to others: [UInt32], choosing: Bool, _ own: Workspace) {
        own.ids.removeAll(keepingCapacity: true)
        var seen = Set([vector])
        for other in others where seen.insert(other).inserted { own.ids.append(other) }
        link(vector, choosing: choosing, own)
    }

    /// Links a vector to all `ids` of the workspace, or to those that it chooses.
    private func link(_ vector: UInt32, choosing: Bool, _ own: Workspace) {
        if choosing {
            measure(from: vector, own)
            choose(for: vector, own)
            write(own.chosen, to: vector)
        } else {
            write(own.ids, to: vector)
        }
    }

    func neighbours(of vector: UInt32) -> [UInt32] {
        let start = links + Int(vector) * degree
        var found: [UInt32] = []
        for index in 0..<degree {
            if start[index] == noLink { break }
            found.append(start[index])
        }
        return found
    }
}
