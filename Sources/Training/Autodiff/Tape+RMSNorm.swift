internal import TrawlTensors

extension Tape {
    private static let rmsNormRows = 64

    /// weight * x / sqrt(mean of x² + epsilon), row by row (Zhang and Sennrich 2019, arXiv 1910.07467), or head by head where
    /// the weight is as long as a head; x: `[rows, heads * width]`, weight: `[heads * width]` or `[width]`, and frozen.
    public func rmsNorm(_ x: Variable, weight: Parameter, epsilon: Float) -> Variable {
        require(x)
        precondition(x.columns % weight.count == 0 && !weight.isTrained)
        // Heads lie side by side, as rows do.
        let columns = weight.count
        let rows = x.count / columns
        let y = makeVariable(x.rows, x.columns, needsGradient: x.gradient != nil)
        parallel(rows, by: Self.rmsNormRows) { part in
            let start = part.lowerBound * columns
            Kernels.rmsNorm(
                x.value + start, weight: weight.value, epsilon: epsilon, rows: part.count, columns: columns,
                into: y.value + start)
        }
        guard let dy = y.gradient, let dx = x.gradient else { return y }
        record { [self] in
            // With g = weight dy and s = 1 / sqrt(mean of x² + epsilon): dx += s g - s³ (g x / columns) x.
            parallel(rows, by: Self.rmsNormRows) { part in
                for row in part {
                    let (z, g) = (x.value + row * columns, dy + row * columns)
                    Kernels.multiply(weight.value, into: g, columns)
                    let scale = 1 / (Kernels.dot(z, z, columns) / Float(columns) + epsilon).squareRoot()
                    let slope = Kernels.dot(g, z, columns) / Float(columns)
                    Kernels.addScaled(scale, g, to: dx + row * columns, columns)
                    Kernels.addScaled(-scale * scale * scale * slope, z, to: dx + row * columns, columns)
                }
            }
        }
        return y
    }
}
