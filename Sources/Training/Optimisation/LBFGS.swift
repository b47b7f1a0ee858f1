/// Limited-memory BFGS (Liu and Nocedal 1989, doi 10.1007/BF01589116), for smooth functions. The value never rises from one
/// iteration to the next.
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
    /// Whether it searches and ends as SciPy's L-BFGS-B without bounds: a step meets the strong Wolfe conditions; it ends when
    /// the largest component of the gradient is at most `tolerance`, or a step gains next to nothing.
    public var followsSciPy = false

    public init() {}

    /// - Parameter function: Returns the value and the gradient at a point.
    public func minimise(
        _ start: [Double], _ function: ([Double]) throws -> (value: Double, gradient: [Double])
    ) rethrows -> (point: [Double], value: Double) {
        var point = start
        var (value, gradient) = try function(point)
        var steps: [(step: [Double], change: [Double], curvature: Double)] = []
        for iteration in 0..<iterations {
            guard !hasConverged(point, gradient) else { break }
            var direction = Self.direction(gradient, steps)
            var slope = Self.dot(direction, gradient)
            if slope >= 0 {
                (direction, slope) = (gradient.map { -$0 }, -Self.dot(gradient, gradient))
                steps = []
            }
            // The first step has no scale to go by.
            let inverse = 1 / Self.norm(gradient)
            let first = followsSciPy ? (iteration == 0 ? inverse : 1) : (steps.isEmpty ? min(1, inverse) : 1)
            let next =
                followsSciPy
                ? try wolfePoint(point, value, direction, slope, first, function)
                : try backtrackedPoint(point, value, direction, slope, first, function)
            guard let next else { break }
            let step = zip(next.point, point).map { $0 - $1 }
            let change = zip(next.gradient, gradient).map { $0 - $1 }
            let curvature = Self.dot(step, change)
            let least =
                followsSciPy
                ? -Double.ulpOfOne * Self.dot(step, gradient)
                : 1e-12 * Self.dot(change, change).squareRoot() * Self.norm(step)
            if curvature > least {
                steps.append((step, change, curvature))
                if steps.count > memory { steps.removeFirst() }
            }
            let gain = (value - next.value) / max(abs(value), abs(next.value), 1)
            (point, value, gradient) = next
            if followsSciPy, gain <= 64 * Double.ulpOfOne { break }
        }
        return (point, value)
    }

    private typealias Found = (point: [Double], value: Double, gradient: [Double])

    private func hasConverged(_ point: [Double], _ gradient: [Double]) -> Bool {
        followsSciPy
            ? gradient.allSatisfy { abs($0) <= tolerance }
            : Self.norm(gradient) <= tolerance * max(1, Self.norm(point))
    }

    private func backtrackedPoint(
        _ point: [Double], _ value: Double, _ direction: [Double], _ slope: Double, _ first: Double,
        _ function: ([Double]) throws -> (value: Double, gradient: [Double])
    ) rethrows -> Found? {
        var length = first
        for _ in 0..<30 {
            let tried = zip(point, direction).map { $0 + length * $1 }
            let found = try function(tried)
            if found.value <= value + 1e-4 * length * slope { return (tried, found.value, found.gradient) }
            length /= 2
        }
        return nil
    }

    private func wolfePoint(
        _ point: [Double], _ value: Double, _ direction: [Double], _ slope: Double, _ first: Double,
        _ function: ([Double]) throws -> (value: Double, gradient: [Double])
    ) rethrows -> Found? {
        var last: Found?
        let step = try WolfeSearch.step(value: value, slope: slope, first: first) { length in
            let tried = zip(point, direction).map { $0 + length * $1 }
            let found = try function(tried)
            last = (tried, found.value, found.gradient)
            return (found.value, Self.dot(found.gradient, direction))
        }
        return step == nil ? nil : last
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
