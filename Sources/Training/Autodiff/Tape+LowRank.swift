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
}

extension Tape {
    /// x (W + scale B A)ᵀ, `[m, n]`; x: `[m, k]`, weight: `[n, k]` and frozen. The matrices of the adapter are trained.
    ///
    /// - Complexity: O(m n k), and O(m rank (n + k)) for the adapter.
    public func linear(_ x: Variable, _ weight: Parameter, adapter: LowRankAdapter) -> Variable {
        require(x)
        let (m, n, k, rank) = (x.rows, weight.rows, weight.columns, adapter.rank)
        let (down, up) = (adapter.down, adapter.up)
        precondition(!weight.isTrained && x.columns == k)
        precondition(down.columns == k && up.rows == n && up.columns == rank)
        let product = MatrixProduct(pool: pool)
        let y = makeVariable(m, n, needsGradient: true)
        // u = scale x Aᵀ: [m, rank]
        let u = makeVariable(m, rank, needsGradient: true)
        product.outputs(x.value, down.value, m: m, n: rank, k: k, into: u.value)
        for index in 0..<u.count { u.value[index] *= adapter.scale }
        product.outputs(x.value, weight.value, m: m, n: n, k: k, into: y.value)
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
