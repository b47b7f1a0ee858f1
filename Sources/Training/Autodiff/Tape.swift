internal import TrawlCore
public import TrawlTensors

/// A matrix on a tape: `[rows, columns]`, row-major, with room for the loss's gradient when that is wanted. Valid until the
/// tape is cleared.
struct Variable {
    let rows: Int
    let columns: Int
    let value: UnsafeMutablePointer<Float>
    /// nil when nothing that it was made of is trained.
    let gradient: UnsafeMutablePointer<Float>?

    var count: Int { rows * columns }
}

/// Reverse-mode differentiation: operations compute their values at once and note how to carry gradients back; `backward`
/// does so in reverse order (Griewank and Walther 2008, doi 10.1137/1.9780898717761).
///
/// What an operation computes depends neither on the number of threads nor on chance, so training repeats to the bit.
/// Memory is that of the values and gradients of one pass; it is kept and used again.
public final class Tape {
    let pool: ThreadPool
    private let memory = Arena()
    private var steps: [() -> Void] = []

    public init(pool: ThreadPool = .shared) { self.pool = pool }

    /// Forgets all variables; their memory is used again.
    func clear() {
        steps.removeAll(keepingCapacity: true)
        memory.reset()
    }

    func floats(_ count: Int) -> UnsafeMutablePointer<Float> { memory.floats(count) }

    /// A variable whose value the caller writes.
    func makeVariable(_ rows: Int, _ columns: Int, needsGradient: Bool) -> Variable {
        let value = memory.floats(rows * columns)
        var gradient: UnsafeMutablePointer<Float>?
        if needsGradient {
            gradient = memory.floats(rows * columns)
            gradient?.update(repeating: 0, count: rows * columns)
        }
        return Variable(rows: rows, columns: columns, value: value, gradient: gradient)
    }

    /// Notes what carries gradients back through an operation.
    func record(_ step: @escaping () -> Void) { steps.append(step) }

    /// Carries the gradients that the loss has written back to all parameters, adding to what they hold.
    func backward() {
        for step in steps.reversed() { step() }
        steps.removeAll(keepingCapacity: true)
    }

    /// Calls `body` with ranges that divide `count` elements or rows, side by side. The division does not depend on the
    /// threads.
    func parallel(_ count: Int, by size: Int, _ body: (Range<Int>) -> Void) {
        pool.parallelFor((count + size - 1) / size) { index in
            body(index * size..<min(count, (index + 1) * size))
        }
    }
}

/// Memory handed out piece by piece and taken back all at once.
private final class Arena {
    private var blocks: [FloatBuffer] = []
    private var block = 0
    private var used = 0

    /// The floats of a block; a larger request gets a block of its own size.
    private static let blockSize = 1 << 22

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
