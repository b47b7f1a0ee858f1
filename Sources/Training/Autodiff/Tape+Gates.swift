internal import CTrawlKernels
internal import TrawlTensors

extension Tape {
    private static let gatePart = 1 << 14

    /// silu(gate) * up, value by value (SwiGLU, Shazeer 2020, arXiv 2002.05202); both `[rows, columns]`.
    public func gatedUnit(gate: Variable, up: Variable) -> Variable {
        require(gate, up)
        precondition(gate.rows == up.rows && gate.columns == up.columns)
        let needsGradient = gate.gradient != nil || up.gradient != nil
        let y = makeVariable(gate.rows, gate.columns, needsGradient: needsGradient)
        parallel(y.count, by: Self.gatePart) { part in
            let start = part.lowerBound
            (y.value + start).update(from: gate.value + start, count: part.count)
            Kernels.siluMultiply(y.value + start, up.value + start, part.count)
        }
        guard let dy = y.gradient else { return y }
        // A gradient that is not wanted goes to scratch memory.
        let dgate = gate.gradient ?? floats(y.count)
        let dup = up.gradient ?? floats(y.count)
        record { [self] in
            parallel(y.count, by: Self.gatePart) { part in
                let start = part.lowerBound
                trawl_silu_multiply_backward(
                    gate.value + start, up.value + start, dy + start, dgate + start, dup + start, part.count)
            }
        }
        return y
    }

    /// a + b; all `[rows, columns]`.
    public func sum(_ a: Variable, _ b: Variable) -> Variable {
        require(a, b)
        precondition(a.rows == b.rows && a.columns == b.columns)
        let y = makeVariable(a.rows, a.columns, needsGradient: a.gradient != nil || b.gradient != nil)
        parallel(y.count, by: Self.gatePart) { part in
            let start = part.lowerBound
            (y.value + start).update(from: a.value + start, count: part.count)
            Kernels.add(b.value + start, to: y.value + start, part.count)
        }
        guard let dy = y.gradient else { return y }
        record { [self] in
            parallel(y.count, by: Self.gatePart) { part in
                for gradient in [a.gradient, b.gradient] {
                    if let gradient { Kernels.add(dy + part.lowerBound, to: gradient + part.lowerBound, part.count) }
                }
            }
        }
        return y
    }

    /// The rows `indices` of x: `[rows, columns]`, each as often as it occurs; `[indices, columns]`.
    public func rows(_ indices: [Int], of x: Variable) -> Variable {
        require(x)
        precondition(indices.allSatisfy { $0 >= 0 && $0 < x.rows }, "a row that the variable does not have")
        let columns = x.columns
        let y = makeVariable(indices.count, columns, needsGradient: x.gradient != nil)
        for (position, row) in indices.enumerated() {
            (y.value + position * columns).update(from: x.value + row * columns, count: columns)
        }
        guard let dy = y.gradient, let dx = x.gradient else { return y }
        record {
            for (position, row) in indices.enumerated() {
                Kernels.add(dy + position * columns, to: dx + row * columns, columns)
            }
        }
        return y
    }
}
