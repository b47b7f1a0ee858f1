import Foundation

/// The distribution functions that tests, intervals and power need.
enum Distributions {
    /// The chance that a standard normal variable is at most `z`.
    static func normal(_ z: Double) -> Double { 0.5 * erfc(-z / 2.0.squareRoot()) }

    /// The inverse of `normal`; infinite at 0 and 1.
    ///
    /// Acklam's rational approximation, refined by two of Halley's steps to full precision.
    static func normalQuantile(_ p: Double) -> Double {
        guard p > 0 else { return -.infinity }
        guard p < 1 else { return .infinity }
        var z = roughNormalQuantile(p)
        for _ in 0..<2 {
            // In the far tail there is nothing to refine with.
            let density = exp(-z * z / 2) / (2 * Double.pi).squareRoot()
            guard density > 0 else { return z }
            let step = (normal(z) - p) / density
            z -= step / (1 + z * step / 2)
        }
        return z
    }

    private static func roughNormalQuantile(_ p: Double) -> Double {
        let a = [
            -3.969683028665376e+01, 2.209460984245205e+02, -2.759285104469687e+02, 1.383577518672690e+02,
            -3.066479806614716e+01, 2.506628277459239e+00,
        ]
        let b = [
            -5.447609879822406e+01, 1.615858368580409e+02, -1.556989798598866e+02, 6.680131188771972e+01,
            -1.328068155288572e+01, 1,
        ]
        let c = [
            -7.784894002430293e-03, -3.223964580411365e-01, -2.400758277161838e+00, -2.549732539343734e+00,
            4.374664141464968e+00, 2.938163982698783e+00,
        ]
        let d = [7.784695709041462e-03, 3.224671290700398e-01, 2.445134137142996e+00, 3.754408661907416e+00, 1]
        func polynomial(_ coefficients: [Double], _ x: Double) -> Double { coefficients.reduce(0) { $0 * x + $1 } }
        if p < 0.02425 {
            let q = (-2 * log(p)).squareRoot()
            return polynomial(c, q) / polynomial(d, q)
        }
        if p > 1 - 0.02425 {
            let q = (-2 * log(1 - p)).squareRoot()
            return -polynomial(c, q) / polynomial(d, q)
        }
        let q = p - 0.5
        return q * polynomial(a, q * q) / polynomial(b, q * q)
    }

    /// The chance that Student's t is at least as far from 0 as `t`.
    static func studentTwoSided(_ t: Double, freedom: Double) -> Double {
        guard t.isFinite else { return 0 }
        return regularisedBeta(freedom / (freedom + t * t), freedom / 2, 0.5)
    }

    /// The t that Student's t exceeds in size with the chance `p`.
    static func studentCritical(_ p: Double, freedom: Double) -> Double {
        var (low, high) = (0.0, 1.0)
        while studentTwoSided(high, freedom: freedom) > p, high < 1e300 { high *= 2 }
        for _ in 0..<200 {
            let middle = low + (high - low) / 2
            guard middle > low, middle < high else { break }
            if studentTwoSided(middle, freedom: freedom) > p { low = middle } else { high = middle }
        }
        return high
    }

    /// The chance that the noncentral t with `shift` is at most `t` (Lenth 1989, algorithm AS 243, doi 10.2307/2347693).
    static func noncentralStudent(_ t: Double, freedom: Double, shift: Double) -> Double {
        if t < 0 { return 1 - noncentralStudent(-t, freedom: freedom, shift: -shift) }
        let x = t * t / (t * t + freedom)
        guard x > 0 else { return normal(-shift) }
        let lambda = shift * shift
        var p = 0.5 * exp(-0.5 * lambda)
        var q = (2 / Double.pi).squareRoot() * p * shift
        var rest = 0.5 - p
        var a = 0.5
        let b = 0.5 * freedom
        let complement = pow(freedom / (t * t + freedom), b)
        let logBeta: Double = 0.5 * log(Double.pi) + lgamma(b) - lgamma(a + b)
        var oddValue = regularisedBeta(x, a, b)
        var oddStep: Double = 2 * complement * exp(a * log(x) - logBeta)
        var evenValue = 1 - complement
        var evenStep: Double = b * x * complement
        var sum = p * oddValue + q * evenValue
        for n in 1...2000 {
            let count = Double(n)
            a += 1
            oddValue -= oddStep
            evenValue -= evenStep
            oddStep *= x * (a + b - 1) / a
            evenStep *= x * (a + b - 0.5) / (a + 0.5)
            p *= lambda / (2 * count)
            q *= lambda / (2 * count + 1)
            rest -= p
            sum += p * oddValue + q * evenValue
            if abs(2 * rest * (oddValue - oddStep)) < 1e-13 { break }
        }
        return min(1, max(0, sum + normal(-shift)))
    }

    /// The regularised incomplete beta function I_x(a, b), by the continued fraction of DLMF 8.17.22 (modified Lentz).
    ///
    /// - Complexity: about the square root of the greater of a and b.
    static func regularisedBeta(_ x: Double, _ a: Double, _ b: Double) -> Double {
        if x <= 0 { return 0 }
        if x >= 1 { return 1 }
        // The fraction converges fast only below the mean; above, the complement does.
        if x > (a + 1) / (a + b + 2) { return 1 - regularisedBeta(1 - x, b, a) }
        let logBeta: Double = lgamma(a) + lgamma(b) - lgamma(a + b)
        let front: Double = exp(a * log(x) + b * log(1 - x) - logBeta) / a
        let tiny = 1e-300
        func kept(_ value: Double) -> Double { abs(value) < tiny ? tiny : value }
        var c = 1.0
        var d = 1 / kept(1 - (a + b) * x / (a + 1))
        var fraction = d
        for step in 1...5000 {
            let m = Double(step)
            let even: Double = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
            d = 1 / kept(1 + even * d)
            c = kept(1 + even / c)
            fraction *= d * c
            let odd: Double = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
            d = 1 / kept(1 + odd * d)
            c = kept(1 + odd / c)
            fraction *= d * c
            if abs(d * c - 1) < 1e-15 { break }
        }
        return front * fraction
    }
}
