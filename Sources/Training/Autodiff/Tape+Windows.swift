internal import TrawlTensors

extension Tape {
    /// Each row of x beside the rows that follow it in its span, `[rows, width * columns]`: what a convolution multiplies. Beyond
    /// the end of a span are zeros.
    ///
    /// - Parameters:
    ///   - spans: The rows of each text, none in two. A row in no span stays zeros.
    ///   - width: How many rows stand side by side, at least 1.
    public func windows(of x: Variable, spans: [Range<Int>], width: Int) -> Variable {
        require(x)
        precondition(width > 0 && spans.allSatisfy { $0.lowerBound >= 0 && $0.upperBound <= x.rows })
        let columns = x.columns
        let y = makeVariable(x.rows, width * columns, needsGradient: x.gradient != nil)
        y.value.update(repeating: 0, count: y.count)
        for span in spans {
            for row in span {
                let count = min(width, span.upperBound - row)
                (y.value + row * width * columns).update(from: x.value + row * columns, count: count * columns)
            }
        }
        guard let dy = y.gradient, let dx = x.gradient else { return y }
        record {
            for span in spans {
                for row in span {
                    let count = min(width, span.upperBound - row)
                    Kernels.add(dy + row * width * columns, to: dx + row * columns, count * columns)
                }
            }
        }
        return y
    }
}
