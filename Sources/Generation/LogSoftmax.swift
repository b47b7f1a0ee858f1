import Core
import Foundation
import Models

/// The normaliser of a row of logits: the logarithm of the sum of their exponentials.
///
/// A token's log-probability is its logit minus this, over the whole vocabulary, whatever the corpus allows.
enum LogSoftmax {
    /// - Throws: `TrawlError.incompatible` when a logit is not a number or infinite above, or all are infinite below.
    /// - Complexity: O(vocabulary), with the exponentials in single precision, eight at a time.
    static func normaliser(of logits: UnsafeBufferPointer<Float>) throws -> Double {
        var maximum = -Float.infinity
        for logit in logits where !(logit <= maximum) { maximum = logit }  // true for not-a-number too
        guard maximum.isFinite else {
            throw TrawlError(
                .incompatible, "the generator gave logits that are not finite",
                remedy: "check the model's file with another tool, or use another quantisation")
        }
        let whole = logits.count / 8 * 8
        var total = 0.0
        // Blocks keep the single-precision sums short, and so exact enough.
        var start = 0
        while start < whole {
            let end = min(start + 1024, whole)
            var sums = SIMD8<Float>.zero
            var index = start
            while index < end {
                let values = UnsafeRawPointer(logits.baseAddress.unsafelyUnwrapped + index)
                    .loadUnaligned(as: SIMD8<Float>.self)
                sums += exponential(values - maximum)
                index += 8
            }
            total += Double(sums.sum())
            start = end
        }
        for index in whole..<logits.count { total += Double(Foundation.exp(logits[index] - maximum)) }
        let normaliser = Double(maximum) + Foundation.log(total)
        guard normaliser.isFinite else {
            throw TrawlError(.incompatible, "the generator gave logits that are not numbers")
        }
        return normaliser
    }

    /// e^x for x <= 0, relative error below 1e-6; values under e^-87 come out as about e^-87.
    @inline(__always)
    static func exponential(_ x: SIMD8<Float>) -> SIMD8<Float> {
        // Not-a-number must not be clamped away, for the caller looks for it.
        let clamped = x.replacing(with: -87, where: x .< -87)
        // Adding 1.5 * 2^23 rounds to an integer, which then stands in the low bits.
        let magic = SIMD8<Float>(repeating: 12_582_912)
        let shifted = clamped * 1.442_695_04 + magic
        let power = shifted - magic
        // ln 2 in two parts, the first exact in few bits.
        let rest = clamped - power * 0.693_359_375 + power * 2.121_944_4e-4
        var series = rest * (1 / 5040) + (1 / 720)
        series = series * rest + (1 / 120)
        series = series * rest + (1 / 24)
        series = series * rest + (1 / 6)
        series = series * rest + 0.5
        series = series * rest + 1
        series = series * rest + 1
        let bits = unsafeBitCast(shifted, to: SIMD8<Int32>.self) &- unsafeBitCast(magic, to: SIMD8<Int32>.self)
        return series * unsafeBitCast((bits &+ 127) &<< 23, to: SIMD8<Float>.self)
    }
}

/// A prompt that has been run: where it ends in the session's tree, and what may come next.
struct PrefilledPrompt {
    let node: CacheNode
    let logits: [Float]
    let normaliser: Double
}

/// `base` to the power of `exponent`; exact for the exponents 1 and 2, so that weights repeat on every C library.
func power(_ base: Double, _ exponent: Double) -> Double {
    switch exponent {
    case 1: base
    case 2: base * base
    default: Foundation.pow(base, exponent)
    }
}
