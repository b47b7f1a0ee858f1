/// Limited-memory BFGS with a backtracking line search (Liu and Nocedal 1989, doi 10.1007/BF01589116), for smooth functions of
/// some hundred numbers. The value never rises from one iteration to the next.
///
/// ```
/// let (point, value) = LBFGS().minimise([3, 4]) { x in
///     (x[0] * x[0] + x[1] * x[1], [2 * x[0], 2 * x[1]])
/// }
/// ```
public struct LBFGS: Sendable {
    public var iterations = 200
    /// The steps that the curvature is estimated from.
    public var memory = 10
    /// It ends when the norm of the gradient is this share of 1 or of the norm of the point, whichever is larger.
    public var tolerance = 1e-6

    public init() {}

    /// - Parameter function: Returns the value and the gradient at a point.
    public func minimise(
        _ start: [Double], _ function: ([Double]) -> (value: Double, gradient: [Double])
    ) -> (point: [Double], value: Double) {
        var point = start
        var (value, gradient) = function(point)
        var steps: [(step: [Double], change: [Double], curvature: Double)] = []
        for _ in 0..<iterations {
            guard Self.norm(gradient) > tolerance * max(1, Self.norm(point)) else { break }
            var direction = Self.direction(gradient, steps)
            var slope = Self.dot(direction, gradient)
            if slope >= 0 {
                (direction, slope) = (gradient.map { -$0 }, -Self.dot(gradient, gradient))
                steps = []
            }
            // The first step has no scale to go by.
            var length = steps.isEmpty ? min(1, 1 / Self.norm(gradient)) : 1
            var next: (point: [Double], value: Double, gradient: [Double])?
            for _ in 0..<30 {
                let tried = zip(point, direction).map { $0 + length * $1 }
                let found = function(tried)
                if found.value <= value + 1e-4 * length * slope {
                    next = (tried, found.value, found.gradient)
                    break
                }
                length /= 2
            }
            guard let next else { break }
            let step = zip(next.point, point).map { $0 - $1 }
            let change = zip(next.gradient, gradient).map { $0 - $1 }
            let curvature = Self.dot(step, change)
            if curvature > 1e-12 * Self.dot(change, change).squareRoot() * Self.norm(step) {
                steps.append((step, change, curvature))
                if steps.count > memory { steps.removeFirst() }
            }
            (point, value, gradient) = next
        }
        return (point, value)
    }

    /// The two-loop recursion.
    private static func direction(
        _ gradient: [Double], _ steps: [(step: [Double], change: [Double], curvature: Double)]
    ) -> [Double] {
        var direction = gradient.map { -$0 }
        var shares: [Double] = []
        for known in steps.reversed() {
            let share = dot(known.step, direction) / known.curvature
            shares.append(share)
            for index in direction.indices { direction[index] -= share * known.change[index] }
        }
        if let last = steps.last {
            let scale = last.curvature / dot(last.change, last.change)
            for index in direction.indices { direction[index] *= scale }
        }
        for (known, share) in zip(steps, shares.reversed()) {
            let other = dot(known.change, direction) / known.curvature
            for index in direction.indices { direction[index] += (share - other) * known.step[index] }
        }
        return direction
    }

    private static func dot(_ a: [Double], _ b: [Double]) -> Double {
        var sum = 0.0
        for index in a.indices { sum += a[index] * b[index] }
        return sum
    }

    private static func norm(_ a: [Double]) -> Double { dot(a, a).squareRoot() }
}
