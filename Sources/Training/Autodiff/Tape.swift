internal import Synchronization
public import TrawlTensors

/// A matrix on a tape: `[rows, columns]`, row-major, with memory for the gradient of the loss where something that it was
/// computed from is trained. It is valid until its tape is cleared; using it later is a programming error that stops the
/// program.
public struct Variable {
    public let rows: Int
    public let columns: Int
    let value: UnsafeMutablePointer<Float>
    /// nil where nothing that it was computed from is trained.
    let gradient: UnsafeMutablePointer<Float>?
    /// The pass of the tape that it belongs to; no two passes of any tapes share one.
    fileprivate let pass: Int

    public var count: Int { rows * columns }
}

/// Reverse-mode differentiation: operations compute their values at once and record how gradients are carried back;
/// `backward` does so in reverse order (Griewank and Walther 2008, doi 10.1137/1.9780898717761).
///
/// ```
/// tape.clear()
/// let y = tape.linear(tape.constant(inputs, rows: 8, columns: 3), weight, bias)
/// let loss = tape.loss(of: y) { values in (squaredError(values, targets), slopes(values, targets)) }
/// tape.backward()   // the gradients of weight and bias have grown by those of the loss
/// ```
/// The result of an operation does not depend on the number of threads, so training repeats to the bit. The memory is that
/// of the values and gradients of one pass, and is reused by the next. A tape is used by one thread at a time.
public final class Tape {
    let pool: ThreadPool
    private let memory = Arena()
    private var steps: [() -> Void] = []
    private var pass = Tape.nextPass()

    private static let passes = Atomic<Int>(0)

    private static func nextPass() -> Int { passes.add(1, ordering: .relaxed).newValue }

    /// Whether gradients are recorded; without, values are computed alone.
    let isRecording: Bool

    /// - Parameters:
    ///   - pool: The threads that operations run on.
    ///   - isRecording: Whether gradients are wanted.
    public init(pool: ThreadPool = .shared, isRecording: Bool = true) {
        (self.pool, self.isRecording) = (pool, isRecording)
    }

    /// Begins a new pass: forgets all variables and reuses their memory.
    public func clear() {
        steps.removeAll(keepingCapacity: true)
        memory.reset()
        pass = Self.nextPass()
    }

    /// Stops the program where a variable belongs to another tape or an earlier pass.
    func require(_ variable: Variable) {
        precondition(variable.pass == pass, "a variable of another tape, or of an earlier pass")
    }

    func require(_ variable: Variable, _ other: Variable) {
        require(variable)
        require(other)
    }

    func floats(_ count: Int) -> UnsafeMutablePointer<Float> { memory.floats(count) }

    /// A variable whose value the caller writes.
    func makeVariable(_ rows: Int, _ columns: Int, needsGradient: Bool) -> Variable {
        let value = memory.floats(rows * columns)
        var gradient: UnsafeMutablePointer<Float>?
        if needsGradient && isRecording {
            gradient = memory.floats(rows * columns)
            gradient?.update(repeating: 0, count: rows * columns)
        }
        return Variable(rows: rows, columns: columns, value: value, gradient: gradient, pass: pass)
    }

    /// Records what carries gradients back through an operation.
    func record(_ step: @escaping () -> Void) { steps.append(step) }

    /// Carries the gradients that the losses have written back to all trained parameters, and adds them to what these hold.
    /// It is called once, after the last operation of a pass.
    public func backward() {
        for step in steps.reversed() { step() }
        steps.removeAll(keepingCapacity: true)
    }

    /// Calls `body` in parallel with ranges that divide `count` elements or rows. The division does not depend on the
    /// number of threads.
    func parallel(_ count: Int, by size: Int, _ body: (Range<Int>) -> Void) {
        pool.parallelFor((count + size - 1) / size) { index in
            body(index * size..<min(count, (index + 1) * size))
        }
    }
}

/// Memory that is handed out piece by piece and taken back all at once.
private final class Arena {
    private var blocks: [FloatBuffer] = []
    private var block = 0
    private var used = 0

    /// The floats of a block; a larger request gets a block of its own size. The system gives memory to the parts of a block that
    /// are used, and blocks far larger than requests leave little between them unused when the sizes of passes vary.
    private static let blockSize = 1 << 26

    func reset() { (block, used) = (0, 0) }

    func floats(_ count: Int) -> UnsafeMutablePointer<Float> {
        // Every piece begins on a cache line.
        let size = (count + 15) / 16 * 16
        while block < blocks.count {
            if used + size <= blocks[block].capacity {
                defer { used += size }
                return blocks[block].base + used
            }
            block += 1
            used = 0
        }
        blocks.append(FloatBuffer(capacity: max(size, Self.blockSize)))
        used = size
        return blocks[block].base
    }
}
