/// A line search for a step with sufficient decrease and a small slope, the strong Wolfe conditions (Moré and Thuente 1994,
/// doi 10.1145/192115.192132), with the constants of L-BFGS-B.
struct WolfeSearch {
    /// A step along the line with the value and the slope there.
    struct Point {
        var step: Double
        var value: Double
        var slope: Double
    }

    /// The decrease, as a share of what the slope at the start promises.
    static let decrease = 1e-3
    /// The slope that may be left, as a share of that at the start.
    static let curvature = 0.9
    /// An interval that is this narrow, relative to its end, is not searched further.
    static let narrowest = 0.1
    static let longest = 1e10

    private let start: Point
    /// The best step so far, and the other end of the interval.
    private var best: Point
    private var other: Point
    private var isBracketed = false
    /// Until a step decreases enough and slopes upwards, the search is on the function less its promised decrease.
    private var seeksDecrease = true
    private var widths: (last: Double, beforeLast: Double)
    private var bounds: (least: Double, most: Double)

    private init(_ start: Point, first: Double) {
        self.start = start
        (best, other) = (start, start)
        widths = (Self.longest, 2 * Self.longest)
        bounds = (0, 5 * first)
    }

    /// The last step that was tried and ends the search.
    ///
    /// - Parameters:
    ///   - value: At the start, with the slope there, which is negative.
    ///   - first: The first step to try.
    ///   - most: How many steps may be tried.
    ///   - function: The value and the slope at a step.
    /// - Returns: nil if no step was found.
    static func step(
        value: Double, slope: Double, first: Double, most: Int = 50,
        _ function: (Double) throws -> (value: Double, slope: Double)
    ) rethrows -> Double? {
        var search = WolfeSearch(Point(step: 0, value: value, slope: slope), first: first)
        var step = first
        for _ in 0..<most {
            let found = try function(step)
            guard step.isFinite, found.value.isFinite else { return nil }
            guard let next = search.next(Point(step: step, value: found.value, slope: found.slope)) else { return step }
            step = next
        }
        return nil
    }

    /// The step to try after `tried`; nil if that ends the search.
    private mutating func next(_ tried: Point) -> Double? {
        let promised = Self.decrease * start.slope
        let bound = start.value + tried.step * promised
        if seeksDecrease, tried.value <= bound, tried.slope >= 0 { seeksDecrease = false }
        let isStuck =
            isBracketed
            && (tried.step <= bounds.least || tried.step >= bounds.most
                || bounds.most - bounds.least <= Self.narrowest * bounds.most)
        if isStuck || (tried.step == Self.longest && tried.value <= bound && tried.slope <= promised) { return nil }
        if tried.value <= bound, abs(tried.slope) <= Self.curvature * -start.slope { return nil }

        var step: Double
        if seeksDecrease, tried.value <= best.value, tried.value > bound {
            func tilted(_ point: Point, _ sign: Double) -> Point {
                Point(
                    step: point.step, value: point.value - sign * point.step * promised,
                    slope: point.slope - sign * promised)
            }
            (best, other) = (tilted(best, 1), tilted(other, 1))
            step = trial(tilted(tried, 1))
            (best, other) = (tilted(best, -1), tilted(other, -1))
        } else {
            step = trial(tried)
        }
        if isBracketed {
            let width = abs(other.step - best.step)
            if width >= 0.66 * widths.beforeLast { step = best.step + 0.5 * (other.step - best.step) }
            widths = (width, widths.last)
            bounds = (min(best.step, other.step), max(best.step, other.step))
        } else {
            bounds = (step + 1.1 * (step - best.step), step + 4 * (step - best.step))
        }
        step = min(max(step, 0), Self.longest)
        if isBracketed,
            step <= bounds.least || step >= bounds.most || bounds.most - bounds.least <= Self.narrowest * bounds.most
        {
            step = best.step
        }
        return step
    }

    /// Takes `tried` into the interval, and chooses a step by interpolation.
    private mutating func trial(_ tried: Point) -> Double {
        let turns = tried.slope * (best.slope < 0 ? -1 : 1) < 0
        let span = best.step - tried.step
        let step: Double
        if tried.value > best.value {
            // Higher: a minimum lies between.
            let cubic = Self.cubic(from: best, to: tried, sign: tried.step < best.step ? -1 : 1)
            let quadratic =
                best.step + best.slope / ((best.value - tried.value) / -span + best.slope) / 2 * -span
            step =
                abs(cubic - best.step) <= abs(quadratic - best.step) ? cubic : cubic + (quadratic - cubic) / 2
            isBracketed = true
        } else if turns {
            // Lower, and the slope has turned: a minimum lies between.
            let cubic = Self.cubic(from: tried, to: best, sign: tried.step > best.step ? -1 : 1)
            let secant = tried.step + tried.slope / (tried.slope - best.slope) * span
            step = abs(cubic - tried.step) > abs(secant - tried.step) ? cubic : secant
            isBracketed = true
        } else if abs(tried.slope) < abs(best.slope) {
            // Lower, and flatter: the minimum may lie beyond.
            let cubic = Self.cubicBeyond(tried, best) ?? (tried.step > best.step ? bounds.most : bounds.least)
            let secant = tried.step + tried.slope / (tried.slope - best.slope) * span
            let isCubicNearer = abs(cubic - tried.step) < abs(secant - tried.step)
            if isBracketed {
                let limit = tried.step + 0.66 * (other.step - tried.step)
                let chosen = isCubicNearer ? cubic : secant
                step = tried.step > best.step ? min(limit, chosen) : max(limit, chosen)
            } else {
                let isCubicFarther = abs(cubic - tried.step) > abs(secant - tried.step)
                step = min(max(isCubicFarther ? cubic : secant, bounds.least), bounds.most)
            }
        } else if isBracketed {
            step = Self.cubic(from: tried, to: other, sign: tried.step > other.step ? -1 : 1)
        } else {
            step = tried.step > best.step ? bounds.most : bounds.least
        }
        if tried.value > best.value {
            other = tried
        } else {
            if turns { other = best }
            best = tried
        }
        return step
    }

    /// The minimum of the cubic with the values and slopes of two points, reckoned from `a`.
    private static func cubic(from a: Point, to b: Point, sign: Double) -> Double {
        let theta = 3 * (a.value - b.value) / (b.step - a.step) + a.slope + b.slope
        let scale = max(abs(theta), abs(a.slope), abs(b.slope))
        let root =
            sign * scale * ((theta / scale) * (theta / scale) - (a.slope / scale) * (b.slope / scale)).squareRoot()
        let share = ((root - a.slope) + theta) / (((root - a.slope) + root) + b.slope)
        return a.step + share * (b.step - a.step)
    }

    /// The minimum of the cubic through `tried` and `best` if it lies beyond `tried`.
    private static func cubicBeyond(_ tried: Point, _ best: Point) -> Double? {
        let theta = 3 * (best.value - tried.value) / (tried.step - best.step) + best.slope + tried.slope
        let scale = max(abs(theta), abs(best.slope), abs(tried.slope))
        var root =
            scale
            * max(0, (theta / scale) * (theta / scale) - (best.slope / scale) * (tried.slope / scale)).squareRoot()
        if tried.step > best.step { root = -root }
        let share = ((root - tried.slope) + theta) / ((root + (best.slope - tried.slope)) + root)
        return share < 0 && root != 0 ? tried.step + share * (best.step - tried.step) : nil
    }
}
