internal import CTrawlKernels
import TrawlCore
import TrawlStore

/// Searches one segment for some queries, the way that a plan says.
struct SegmentSearch: Sendable {
    private let segment: SearchedSegment
    private let allowed: AllowedRows?
    private let k: Int
    private let plan: SearchPlan.Way

    init(_ segment: SearchedSegment, _ allowed: AllowedRows?, k: Int, _ plan: SearchPlan) {
        self.segment = segment
        self.allowed = allowed
        self.k = min(k, allowed?.count ?? segment.rows.count)
        self.plan = plan.way
    }

    /// Whether most rows are allowed.
    private var isDense: Bool {
        allowed.map { Double($0.count) >= SearchPlan.denseShare * Double(segment.rows.count) } ?? true
    }

    /// The best rows of each query.
    func run(_ queries: [VectorQuery], threads: Int) -> [[ScoredPassage]] {
        switch (plan, segment.codes) {
        case (.scanSigns(let rescored), .signs(let codes)):
            if isDense { segment.willScan(codes: codes.tiles) }
            return forEach(queries, threads) { query in
                let rows = codes.best(rescored, for: codes.prepare(query.values), allowed: allowed?.words)
                return best(of: rows, query)
            }
        case (.walk(let width, let rescored), .graph(let graph)):
            return forEach(queries, threads) {
                GraphWalk(count: segment.rows.count, degree: Int(graph.shape.degree))
            } _: { walk, query in
                best(of: walk.nearest(query, in: graph, width: width, allowed: allowed, limit: rescored), query)
            }
        case (.scanNibbles(let rescored), .graph(let graph)):
            let rows = allowed?.rows ?? Array(0..<UInt32(segment.rows.count))
            return forEach(queries, threads) { query in
                best(of: graph.best(rescored, of: rows, for: query), query)
            }
        default:
            if let allowed, !isDense {
                let rows = allowed.rows
                return forEach(queries, threads) { query in best(of: rows, query) }
            }
            segment.willScanRows()
            return segment.metric == .cosine && queries.count >= BatchScan.leastQueries
                ? BatchScan(segment, allowed, k: k).run(queries, threads: threads)
                : RowScan(segment, allowed, k: k).run(queries, threads: threads)
        }
    }

    private func forEach(
        _ queries: [VectorQuery], _ threads: Int, _ search: @Sendable (VectorQuery) -> [ScoredPassage]
    ) -> [[ScoredPassage]] {
        forEach(queries, threads) {
            ()
        } _: { (_: inout Void, query) in
            search(query)
        }
    }

    /// - Parameter state: what each thread makes for itself.
    private func forEach<State>(
        _ queries: [VectorQuery], _ threads: Int, state: @Sendable () -> State,
        _ search: @Sendable (inout State, VectorQuery) -> [ScoredPassage]
    ) -> [[ScoredPassage]] {
        var found = [[ScoredPassage]](repeating: [], count: queries.count)
        found.withUnsafeMutableBufferPointer { found in
            // Every step writes its own element.
            nonisolated(unsafe) let found = found
            Parallel.forEach(queries.count, threads: threads) {
                state()
            } _: { own, index in
                found[index] = search(&own, queries[index])
            }
        }
        return found
    }

    /// Compares `rows` exactly and keeps the best.
    private func best(of rows: [UInt32], _ query: VectorQuery) -> [ScoredPassage] {
        var top = TopPassages(k)
        withUnsafeTemporaryAllocation(of: Float.self, capacity: max(1, rows.count)) { products in
            guard let out = products.baseAddress else { return }
            query.values.withUnsafeBufferPointer { values in
                rows.withUnsafeBufferPointer { rows in
                    if let values = values.baseAddress { segment.rows.products(values, rows: rows, into: out) }
                }
            }
            for (index, row) in rows.enumerated() {
                top.offer(
                    ScoredPassage(PassageID(segment.base + row), segment.finished(out[index], query, Int(row))))
            }
        }
        return top.ranking().entries
    }
}

extension VectorGraph {
    /// The `count` of `rows` whose codes promise the most.
    fileprivate func best(_ count: Int, of rows: [UInt32], for query: VectorQuery) -> [UInt32] {
        let coded = CodeQuery(image: space.mapped(query: query.values))
        let view = view
        var top = TopPassages(count)
        withUnsafeTemporaryAllocation(of: Float.self, capacity: max(1, rows.count)) { scores in
            trawl_nibble_scores(
                coded.bytes, coded.sum, coded.factor, view.codeDimension, view.codes.records, rows, rows.count,
                scores.baseAddress)
            for (index, row) in rows.enumerated() where scores[index] >= top.threshold {
                top.offer(ScoredPassage(PassageID(row), scores[index]))
            }
        }
        return top.ranking().map(\.passage.rawValue)
    }
}

extension GraphWalk {
    /// The `limit` best rows of those that a walk finds, among `allowed`.
    func nearest(_ query: VectorQuery, in graph: VectorGraph, width: Int, allowed: AllowedRows?, limit: Int) -> [UInt32]
    {
        let coded = CodeQuery(image: graph.space.mapped(query: query.values))
        let view = graph.view
        return coded.bytes.withUnsafeBufferPointer { bytes in
            guard let start = bytes.baseAddress else { return [] }
            guard let allowed else {
                run(start, sum: coded.sum, factor: coded.factor, in: view, width: width)
                return (0..<min(count, limit)).map { self[$0] }
            }
            return allowed.words.withUnsafeBufferPointer { words in
                guard let words = words.baseAddress else { return [] }
                let found = run(
                    start, sum: coded.sum, factor: coded.factor, in: view, width: width, allowed: words)
                return Array(found.prefix(limit))
            }
        }
    }
}
