internal import TrawlTensors

/// The change scale B A of a frozen matrix (LoRA, Hu et al. 2021, arXiv 2106.09685). The rank is far below the sizes of the
/// matrix.
public struct LowRankAdapter {
    /// A: `[rank, in]`.
    public let down: Parameter
    /// B: `[out, rank]`; all 0 where training begins.
    public let up: Parameter
    public let scale: Float

    public var rank: Int { down.rows }

    public init(down: Parameter, up: Parameter, scale: Float) {
        precondition(up.columns == down.rows, "B has as many columns as A has rows")
        (self.down, self.up, self.scale) = (down, up, scale)
    }

    /// The values of W + scale B A, `[out, in]`.
    ///
    /// - Complexity: O(out in rank).
    public func merged(into weight: Parameter) -> [Float] {
        precondition(weight.rows == up.rows && weight.columns == down.columns, "a matrix of the adapter's sizes")
        var values = weight.values
        let (columns, rank) = (weight.columns, rank)
        for row in 0..<weight.rows {
            for column in 0..<columns {
                var sum = 0.0
                for index in 0..<rank {
                    sum += Double(up.value[row * rank + index]) * Double(down.value[index * columns + column])
                }
                let old = values[row * columns + column]
                values[row * columns + column] = Float(Double(old) + Double(scale) * sum)
            }
        }
        return values
    }
}

extension Tape {
    /// x (W + scale B A)ᵀ + b, `[m, n]`; x: `[m, k]`, weight: `[n, k]` and bias: `[n]`, both frozen. The matrices of the adapter
    /// are trained.
    ///
    /// - Complexity: O(m n k), and O(m rank (n + k)) for the adapter.
    public func linear(
        _ x: Variable, _ weight: Parameter, _ bias: Parameter? = nil, adapter: LowRankAdapter
    ) -> Variable {
        require(x)
        let (m, n, k, rank) = (x.rows, weight.rows, weight.columns, adapter.rank)
        let (down, up) = (adapter.down, adapter.up)
        precondition(!weight.isTrained && x.columns == k)
        precondition(bias.map { !$0.isTrained && $0.count == n } ?? true)
        precondition(down.columns == k && up.rows == n && up.columns == rank)
        let product = MatrixProduct(pool: pool)
        let y = makeVariable(m, n, needsGradient: true)
        // u = scale x Aᵀ: [m, rank]
        let u = makeVariable(m, rank, needsGradient: true)
        product.outputs(x.value, down.value, m: m, n: rank, k: k, into: u.value)
        for index in 0..<u.count { u.value[index] *= adapter.scale }
        product.outputs(x.value, weight.value, m: m, n: n, k: k, into: y.value)
        if let bias { addRow(bias.value, to: y) }
        product.outputs(u.value, up.value, m: m, n: n, k: rank, adding: true, into: y.value)
        guard let dy = y.gradient, let du = u.gradient else { return y }
        record {
            if let db = up.gradient { product.narrowTransposed(dy, u.value, m: n, n: rank, k: m, into: db) }
            product.inputs(dy, up.value, m: m, n: rank, k: n, into: du)
            for index in 0..<u.count { du[index] *= adapter.scale }
            if let da = down.gradient { product.narrowTransposed(du, x.value, m: rank, n: k, k: m, into: da) }
            if let dx = x.gradient {
                product.inputs(dy, weight.value, m: m, n: k, k: n, adding: true, into: dx)
                product.inputs(du, down.value, m: m, n: k, k: rank, adding: true, into: dx)
            }
        }
        return y
    }
}
