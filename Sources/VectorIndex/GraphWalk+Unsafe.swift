internal import CTrawlKernels
import TrawlCore

/// What a walk goes through: links and codes, in place or still in the making.
struct GraphView {
    let links: RecordTable
    let codes: RecordTable
    let degree: Int
    let codeDimension: Int
    let entry: UInt32
    let count: UInt32
}

/// No vector: where a vector has fewer links than there is room for.
let noLink = UInt32.max

/// The memory of walks, used for one after the other.
///
/// A walk is best-first search (Subramanya et al. 2019, DiskANN, algorithm 1): it keeps the best vectors that it met, follows
/// the links of the best that it has not followed yet, and ends when it has followed them all.
final class GraphWalk {
    /// Entries of the beam, best first: score, turned so that greater scores are lesser numbers | vector | followed.
    private var beam: UnsafeMutablePointer<UInt64>
    private var beamCapacity: Int
    private(set) var count = 0
    /// A bit for each vector that was met.
    private let visited: UnsafeMutablePointer<UInt64>
    /// The vectors that were met, in order.
    private var met: UnsafeMutablePointer<UInt32>
    private var metCapacity = 1 << 12
    private var metCount = 0
    private let scores: UnsafeMutablePointer<Float>
    private let degree: Int
    /// Entries, as those of the beam, of the vectors that the last walk followed, in order, if it was asked to keep them.
    private(set) var followed: [UInt64] = []

    /// - Parameters:
    ///   - count: the vectors of the graph.
    ///   - degree: the most links of one.
    init(count: Int, degree: Int) {
        self.degree = degree
        beamCapacity = 128
        beam = .allocate(capacity: beamCapacity + 1)
        visited = .allocate(capacity: count / 64 + 1)
        visited.initialize(repeating: 0, count: count / 64 + 1)
        met = .allocate(capacity: metCapacity)
        scores = .allocate(capacity: max(1, degree))
    }

    deinit {
        beam.deallocate()
        visited.deallocate()
        met.deallocate()
        scores.deallocate()
    }

    @inline(__always)
    static func key(_ score: Float, _ vector: UInt32) -> UInt64 {
        let bits = score.bitPattern
        // Ascending for descending scores, those below zero included.
        let turned = bits >> 31 == 0 ? ~(bits | 0x8000_0000) : bits
        return UInt64(turned) << 32 | UInt64(vector << 1)
    }

    @inline(__always) static func vector(_ key: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: key) >> 1 }

    /// The vectors that the last walk kept, best first.
    subscript(place: Int) -> UInt32 { Self.vector(beam[place]) }

    /// Walks towards `query` and keeps the `width` best vectors.
    ///
    /// - Parameters:
    ///   - query: its bytes, with their sum and the factor of its scores.
    ///   - keepsFollowed: whether `followed` is wanted.
    func run(
        _ query: UnsafePointer<Int8>, sum: Int32, factor: Float, in graph: GraphView, width: Int,
        keepsFollowed: Bool = false
    ) {
        start(width)
        followed.removeAll(keepingCapacity: true)
        offerEntry(query, sum, factor, graph)
        var next = 0
        while next < count {
            let key = beam[next]
            if key & 1 == 1 {
                next += 1
                continue
            }
            beam[next] = key | 1
            if keepsFollowed { followed.append(key) }
            let fresh = expand(Self.vector(key), graph)
            prefetchLinks(next &+ 1, graph)
            score(query, sum, factor, graph, fresh)
            var first = next + 1
            for index in 0..<fresh {
                let place = offer(Self.key(scores[index], met[metCount &- fresh &+ index]), width)
                if place < first {
                    first = place
                    prefetchLinks(place, graph)
                }
            }
            next = first
        }
    }

    /// Walks as `run` does, but looks for vectors that are `allowed`: the others lead on and are not kept as found.
    ///
    /// - Parameter allowed: a bit for each vector.
    /// - Returns: up to `width` allowed vectors, best first.
    func run(
        _ query: UnsafePointer<Int8>, sum: Int32, factor: Float, in graph: GraphView, width: Int,
        allowed: UnsafePointer<UInt64>
    ) -> [UInt32] {
        // `beam` holds what is left to follow and what was; `found` the best allowed ones.
        var found: [UInt64] = []
        found.reserveCapacity(width + 1)
        let bound = max(1 << 14, 2 * width)
        start(bound)
        func consider(_ key: UInt64) {
            let vector = Self.vector(key)
            guard allowed[Int(vector >> 6)] >> UInt64(vector & 63) & 1 == 1 else { return }
            if found.count == width {
                guard let last = found.last, key < last else { return }
                found.removeLast()
            }
            var low = 0
            var high = found.count
            while low < high {
                let middle = (low + high) / 2
                if found[middle] < key { low = middle + 1 } else { high = middle }
            }
            found.insert(key, at: low)
        }
        offerEntry(query, sum, factor, graph)
        if count > 0 { consider(beam[0]) }
        var next = 0
        while next < count {
            let key = beam[next]
            if key & 1 == 1 {
                next += 1
                continue
            }
            // Whatever is left is worse than all that were found.
            if found.count == width, let last = found.last, key > last { break }
            beam[next] = key | 1
            let fresh = expand(Self.vector(key), graph)
            prefetchLinks(next &+ 1, graph)
            score(query, sum, factor, graph, fresh)
            var first = next + 1
            for index in 0..<fresh {
                let key = Self.key(scores[index], met[metCount &- fresh &+ index])
                if found.count == width, let last = found.last, key > last { continue }
                consider(key)
                first = min(first, offer(key, bound))
            }
            next = first
        }
        return found.map(Self.vector)
    }

    private func start(_ width: Int) {
        if width > beamCapacity {
            beam.deallocate()
            beamCapacity = width
            beam = .allocate(capacity: width + 1)
        }
        count = 0
        for index in 0..<metCount { visited[Int(met[index] >> 6)] = 0 }
        metCount = 0
    }

    private func offerEntry(_ query: UnsafePointer<Int8>, _ sum: Int32, _ factor: Float, _ graph: GraphView) {
        guard graph.entry != noLink else { return }
        visited[Int(graph.entry >> 6)] |= 1 << UInt64(graph.entry & 63)
        met[0] = graph.entry
        metCount = 1
        score(query, sum, factor, graph, 1)
        _ = offer(Self.key(scores[0], graph.entry), 1)
    }

    /// Appends the linked vectors that were not met yet to `met`; answers how many.
    @inline(__always)
    private func expand(_ vector: UInt32, _ graph: GraphView) -> Int {
        if metCount &+ degree > metCapacity { growMet() }
        let links = graph.links[vector].assumingMemoryBound(to: UInt32.self)
        let target = met + metCount
        var fresh = 0
        for index in 0..<degree {
            let link = links[index]
            // The end of the list; a damaged link leads nowhere.
            if link >= graph.count { break }
            // Whether a vector was met is hard to foresee: no branch depends on it.
            let word = visited + Int(link >> 6)
            let bit: UInt64 = 1 &<< UInt64(link & 63)
            target[fresh] = link
            fresh &+= word.pointee & bit == 0 ? 1 : 0
            word.pointee |= bit
        }
        metCount &+= fresh
        return fresh
    }

    private func growMet() {
        let larger = UnsafeMutablePointer<UInt32>.allocate(capacity: 2 * metCapacity)
        larger.initialize(from: met, count: metCount)
        met.deallocate()
        met = larger
        metCapacity *= 2
    }

    /// Scores the last `fresh` of the vectors that were met.
    @inline(__always)
    private func score(_ query: UnsafePointer<Int8>, _ sum: Int32, _ factor: Float, _ graph: GraphView, _ fresh: Int) {
        trawl_nibble_scores(
            query, sum, factor, graph.codeDimension, graph.codes.records, met + (metCount &- fresh), fresh, scores)
    }

    /// Puts an entry in its place if it is among the `width` best; answers the place, or a great number.
    @inline(__always)
    private func offer(_ key: UInt64, _ width: Int) -> Int {
        if count == width, key > beam[count &- 1] { return .max }
        // Without branches, which nothing foretells: the place is in `low` and the `left` after it.
        var low = beam
        var left = count
        while left > 1 {
            let half = left >> 1
            low = low[half &- 1] < key ? low + half : low
            left &-= half
        }
        if left == 1, low.pointee < key { low += 1 }
        let place = low - beam
        let moved = count &- place
        if moved > 0 { (low + 1).update(from: low, count: moved) }
        low.pointee = key
        if count < width { count &+= 1 }
        return place
    }

    /// Asks for the links of the vector at `place` to be brought into the cache: it is likely to be followed next.
    @inline(__always)
    private func prefetchLinks(_ place: Int, _ graph: GraphView) {
        guard place < count else { return }
        trawl_prefetch_bytes(graph.links[Self.vector(beam[place])], 4 * degree)
    }
}
