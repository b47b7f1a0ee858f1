internal import TrawlTensors

/// How texts with a vector for each token are compared.
extension Tape {
    /// The similarity of queries and passages by late interaction (ColBERT, Khattab and Zaharia 2020, arXiv 2004.12832): scale
    /// times the sum, over the rows of a query, of the largest dot product with a row of the passage; `[queries, passages]`.
    ///
    /// Gradients go through the largest products alone, the first of equals.
    ///
    /// - Parameters:
    ///   - x: `[rows, columns]`, the vectors of all texts.
    ///   - queries: The rows of each query; no row of a passage is among them.
    ///   - passages: The rows of each passage, no row of two. A passage without rows has the similarity 0.
    /// - Complexity: O(rows of queries x rows of passages x columns).
    public func maxSim(_ x: Variable, queries: [Range<Int>], passages: [[Int]], scale: Float) -> Variable {
        require(x)
        let columns = x.columns
        let (m, n) = (queries.count, passages.count)
        let y = makeVariable(m, n, needsGradient: x.gradient != nil)
        let ofQueries = queries.flatMap { Array($0) }
        let owners = queries.enumerated().flatMap { [Int](repeating: $0.offset, count: $0.element.count) }
        let left = packed(ofQueries, of: x)
        // For each row of a query and each passage: the row of the passage that is most like it, -1 for none, and how much.
        var nearest = [Int32](repeating: -1, count: ofQueries.count * n)
        let best = floats(max(1, ofQueries.count * n))
        best.update(repeating: 0, count: ofQueries.count * n)
        nearest.withUnsafeMutableBufferPointer { nearest in
            guard let nearest = nearest.baseAddress else { return }
            for part in Self.parts(passages, rows: Self.rowsAtOnce) {
                let rows = part.flatMap { passages[$0] }
                let products = floats(max(1, ofQueries.count * rows.count))
                MatrixProduct(pool: pool).outputs(
                    left, packed(rows, of: x), m: ofQueries.count, n: rows.count, k: columns, into: products)
                parallel(ofQueries.count, by: 8) { range in
                    for index in range {
                        let line = products + index * rows.count
                        var first = 0
                        for passage in part {
                            let end = first + passages[passage].count
                            var place = first
                            for column in first..<end where line[column] > line[place] { place = column }
                            if first < end {
                                nearest[index * n + passage] = Int32(rows[place])
                                best[index * n + passage] = line[place]
                            }
                            first = end
                        }
                    }
                }
            }
        }
        y.value.update(repeating: 0, count: y.count)
        for (index, owner) in owners.enumerated() {
            for passage in 0..<n { y.value[owner * n + passage] += scale * best[index * n + passage] }
        }
        guard let dy = y.gradient, let dx = x.gradient else { return y }
        record { [self] in
            // Rows of queries and of passages in turn: each row is written by one thread.
            parallel(ofQueries.count, by: 8) { range in
                for index in range {
                    for passage in 0..<n where nearest[index * n + passage] >= 0 {
                        let slope = scale * dy[owners[index] * n + passage]
                        guard slope != 0 else { continue }
                        let row = Int(nearest[index * n + passage])
                        Kernels.addScaled(
                            slope, x.value + row * columns, to: dx + ofQueries[index] * columns, columns)
                    }
                }
            }
            parallel(n, by: 1) { range in
                for passage in range {
                    for index in ofQueries.indices where nearest[index * n + passage] >= 0 {
                        let slope = scale * dy[owners[index] * n + passage]
                        guard slope != 0 else { continue }
                        let row = Int(nearest[index * n + passage])
                        Kernels.addScaled(slope, left + index * columns, to: dx + row * columns, columns)
                    }
                }
            }
        }
        return y
    }

    /// The rows of passages whose products with all rows of queries are held at once.
    private static let rowsAtOnce = 4096

    /// Consecutive passages of at most `rows` rows, or of one passage that has more.
    private static func parts(_ passages: [[Int]], rows: Int) -> [Range<Int>] {
        var parts: [Range<Int>] = []
        var (start, count) = (0, 0)
        for (index, passage) in passages.enumerated() {
            if index > start, count + passage.count > rows {
                parts.append(start..<index)
                (start, count) = (index, 0)
            }
            count += passage.count
        }
        if start < passages.count { parts.append(start..<passages.count) }
        return parts
    }

    /// A copy of rows of x, one after the other.
    private func packed(_ rows: [Int], of x: Variable) -> UnsafeMutablePointer<Float> {
        let copy = floats(max(1, rows.count) * x.columns)
        for (index, row) in rows.enumerated() {
            (copy + index * x.columns).update(from: x.value + row * x.columns, count: x.columns)
        }
        return copy
    }
}
