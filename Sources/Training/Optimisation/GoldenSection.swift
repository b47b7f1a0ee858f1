/// The lowest point of a function with one valley between two bounds, by golden section (Kiefer 1953,
/// doi 10.1090/S0002-9939-1953-0055639-3).
///
/// - Parameter tolerance: The width at which it ends.
public func goldenSection(
    from lower: Double, to upper: Double, tolerance: Double, _ function: (Double) -> Double
) -> Double {
    let ratio = (5.0.squareRoot() - 1) / 2
    var (low, high) = (lower, upper)
    var (left, right) = (high - ratio * (high - low), low + ratio * (high - low))
    var (leftValue, rightValue) = (function(left), function(right))
    while high - low > tolerance {
        if leftValue <= rightValue {
            (high, right, rightValue) = (right, left, leftValue)
            left = high - ratio * (high - low)
            leftValue = function(left)
        } else {
            (low, left, leftValue) = (left, right, rightValue)
            right = low + ratio * (high - low)
            rightValue = function(right)
        }
    }
    return (low + high) / 2
}
