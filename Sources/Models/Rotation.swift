internal import Glibc
internal import TrawlCore
internal import TrawlTensors

/// Rotary positions (Su et al. 2021, arXiv 2104.09864): pairs of a head's values are turned by angles that grow with the
/// position.
struct Rotation: Sendable, Equatable {
    /// The angle of pair p at position t is t times element p.
    private let frequencies: [Float]
    /// Whether pairs are neighbours or lie half of the turned values apart.
    private let isInterleaved: Bool

    /// - Parameters:
    ///   - base: more than 0.
    ///   - dimension: how many of a head's values are turned; even.
    init(base: Double, dimension: Int, isInterleaved: Bool = false) {
        frequencies = Self.frequencies(base: base, dimension: dimension)
        self.isInterleaved = isInterleaved
    }

    /// base^(-2p / dimension) for pair p, rounded as transformers rounds.
    static func frequencies(base: Double, dimension: Int) -> [Float] {
        (0..<dimension / 2).map { 1 / Float(pow(base, Double(Float(2 * $0) / Float(dimension)))) }
    }

    /// The floats that the angles of `count` positions take.
    func angleCount(_ count: Int) -> Int { 2 * frequencies.count * count }

    /// Writes cosines and sines of positions 0 to `count - 1`, `[count, 2, pairs]`.
    func writeAngles(_ count: Int, into out: UnsafeMutablePointer<Float>) {
        let pairs = frequencies.count
        for position in 0..<count {
            let row = out + 2 * position * pairs
            for pair in 0..<pairs {
                let angle = Double(Float(position) * frequencies[pair])
                row[pair] = Float(cos(angle))
                row[pairs + pair] = Float(sin(angle))
            }
        }
    }

    /// Turns `heads` heads that lie one after the other in each of `count` rows; row t stands at position t.
    func apply(
        _ x: UnsafeMutablePointer<Float>, _ count: Int, stride: Int, heads: Int, headDimension: Int,
        angles: UnsafePointer<Float>
    ) {
        let pairs = frequencies.count
        for position in 0..<count {
            let cosines = angles + 2 * position * pairs
            Kernels.rotate(
                x + position * stride, heads: heads, headDimension: headDimension, dimension: 2 * pairs,
                cosines: cosines, sines: cosines + pairs, interleaved: isInterleaved)
        }
    }
}

extension EncoderSettings {
    /// The rotation that config.json asks for.
    ///
    /// - Parameters:
    ///   - parameters: transformers 5's `rope_parameters`, which rule.
    ///   - base: where older files keep the base.
    /// - Throws: `TrawlError.unsupported` for angles that are scaled, `.corrupted` for ones that cannot be.
    func rotation(_ parameters: JSON?, base: JSON?, default standard: Double, dimension: Int) throws -> Rotation {
        let type = parameters?["rope_type"]?.string ?? "default"
        // A dynamic base grows with inputs beyond the model's context alone, which are not taken here.
        guard type == "default" || type == "dynamic" else {
            throw unsupported("rotary scaling of the type '\(type)' is not supported")
        }
        let base = parameters?["rope_theta"]?.double ?? base?.double ?? standard
        guard base >= 1, base.isFinite, dimension > 0, dimension % 2 == 0 else {
            throw corrupted("a rotary base of \(base) for \(dimension) values of a head is impossible")
        }
        return Rotation(base: base, dimension: dimension)
    }
}
