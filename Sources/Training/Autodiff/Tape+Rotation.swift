internal import Glibc
internal import TrawlTensors

/// The cosines and sines of rotary positions (Su et al. 2021, arXiv 2104.09864), row by row, `[rows, pairs]` each.
public final class RotaryAngles {
    fileprivate let pairs: Int
    fileprivate let cosines: [Float]
    fileprivate let sines: [Float]
    /// The sines of the inverse rotation.
    fileprivate let negativeSines: [Float]

    /// - Parameters:
    ///   - positions: The position of each row.
    ///   - frequencies: The angle of pair p at position t is t times element p.
    public init(positions: [Int], frequencies: [Float]) {
        pairs = frequencies.count
        var (cosines, sines): ([Float], [Float]) = ([], [])
        cosines.reserveCapacity(positions.count * pairs)
        sines.reserveCapacity(positions.count * pairs)
        for position in positions {
            for frequency in frequencies {
                // As in the runtime: the angle is rounded to single precision.
                let angle = Double(Float(position) * frequency)
                cosines.append(Float(cos(angle)))
                sines.append(Float(sin(angle)))
            }
        }
        (self.cosines, self.sines, negativeSines) = (cosines, sines, sines.map { -$0 })
    }

    /// Rotates row `row` of x: `heads` heads of `width` values. The members of a pair are half a head apart.
    fileprivate func turn(_ x: UnsafeMutablePointer<Float>, row: Int, heads: Int, width: Int, back: Bool) {
        cosines.withUnsafeBufferPointer { cosines in
            (back ? negativeSines : sines).withUnsafeBufferPointer { sines in
                guard let cosine = cosines.baseAddress, let sine = sines.baseAddress else { return }
                Kernels.rotate(
                    x, heads: heads, headDimension: width, dimension: 2 * pairs, cosines: cosine + row * pairs,
                    sines: sine + row * pairs, interleaved: false)
            }
        }
    }
}

extension Tape {
    private static let rotatedRows = 64

    /// x with each head rotated by the angles of its row; x: `[rows, heads * width]`, heads side by side.
    public func rotation(_ x: Variable, heads: Int, angles: RotaryAngles) -> Variable {
        require(x)
        let (columns, width) = (x.columns, x.columns / heads)
        precondition(columns % heads == 0 && 2 * angles.pairs <= width && angles.cosines.count == x.rows * angles.pairs)
        let y = makeVariable(x.rows, columns, needsGradient: x.gradient != nil)
        parallel(x.rows, by: Self.rotatedRows) { part in
            for row in part {
                let out = y.value + row * columns
                out.update(from: x.value + row * columns, count: columns)
                angles.turn(out, row: row, heads: heads, width: width, back: false)
            }
        }
        guard let dy = y.gradient, let dx = x.gradient else { return y }
        record { [self] in
            parallel(x.rows, by: Self.rotatedRows) { part in
                for row in part {
                    // This gradient is not read again: it is rotated in place.
                    angles.turn(dy + row * columns, row: row, heads: heads, width: width, back: true)
                    Kernels.add(dy + row * columns, to: dx + row * columns, columns)
                }
            }
        }
        return y
    }
}
