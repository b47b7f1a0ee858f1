/// The way to search a segment that takes the least time.
///
/// Times are in bytes that are read: neighbouring ones count once, scattered ones, which the processor must wait for,
/// several times.
struct SearchPlan: Equatable {
    enum Way: Equatable {
        /// Compares all rows that are allowed.
        case scanRows
        /// Scans sign codes and compares so many rows.
        case scanSigns(rescored: Int)
        /// Walks with so wide a beam, and compares so many rows.
        case walk(width: Int, rescored: Int)
    }

    let way: Way
    /// The cost that the choice rests on.
    let cost: Double

    /// What a byte that lies anywhere costs, neighbours being 1.
    private static let scattered = 2.5
    /// The rows that are scanned as a whole rather than picked: reading on is cheaper than picking every second one.
    static let denseShare = 0.5

    init(_ segment: SearchedSegment, _ allowed: AllowedRows?, k: Int, _ options: VectorSearchOptions) {
        let total = Double(segment.rows.count)
        let count = Double(allowed?.count ?? segment.rows.count)
        let rowBytes = Double(segment.rows.rowBytes)
        let share = count / total
        let exact = share >= Self.denseShare ? total * rowBytes : count * rowBytes * Self.scattered
        func rescoring(_ rows: Int) -> Double { Double(rows) * rowBytes * Self.scattered }
        var best = (way: Way.scanRows, cost: exact)
        switch segment.codes {
        case .none: break
        case .signs(let codes) where !options.isExact:
            let rescored = options.rescored.map { max($0, k) } ?? Self.signsRescored(k)
            // Tiles without an allowed row are skipped.
            let tiles = min(1, count * Double(SignCodes.width) / total) * total
            let cost = tiles * Double(codes.space.codeDimension) / 8 * 1.5 + rescoring(rescored)
            if cost < exact { best = (.scanSigns(rescored: rescored), cost) }
        case .graph(let graph) where !options.isExact:
            let width = max(k, options.width ?? Self.width(k))
            let rescored = max(k, min(width, options.rescored ?? width))
            let codeBytes = Double(NibbleCodes.recordBytes(codeDimension: graph.space.codeDimension))
            // A walk meets new vectors through about half of the links that it follows.
            let comparisons = Double(width) / share * Double(graph.shape.degree) / 2
            let cost = comparisons * codeBytes * Self.scattered + rescoring(rescored)
            if cost < exact { best = (.walk(width: width, rescored: rescored), cost) }
        default: break
        }
        (way, cost) = best
    }

    /// Estimates from one bit a dimension want many rows compared.
    static func signsRescored(_ k: Int) -> Int { max(200, 10 * k) }

    static func width(_ k: Int) -> Int { max(96, 3 * k) }
}
