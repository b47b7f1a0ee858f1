import Foundation
import TrawlCore
import TrawlTensors

/// The normaliser of a row of logits: the logarithm of the sum of their exponentials.
///
/// A token's log-probability is its logit minus this, over the whole vocabulary, whatever the corpus allows.
enum LogSoftmax {
    /// - Throws: `TrawlError.incompatible` when a logit is not a number or infinite above, or all are infinite below.
    static func normaliser(of logits: UnsafeBufferPointer<Float>) throws -> Double {
        let normaliser = logits.baseAddress.map { Kernels.logSumExp($0, logits.count) } ?? -.infinity
        guard normaliser.isFinite else {
            throw TrawlError(
                .incompatible, "the generator gave logits that are not finite",
                remedy: "check the model's file with another tool, or use another quantisation")
        }
        return normaliser
    }
}

/// `base` to the power of `exponent`; exact for the exponents 1 and 2, so that weights repeat on every C library.
func power(_ base: Double, _ exponent: Double) -> Double {
    switch exponent {
    case 1: base
    case 2: base * base
    default: Foundation.pow(base, exponent)
    }
}
