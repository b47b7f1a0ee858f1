internal import TrawlTensors

/// How the states of a text's tokens become its embedding, and how embeddings are compared.
extension Tape {
    /// The mean of the rows of each span of x, `[spans, columns]`; no span is empty.
    public func means(of spans: [Range<Int>], in x: Variable) -> Variable {
        require(x)
        precondition(spans.allSatisfy { !$0.isEmpty && $0.lowerBound >= 0 && $0.upperBound <= x.rows })
        let columns = x.columns
        let y = makeVariable(spans.count, columns, needsGradient: x.gradient != nil)
        parallel(spans.count, by: 16) { part in
            for index in part {
                let mean = y.value + index * columns
                mean.update(repeating: 0, count: columns)
                for row in spans[index] { Kernels.add(x.value + row * columns, to: mean, columns) }
                let scale = 1 / Float(spans[index].count)
                for column in 0..<columns { mean[column] *= scale }
            }
        }
        guard let dy = y.gradient, let dx = x.gradient else { return y }
        // One thread: spans may share rows.
        record {
            for (index, span) in spans.enumerated() {
                let scale = 1 / Float(span.count)
                for row in span { Kernels.addScaled(scale, dy + index * columns, to: dx + row * columns, columns) }
            }
        }
        return y
    }

    /// The rows of x at length 1, `[rows, columns]`. A row of zeros stays one, and carries no gradient.
    public func unitRows(_ x: Variable) -> Variable {
        require(x)
        let columns = x.columns
        let y = makeVariable(x.rows, columns, needsGradient: x.gradient != nil)
        // As inference has it.
        let scales = floats(x.rows)
        for row in 0..<x.rows {
            let from = x.value + row * columns
            scales[row] = 1 / max(Kernels.dot(from, from, columns).squareRoot(), 1e-12)
            for column in 0..<columns { y.value[row * columns + column] = from[column] * scales[row] }
        }
        guard let dy = y.gradient, let dx = x.gradient else { return y }
        record {
            for row in 0..<x.rows where scales[row] < 1e12 {
                let start = row * columns
                let along = Kernels.dot(y.value + start, dy + start, columns)
                Kernels.addScaled(scales[row], dy + start, to: dx + start, columns)
                Kernels.addScaled(-scales[row] * along, y.value + start, to: dx + start, columns)
            }
        }
        return y
    }

    /// scale a bᵀ, `[m, n]`; a: `[m, k]`, b: `[n, k]`: the similarities of queries and passages over a temperature.
    ///
    /// - Complexity: O(m n k).
    public func similarities(_ a: Variable, _ b: Variable, scale: Float) -> Variable {
        require(a, b)
        precondition(a.columns == b.columns)
        let (m, n, k) = (a.rows, b.rows, a.columns)
        let y = makeVariable(m, n, needsGradient: a.gradient != nil || b.gradient != nil)
        let product = MatrixProduct(pool: pool)
        product.outputs(a.value, b.value, m: m, n: n, k: k, into: y.value)
        for index in 0..<y.count { y.value[index] *= scale }
        guard let dy = y.gradient else { return y }
        let (scaled, scratch) = (floats(m * n), floats(m * n))
        record {
            for index in 0..<m * n { scaled[index] = scale * dy[index] }
            if let da = a.gradient { product.inputs(scaled, b.value, m: m, n: k, k: n, adding: true, into: da) }
            if let db = b.gradient {
                product.transposed(scaled, a.value, m: n, n: k, k: m, transposed: scratch, into: db)
            }
        }
        return y
    }
}
