internal import CTrawlKernels
internal import TrawlTensors

extension Tape {
    /// The rows of one task of a norm; the gradients of the weights are summed task by task.
    private static let normRows = 64

    /// The layer norm of x + residual (Ba et al. 2016, arXiv 1607.06450), `[rows, columns]`; weight and bias: `[columns]`.
    public func layerNorm(
        _ x: Variable, adding residual: Variable? = nil, weight: Parameter, bias: Parameter, epsilon: Float
    ) -> Variable {
        require(x, residual ?? x)
        let (rows, columns) = (x.rows, x.columns)
        precondition(weight.count == columns && bias.count == columns && (residual.map { $0.count == x.count } ?? true))
        let needsGradient = x.gradient != nil || residual?.gradient != nil || weight.isTrained || bias.isTrained
        let y = makeVariable(rows, columns, needsGradient: needsGradient)
        let sum = needsGradient && residual != nil ? floats(x.count) : nil
        parallel(rows, by: Self.normRows) { part in
            let (start, count) = (part.lowerBound * columns, part.count * columns)
            (y.value + start).update(from: x.value + start, count: count)
            if let residual { Kernels.add(residual.value + start, to: y.value + start, count) }
            if let sum { (sum + start).update(from: y.value + start, count: count) }
            Kernels.layerNorm(
                y.value + start, adding: nil, weight: weight.value, bias: bias.value, epsilon: epsilon,
                rows: part.count, columns: columns)
        }
        guard let dy = y.gradient else { return y }
        let z = UnsafePointer(sum ?? x.value)
        let dz = floats(x.count)
        let tasks = (rows + Self.normRows - 1) / Self.normRows
        // [tasks, 2, columns]
        let partial = floats(tasks * 2 * columns)
        record { [self] in
            parallel(rows, by: Self.normRows) { part in
                let (start, count) = (part.lowerBound * columns, part.count * columns)
                let sums = partial + part.lowerBound / Self.normRows * 2 * columns
                sums.update(repeating: 0, count: 2 * columns)
                (dz + start).update(repeating: 0, count: count)
                trawl_layer_norm_backward(
                    z + start, weight.value, epsilon, dy + start, part.count, columns, dz + start, sums, sums + columns)
                if let dx = x.gradient { Kernels.add(dz + start, to: dx + start, count) }
                if let dr = residual?.gradient { Kernels.add(dz + start, to: dr + start, count) }
            }
            for task in 0..<tasks {
                let sums = partial + task * 2 * columns
                if let dw = weight.gradient { Kernels.add(sums, to: dw, columns) }
                if let db = bias.gradient { Kernels.add(sums + columns, to: db, columns) }
            }
        }
        return y
    }
}
