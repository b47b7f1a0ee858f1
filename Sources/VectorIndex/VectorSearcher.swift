public import TrawlCore
public import TrawlStore

/// What a search may leave out, and how hard it tries.
public struct VectorSearchOptions: Sendable {
    /// Compares every vector, whatever structure there is.
    public var isExact = false
    /// The vectors that a walk through a graph keeps; nil: what `k` asks for.
    public var width: Int?
    /// The vectors that are compared exactly after a scan of codes or a walk; nil: what `k` asks for.
    public var rescored: Int?
    /// The passages that may be answered; nil: all.
    public var filter: PassageFilter?
    /// nil: one for each core. It changes no result.
    public var threads: Int?

    public init() {}
}

/// A set of passages of an index, numbered through all segments.
public struct PassageFilter: Sendable {
    let members: BitSet

    public init(_ members: BitSet) { self.members = members }

    public func contains(_ passage: PassageID) -> Bool {
        Int(passage.rawValue) < members.bound && members.contains(Int(passage.rawValue))
    }
}

/// Nearest neighbours over the vectors of all segments, read in place.
///
/// A score depends on its two vectors alone, not on segments, structures, batches or threads. A search of a segment with a
/// structure may miss a neighbour, but never gives it another score.
public struct VectorSearcher: Sendable {
    /// 0 for an index without segments.
    public let dimension: Int
    public let metric: Metric
    /// The number of vectors of live passages in all segments.
    public let count: Int
    let segments: [SearchedSegment]

    /// - Throws: `corrupted` for a segment without vectors or with another number of them than passages, `incompatible`
    ///   for segments of different dimensions or metrics.
    public init(_ segments: [SegmentReader]) throws {
        self.segments = try segments.map { try SearchedSegment($0) }
        for (before, after) in zip(self.segments, self.segments.dropFirst())
        where before.rows.dimension != after.rows.dimension || before.metric != after.metric {
            throw TrawlError(
                .incompatible,
                "segment \(after.reader.info.number) has \(after.rows.dimension) dimensions, the one before "
                    + "\(before.rows.dimension), or another metric",
                path: after.reader.snapshot.path, remedy: "build the index again with one model")
        }
        count = segments.reduce(0) { $0 + $1.info.livePassageCount }
        dimension = self.segments.first?.rows.dimension ?? 0
        metric = self.segments.first?.metric ?? .cosine
    }

    /// The structures and formats of the segments, in order.
    public var structures: [VectorStructure] { segments.map(\.structure) }
    public var formats: [RowFormat] { segments.map(\.rows.format) }
    /// The sign codes of each segment; nil where it has none.
    public var codes: [CodeSettings?] {
        segments.map { segment in
            guard case .signs(let codes) = segment.codes else { return nil }
            return codes.image.isLearned ? .learned(bits: codes.image.codeDimension) : .rotated
        }
    }

    /// The `k` passages nearest to `query`, ties in the order of passages.
    /// - Throws: `invalidInput` for a query of another dimension or with a value that is not finite.
    /// - Complexity: O(count * dimension) when exact.
    public func search(_ query: [Float], k: Int, _ options: VectorSearchOptions = VectorSearchOptions()) throws
        -> Ranking
    {
        try search([query], k: k, options)[0]
    }

    /// The nearest passages of each query. Without a structure the vectors are read once for many queries.
    public func search(_ queries: [[Float]], k: Int, _ options: VectorSearchOptions = VectorSearchOptions()) throws
        -> [Ranking]
    {
        let prepared = try queries.map { try prepare($0) }
        guard k > 0, !queries.isEmpty else { return queries.map { _ in Ranking([]) } }
        let threads = Parallel.threads(options.threads)
        let k = min(k, count)
        var options = options
        // Queries that codes say nothing of are compared with all vectors; they have lengths that no model gives.
        if prepared.contains(where: { !CodeSpace.isCodable($0.squaredLength) }) { options.isExact = true }
        var tops = queries.map { _ in TopPassages(k) }
        for segment in segments {
            let allowed = try segment.allowed(options.filter)
            if allowed?.count == 0 || segment.rows.count == 0 { continue }
            let plan = SearchPlan(segment, allowed, k: k, options)
            let search = SegmentSearch(segment, allowed, k: k, plan)
            for (number, found) in search.run(prepared, threads: threads).enumerated() {
                for entry in found { tops[number].offer(entry) }
            }
        }
        return tops.map { $0.ranking() }
    }

    /// The scores of `passages` for `query`, the same that `search` gives.
    /// - Throws: `notFound` for a passage that has no vector.
    public func score(_ query: [Float], passages: [PassageID]) throws -> [Float] {
        let query = try prepare(query)
        return try passages.map { passage in
            let (segment, row) = try locate(passage)
            return segment.score(query, row)
        }
    }

    /// The stored vector of a passage.
    /// - Throws: `notFound` for a passage that has none.
    public func vector(of passage: PassageID) throws -> [Float] {
        let (segment, row) = try locate(passage)
        return segment.rows[row]
    }

    private func prepare(_ query: [Float]) throws(TrawlError) -> VectorQuery {
        guard segments.isEmpty || query.count == dimension else {
            throw TrawlError(
                .invalidInput, "the query has \(query.count) dimensions, the index \(dimension)",
                remedy: "embed the query with the model that made the index")
        }
        if let bad = query.firstIndex(where: { !$0.isFinite }) {
            throw TrawlError(.invalidInput, "the query has the value \(query[bad]) at position \(bad)")
        }
        return VectorQuery(query, metric)
    }

    private func locate(_ passage: PassageID) throws(TrawlError) -> (SearchedSegment, Int) {
        guard let segment = segments.last(where: { $0.base <= passage.rawValue }),
            Int(passage.rawValue - segment.base) < segment.rows.count
        else { throw TrawlError(.notFound, "passage \(passage.rawValue) has no vector") }
        let row = Int(passage.rawValue - segment.base)
        if let dead = segment.dead, dead.contains(row) {
            throw TrawlError(.notFound, "passage \(passage.rawValue) was deleted", remedy: "open the index anew")
        }
        return (segment, row)
    }
}

/// A query ready to be multiplied.
struct VectorQuery: Sendable {
    let values: [Float]
    let squaredLength: Float

    init(_ query: [Float], _ metric: Metric) {
        var values = query
        if metric == .cosine { Normalisation.apply(&values) }
        self.values = values
        squaredLength = values.withUnsafeBufferPointer { Normalisation.squaredLength($0) }
    }
}
