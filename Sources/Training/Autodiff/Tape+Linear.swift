internal import CTrawlKernels
internal import TrawlTensors

extension Tape {
    /// x Wᵀ + b, `[m, n]`; x: `[m, k]`, weight: `[n, k]`, bias: `[n]`.
    ///
    /// - Complexity: O(m n k).
    public func linear(_ x: Variable, _ weight: Parameter, _ bias: Parameter?) -> Variable {
        require(x)
        precondition(x.columns == weight.columns && (bias.map { $0.count == weight.rows } ?? true))
        let (m, n, k) = (x.rows, weight.rows, weight.columns)
        let isTrained = weight.isTrained || (bias?.isTrained ?? false)
        let y = makeVariable(m, n, needsGradient: x.gradient != nil || isTrained)
        let product = MatrixProduct(pool: pool)
        product.outputs(x.value, weight.value, m: m, n: n, k: k, into: y.value)
        if let bias { addRow(bias.value, to: y) }
        guard let dy = y.gradient else { return y }
        let scratch = weight.isTrained ? floats(m * n) : nil
        record { [self] in
            if let dx = x.gradient { product.inputs(dy, weight.value, m: m, n: k, k: n, adding: true, into: dx) }
            if let dw = weight.gradient, let scratch {
                product.transposed(dy, x.value, m: n, n: k, k: m, transposed: scratch, into: dw)
            }
            if let db = bias?.gradient { sumRows(dy, m, n, into: db) }
        }
        return y
    }

    /// Adds a row to all rows of a variable.
    func addRow(_ row: UnsafePointer<Float>, to y: Variable) {
        parallel(y.rows, by: 64) { rows in
            for index in rows { Kernels.add(row, to: y.value + index * y.columns, y.columns) }
        }
    }

    /// out += the sum of the rows of x, `[m, n]`.
    func sumRows(_ x: UnsafePointer<Float>, _ m: Int, _ n: Int, into out: UnsafeMutablePointer<Float>) {
        parallel(n, by: 256) { columns in
            for row in 0..<m {
                Kernels.add(x + row * n + columns.lowerBound, to: out + columns.lowerBound, columns.count)
            }
        }
    }

    /// The exact GELU of x, value by value; `[rows, columns]`.
    public func gelu(_ x: Variable) -> Variable {
        require(x)
        let y = makeVariable(x.rows, x.columns, needsGradient: x.gradient != nil)
        parallel(x.count, by: 1 << 14) { part in
            (y.value + part.lowerBound).update(from: x.value + part.lowerBound, count: part.count)
            Activation.geluErf.apply(y.value + part.lowerBound, part.count)
        }
        guard let dx = x.gradient, let dy = y.gradient else { return y }
        record { [self] in
            parallel(x.count, by: 1 << 14) { part in
                let start = part.lowerBound
                trawl_gelu_erf_backward(x.value + start, dy + start, dx + start, part.count)
            }
        }
        return y
    }

    /// tanh of x, value by value; `[rows, columns]`.
    public func tanh(_ x: Variable) -> Variable {
        require(x)
        let y = makeVariable(x.rows, x.columns, needsGradient: x.gradient != nil)
        y.value.update(from: x.value, count: x.count)
        Activation.tanh.apply(y.value, x.count)
        guard let dx = x.gradient, let dy = y.gradient else { return y }
        record { for index in 0..<x.count { dx[index] += dy[index] * (1 - y.value[index] * y.value[index]) } }
        return y
    }
}
