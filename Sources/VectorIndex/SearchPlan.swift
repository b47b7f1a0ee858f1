/// The way to search a segment that takes the least time.
struct SearchPlan: Equatable {
    enum Way: Equatable {
        /// Compares all rows that are allowed.
        case scanRows
        /// Scans sign codes and compares so many rows.
        case scanSigns(rescored: Int)
        /// Estimates all rows that are allowed by their 4-bit codes and compares so many.
        case scanNibbles(rescored: Int)
        /// Walks with so wide a beam, and compares so many rows.
        case walk(width: Int, rescored: Int)
    }

    let way: Way
    /// What the choice rests on: nanoseconds on the machine of `eval/results/vectors.md`. Only their ratios matter.
    let cost: Double

    /// A byte of a long run, and one of a record that lies anywhere.
    private static let runByte = 0.06
    private static let scatteredByte = 0.1
    /// What following a link takes beside the code's bytes.
    private static let link = 30.0
    /// What a scan of codes takes for each record beside its bytes.
    private static let record = 5.0
    /// From this share of rows on all are scanned in a run rather than some picked.
    static let denseShare = 0.6

    init(_ segment: SearchedSegment, _ allowed: AllowedRows?, k: Int, _ options: VectorSearchOptions) {
        let k = min(k, allowed?.count ?? segment.rows.count)
        let total = Double(segment.rows.count)
        let count = Double(allowed?.count ?? segment.rows.count)
        let rowBytes = Double(segment.rows.rowBytes)
        let share = count / total
        func rescoring(_ rows: Int) -> Double { Double(rows) * rowBytes * Self.scatteredByte }
        var best = (
            way: Way.scanRows,
            cost: share >= Self.denseShare ? total * rowBytes * Self.runByte : count * rowBytes * Self.scatteredByte
        )
        func consider(_ way: Way, _ cost: Double) { if cost < best.cost { best = (way, cost) } }
        switch segment.codes {
        case .signs(let codes) where !options.isExact:
            let rescored = max(k, options.rescored ?? Self.signsRescored(k, isLearned: codes.image.isLearned))
            // Tiles without an allowed row are skipped.
            let scanned = min(total, count * Double(SignCodes.width))
            let cost = scanned * (Double(codes.image.codeDimension) / 8 + 4) * Self.runByte
            consider(.scanSigns(rescored: rescored), cost + rescoring(rescored))
        case .graph(let graph) where !options.isExact:
            let width = max(k, options.width ?? Self.width(k))
            let rescored = max(k, min(width, options.rescored ?? Self.walkRescored(k)))
            let code = Double(NibbleCodes.recordBytes(codeDimension: graph.space.codeDimension)) * Self.scatteredByte
            consider(.scanNibbles(rescored: rescored), count * (code + Self.record) + rescoring(rescored))
            // Half of the links that a walk follows lead to vectors that it has met.
            let comparisons = Double(width) / share * Double(graph.shape.degree) / 2
            consider(.walk(width: width, rescored: rescored), comparisons * (code + Self.link) + rescoring(rescored))
        default: break
        }
        (way, cost) = best
    }

    /// Estimates from one bit a dimension want many rows compared, those from fewer bits more.
    static func signsRescored(_ k: Int, isLearned: Bool) -> Int { max(isLearned ? 500 : 200, 10 * k) }

    /// 4 bits nearly order the nearest.
    static func walkRescored(_ k: Int) -> Int { max(32, 2 * k) }

    static func width(_ k: Int) -> Int { max(96, 3 * k) }
}
