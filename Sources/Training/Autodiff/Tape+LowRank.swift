internal import TrawlTensors

/// What a frozen matrix is changed by: scale B A (LoRA, Hu et al. 2021, arXiv 2106.09685), with few rows in between.
struct LowRankAdapter {
    /// A: `[rank, in]`.
    let down: Parameter
    /// B: `[out, rank]`; all 0 where training begins.
    let up: Parameter
    let scale: Float

    var rank: Int { down.rows }
}

extension Tape {
    /// x (W + scale B A)ᵀ; x: `[m, k]`, weight: `[n, k]`, which is not trained; the adapter's matrices are.
    func linear(_ x: Variable, _ weight: Parameter, adapter: LowRankAdapter) -> Variable {
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
