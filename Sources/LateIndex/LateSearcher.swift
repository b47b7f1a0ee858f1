public import TrawlCore
public import TrawlStore
public import TrawlTensors

/// How hard a search tries, and what it may leave out.
public struct LateSearchOptions: Sendable {
    /// Scores every passage.
    public var isExact = false
    /// The centroids nearest to a token of the query whose passages are candidates.
    public var probes = 16
    /// The candidates that are scored by all their tokens; never fewer than are asked for.
    public var candidates = 1024
    /// Which passages may be found; nil: all.
    public var allows: (@Sendable (PassageID) -> Bool)?

    public init() {}
}

/// Late interaction (ColBERT, Khattab and Zaharia 2020, arXiv 2004.12832) over the token vectors of all segments, read in place: a
/// passage's score is the sum, over the query's tokens, of the largest dot product with one of its tokens.
///
/// A score depends on the query and the passage alone, not on segments, candidates or threads. Residuals are multiplied by
/// tables of bytes, which changes a score by about a thousandth for each token of the query.
public struct LateSearcher: Sendable {
    public let codec: TokenCodec
    private let segments: [TokenStore]
    private let pool: ThreadPool

    /// - Throws: `corrupted` for a segment without token vectors, `incompatible` for one that another codec made.
    public init(_ segments: [SegmentReader], codec: TokenCodec, pool: ThreadPool = .shared) throws {
        self.codec = codec
        self.pool = pool
        self.segments = try segments.map { try TokenStore($0) }
        try requireEqualShapes(self.segments)
        if let shape = self.segments.first?.shape,
            Int(shape.dimension) != codec.dimension || Int(shape.bits) != codec.bits
                || Int(shape.centroidCount) != codec.centroidCount
        {
            throw TrawlError(
                .corrupted, "the token vectors were not compressed with the centroids of the index",
                path: segments.first?.snapshot.path, remedy: "build the index again")
        }
    }

    /// The stored tokens, those of deleted passages included.
    public var tokenCount: Int { segments.reduce(0) { $0 + $1.tokenCount } }
    /// The bytes of tokens, offsets and lists; the centroids are extra.
    public var byteCount: Int { segments.reduce(0) { $0 + $1.byteCount } }

    /// The best passages of a query, whose token vectors are `[count, dimension]`: candidates are the passages that have a token at one of the centroids nearest to a token
    /// of the query; those that are best by centroids alone are scored by all their tokens (PLAID, Santhanam et al. 2022,
    /// arXiv 2205.09707). A token of the query that has none of its centroids in a passage counts there as the last of
    /// them (as in XTR, Lee et al. 2023, arXiv 2304.01982).
    ///
    /// - Throws: `invalidInput` for a query of another dimension, `corrupted` for damaged lists.
    /// - Complexity: O(centroids * dimension) for each token of the query, then O(lists + candidates * tokens).
    public func search(_ query: [Float], k: Int, _ options: LateSearchOptions = LateSearchOptions()) throws
        -> Ranking
    {
        guard k > 0, !segments.isEmpty, !query.isEmpty else { return Ranking([]) }
        let prepared = try prepare(query)
        var top = TopPassages(k)
        let chosen = try options.isExact ? all(options) : candidates(prepared, k: k, options)
        for (entry, score) in zip(chosen, scores(prepared, chosen)) {
            let base = segments[entry.segment].reader.passageBase
            top.offer(ScoredPassage(PassageID(base + UInt32(entry.passage)), score))
        }
        return top.ranking()
    }

    /// The scores of `passages`, the same that `search` gives. A passage without tokens has the lowest possible.
    ///
    /// - Throws: `notFound` for a passage that the index does not have.
    public func score(_ query: [Float], passages: [PassageID]) throws -> [Float] {
        guard !passages.isEmpty, !query.isEmpty else { return passages.map { _ in 0 } }
        return try scores(prepare(query), passages.map { try locate($0) })
    }

    /// How many tokens are stored of a passage.
    public func tokenCount(of passage: PassageID) throws -> Int {
        let (segment, local) = try locate(passage)
        return segments[segment].tokens(of: local).count
    }

    /// The token vectors of a passage as they are stored, `[tokens, dimension]`.
    ///
    /// - Throws: as `score`; `corrupted` for a centroid that does not exist.
    public func vectors(of passage: PassageID) throws -> [Float] {
        let (segment, local) = try locate(passage)
        let store = segments[segment]
        return try store.tokens(of: local).flatMap { number in
            let token = store.token(number)
            guard token.centroid < codec.centroidCount else {
                throw LateSegment.damaged(store.reader, "token \(number) has a centroid that does not exist")
            }
            return codec.decompress(centroid: token.centroid, factor: token.factor, residual: token.residual)
        }
    }

    /// For each token of the query the token of a passage that it matches best, with their product; empty for a passage without
    /// tokens.
    ///
    /// - Complexity: O(tokens of both * dimension).
    public func bestTokens(_ query: [Float], in passage: PassageID) throws -> [(token: Int, product: Float)] {
        let stored = try vectors(of: passage)
        guard !stored.isEmpty, query.count % codec.dimension == 0 else { return [] }
        let best = Dots(of: stored, to: query, dimension: codec.dimension, pool: pool)
        return zip(best.nearest, best.best).map { (Int($0), $1) }
    }

    private typealias Entry = (segment: Int, passage: Int)

    private func prepare(_ query: [Float]) throws -> TokenQuery {
        try TokenQuery(query, codec: codec, pool: pool)
    }

    private func locate(_ passage: PassageID) throws -> Entry {
        guard let segment = segments.lastIndex(where: { $0.reader.passageBase <= passage.rawValue }) else {
            throw TrawlError(.notFound, "passage \(passage.rawValue) has no token vectors")
        }
        let local = Int(passage.rawValue - segments[segment].reader.passageBase)
        guard local < segments[segment].passageCount else {
            throw TrawlError(.notFound, "passage \(passage.rawValue) has no token vectors")
        }
        return (segment, local)
    }

    private func scores(_ query: TokenQuery, _ entries: [Entry]) -> [Float] {
        [Float](unsafeUninitializedCapacity: entries.count) { buffer, count in
            nonisolated(unsafe) let buffer = buffer
            let tile = 16
            pool.parallelFor((entries.count + tile - 1) / tile) { part in
                withUnsafeTemporaryAllocation(of: Float.self, capacity: query.paddedCount) { scratch in
                    guard let scratch = scratch.baseAddress else { return }
                    for index in part * tile..<min(entries.count, (part + 1) * tile) {
                        let store = segments[entries[index].segment]
                        let score = query.score(store, store.tokens(of: entries[index].passage), scratch: scratch)
                        buffer.initializeElement(at: index, to: score)
                    }
                }
            }
            count = entries.count
        }
    }

    /// Every passage that may be found and has tokens.
    private func all(_ options: LateSearchOptions) -> [Entry] {
        segments.indices.flatMap { number in
            let store = segments[number]
            return (0..<store.passageCount).compactMap { passage in
                isAllowed(passage, store, options) && !store.tokens(of: passage).isEmpty ? (number, passage) : nil
            }
        }
    }

    private func isAllowed(_ passage: Int, _ store: TokenStore, _ options: LateSearchOptions) -> Bool {
        guard !store.isDead(passage) else { return false }
        return options.allows.map { $0(PassageID(store.reader.passageBase + UInt32(passage))) } ?? true
    }

    private func candidates(_ query: TokenQuery, k: Int, _ options: LateSearchOptions) throws -> [Entry] {
        // For each token of the query the nearest centroids, and what a passage without any of them gets.
        let probed: [[ScoredPassage]] = (0..<query.count).map { token in
            var nearest = TopPassages(max(1, min(options.probes, codec.centroidCount)))
            for centroid in 0..<codec.centroidCount {
                let dot = query.centroidDot(centroid, token)
                if dot >= nearest.threshold { nearest.offer(ScoredPassage(PassageID(UInt32(centroid)), dot)) }
            }
            return nearest.ranking().entries
        }
        var best = TopPassages(max(k, options.candidates))
        for store in segments {
            var seen = SeenPassages(store.passageCount)
            for (token, centroids) in probed.enumerated() {
                guard let last = centroids.last?.score else { continue }
                for entry in centroids {
                    let gain = entry.score - last
                    try store.passages(of: Int(entry.passage.rawValue)) { seen.add(gain, to: $0, token: token) }
                }
            }
            for passage in seen.touched where isAllowed(passage, store, options) {
                let id = PassageID(store.reader.passageBase + UInt32(passage))
                best.offer(ScoredPassage(id, seen.score(of: passage)))
            }
        }
        return try best.ranking().map { try locate($0.passage) }
    }
}

/// Sums of what passages gain, of which most are never touched.
private struct SeenPassages {
    private(set) var touched: [Int] = []
    private var scores: [Float]
    /// The last token of the query that a passage was seen for, counted from 1.
    private var tokens: [UInt32]

    init(_ count: Int) {
        scores = [Float](repeating: 0, count: count)
        tokens = [UInt32](repeating: 0, count: count)
    }

    /// Only the first gain for each token counts: centroids come in descending order.
    mutating func add(_ gain: Float, to passage: Int, token: Int) {
        let number = UInt32(token + 1)
        guard tokens[passage] != number else { return }
        if tokens[passage] == 0 { touched.append(passage) }
        tokens[passage] = number
        scores[passage] += gain
    }

    func score(of passage: Int) -> Float { scores[passage] }
}
