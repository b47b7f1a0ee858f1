internal import CTrawlKernels
internal import TrawlCore
public import TrawlTensors

/// AdamW (Loshchilov and Hutter 2019, arXiv 1711.05101) over the trained parameters, with the gradient clipped by its norm
/// (Pascanu et al. 2013, arXiv 1211.5063).
public final class AdamW {
    public struct Settings: Codable, Sendable, Equatable {
        public var beta1: Float = 0.9
        public var beta2: Float = 0.98
        public var epsilon: Float = 1e-8
        /// The share of a matrix that decays per unit of learning rate; vectors do not decay.
        public var weightDecay: Float = 0.01
        /// The highest norm of all gradients together; 0 for no bound.
        public var clip: Float = 1
        /// The strength μ of the pull towards the values before the training: μ/2 · |value - value before|² is added to the
        /// loss; 0 for none.
        public var anchor: Float = 0

        public init() {}
    }

    public let settings: Settings
    /// The updates that were made. An update whose gradient is not finite does not count.
    public private(set) var step = 0
    private let parameters: [Parameter]
    private let moments: [(first: FloatBuffer, second: FloatBuffer)]
    /// The values before the training, with an anchor.
    private let anchors: [FloatBuffer]
    private let pool: ThreadPool

    private static let part = 1 << 16

    /// - Parameter parameters: Frozen ones among them are ignored.
    public init(_ parameters: [Parameter], settings: Settings = Settings(), pool: ThreadPool = .shared) {
        self.settings = settings
        self.pool = pool
        self.parameters = parameters.filter(\.isTrained)
        moments = self.parameters.map { parameter in
            let moments = (FloatBuffer(capacity: parameter.count), FloatBuffer(capacity: parameter.count))
            for buffer in [moments.0, moments.1] { buffer.base.update(repeating: 0, count: parameter.count) }
            return moments
        }
        anchors =
            settings.anchor > 0
            ? self.parameters.map { parameter in
                let buffer = FloatBuffer(capacity: parameter.count)
                buffer.base.update(from: parameter.value, count: parameter.count)
                return buffer
            } : []
    }

    /// The norm of all gradients together.
    public var gradientNorm: Float { norm { _ in true } }

    /// The norm of the gradients of some parameters together.
    private func norm(_ isIncluded: (Parameter) -> Bool) -> Float {
        var squares = 0.0
        for parameter in parameters where isIncluded(parameter) {
            guard let gradient = parameter.gradient else { continue }
            var start = 0
            while start < parameter.count {
                let count = min(1 << 12, parameter.count - start)
                squares += Double(Kernels.dot(gradient + start, gradient + start, count))
                start += count
            }
        }
        return Float(squares.squareRoot())
    }

    /// Changes the parameters whose turn it is by their gradients, which are then 0 again; the others keep theirs, to which
    /// those of the next step are added. A gradient that is not finite changes nothing, and is not kept.
    ///
    /// - Parameter rate: The learning rate.
    /// - Returns: The norm of the gradients of the changed parameters together, before clipping.
    /// - Complexity: O(trained values).
    @discardableResult
    public func update(rate: Float) -> Float {
        for (parameter, anchor) in zip(parameters, anchors) { pull(parameter, to: anchor) }
        let norm = norm { isDue($0, at: step + 1) }
        guard norm.isFinite else {
            clearGradients()
            return norm
        }
        step += 1
        let scale = settings.clip > 0 && norm > settings.clip ? settings.clip / norm : 1
        for (parameter, moment) in zip(parameters, moments) where isDue(parameter, at: step) {
            guard let gradient = parameter.gradient else { continue }
            let updates = step / parameter.interval
            let correction1 = 1 / (1 - power(settings.beta1, updates))
            let correction2 = 1 / (1 - power(settings.beta2, updates))
            let decay = parameter.isVector ? 0 : settings.weightDecay
            let (count, value) = (parameter.count, parameter.value)
            pool.parallelFor((count + Self.part - 1) / Self.part) { index in
                let start = index * Self.part
                trawl_adamw(
                    value + start, gradient + start, moment.first.base + start, moment.second.base + start,
                    min(Self.part, count - start), scale, rate * parameter.rateFactor, settings.beta1, settings.beta2,
                    settings.epsilon, decay, correction1, correction2)
            }
            parameter.clearGradient()
        }
        return norm
    }

    private func isDue(_ parameter: Parameter, at step: Int) -> Bool { step % parameter.interval == 0 }

    /// Adds the gradient of the anchor.
    private func pull(_ parameter: Parameter, to anchor: FloatBuffer) {
        guard let gradient = parameter.gradient else { return }
        let (value, start, strength) = (parameter.value, anchor.base, settings.anchor)
        for index in 0..<parameter.count { gradient[index] += strength * (value[index] - start[index]) }
    }

    /// Sets all gradients to 0 without an update.
    public func clearGradients() {
        for parameter in parameters { parameter.clearGradient() }
    }

    private func power(_ base: Float, _ exponent: Int) -> Float {
        var (result, square, rest) = (1.0, Double(base), exponent)
        while rest > 0 {
            if rest & 1 == 1 { result *= square }
            square *= square
            rest >>= 1
        }
        return Float(result)
    }
}

extension AdamW {
    /// What a resumed training needs by the name of the parameter: the moments, and the gradient that waits for its turn, which
    /// is nil for a parameter that is updated at every step.
    var state: [(name: String, first: [Float], second: [Float], waiting: [Float]?)] {
        zip(parameters, moments).map { parameter, moment in
            func copy(_ buffer: FloatBuffer) -> [Float] {
                Array(UnsafeBufferPointer(start: buffer.base, count: parameter.count))
            }
            return (
                parameter.name, copy(moment.first), copy(moment.second),
                parameter.interval > 1 ? parameter.gradients : nil
            )
        }
    }

    /// - Throws: `TrawlError.incompatible` when the state belongs to other parameters.
    func restore(
        step: Int, _ moment: (String) throws -> (first: [Float], second: [Float]), waiting: (String) throws -> [Float]
    ) throws {
        self.step = step
        for (parameter, buffers) in zip(parameters, moments) {
            if parameter.interval > 1 {
                parameter.clearGradient()
                try parameter.addGradients(try waiting(parameter.name))
            }
            let (first, second) = try moment(parameter.name)
            guard first.count == parameter.count, second.count == parameter.count else {
                throw TrawlError(.incompatible, "the state of '\(parameter.name)' has another size")
            }
            for (values, buffer) in [(first, buffers.first), (second, buffers.second)] {
                values.withUnsafeBufferPointer { source in
                    if let base = source.baseAddress { buffer.base.update(from: base, count: parameter.count) }
                }
            }
        }
    }
}
