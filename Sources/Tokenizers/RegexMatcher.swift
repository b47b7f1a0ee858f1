/// Where a match may go on when the way taken fails; kept from match to match.
struct RegexStack {
    struct Entry {
        var instruction: Int
        var position: Int
        /// Below `position` where a run of scalars may give some back, down to here.
        var minimum: Int
    }
    fileprivate(set) var entries: [Entry] = []
    /// The states that failed in the text since the last match, for `RegexMatcher.run`.
    fileprivate var failures = RegexFailures()

    /// Forgets the failures of another text, or of what lies before a match.
    mutating func forgetFailures() { failures.clear() }
}

/// States (instruction, position) that were tried and need not be tried again, so that an expression such as `(a+)+b` takes time
/// linear in the text for each start (as in RE2's bit-state matcher). They are noted only once a match goes back often.
private struct RegexFailures {
    private var bits: [UInt64] = []
    private var attempts = 0

    /// Below this many attempts the notes cost more than they save.
    private static let patience = 1000
    /// The most bits of notes, 128 MiB.
    private static let mostBits = 1 << 30

    mutating func clear() {
        attempts = 0
        bits.removeAll(keepingCapacity: false)
    }

    /// Notes a state.
    ///
    /// - Returns: whether it had been tried before.
    mutating func wasTried(_ instruction: Int, _ offset: Int, instructions: Int, length: Int) -> Bool {
        attempts += 1
        guard attempts > Self.patience else { return false }
        if bits.isEmpty {
            let (count, overflow) = instructions.multipliedReportingOverflow(by: length + 1)
            guard !overflow, count <= Self.mostBits else { return false }
            bits = [UInt64](repeating: 0, count: (count + 63) / 64)
        }
        let index = instruction * (length + 1) + offset
        let (word, mask) = (index >> 6, UInt64(1) << UInt64(index & 63))
        defer { bits[word] |= mask }
        return bits[word] & mask != 0
    }
}

/// One expression on one text.
struct RegexMatcher {
    let text: UnsafeBufferPointer<UInt8>
    let lower: Int
    let upper: Int
    let program: UnsafeBufferPointer<RegularExpression.Instruction>
    let sets: UnsafeBufferPointer<ScalarSet>
    let masks: UnsafeBufferPointer<ByteMask>

    /// The end of the match that starts at `start`, or -1. Recursion is as deep as look-aheads are nested.
    func run(_ first: Int, _ start: Int, _ stack: inout RegexStack) -> Int {
        let floor = stack.entries.count
        // The failures of a look-ahead or an atomic group are its own.
        var ownFailures = RegexFailures()
        var pc = first
        var position = start
        while true {
            var fails = false
            switch program[pc] {
            case .accept:
                stack.entries.removeLast(stack.entries.count - floor)
                return position
            case .set(let index):
                let end = step(sets[index], position)
                fails = end < 0
                position = end
                pc += 1
            case .run(let index, let minimum, let maximum, let isPossessive):
                var count = 0
                var end = position
                var least = position
                while count < maximum {
                    let next = step(sets[index], end)
                    if next < 0 { break }
                    end = next
                    count += 1
                    if count == minimum { least = end }
                }
                fails = count < minimum
                pc += 1
                if !fails, !isPossessive, end > least {
                    stack.entries.append(.init(instruction: pc, position: end, minimum: least))
                }
                position = end
            case .split(let one, let other, let mask):
                if mask >= 0, position >= upper || !masks[mask].contains(text[position]) {
                    pc = other
                } else {
                    stack.entries.append(.init(instruction: other, position: position, minimum: position))
                    pc = one
                }
            case .jump(let target): pc = target
            case .look(let end, let isNegated):
                fails = (run(pc + 1, position, &stack) >= 0) == isNegated
                pc = end
            case .lookBehind(let index, let isNegated):
                var isIn = false
                if position > lower {
                    let before = UTF8Text.before(text, position, lower: lower)
                    isIn = sets[index].contains(UTF8Text.decode(text, before).scalar)
                }
                fails = isIn == isNegated
                pc += 1
            case .atomic(let end):
                position = run(pc + 1, position, &stack)
                fails = position < 0
                pc = end
            case .assertion(let assertion):
                fails = !holds(assertion, position)
                pc += 1
            }
            guard fails else { continue }
            var isNew = false
            while !isNew {
                guard stack.entries.count > floor else { return -1 }
                let top = stack.entries.count - 1
                let entry = stack.entries[top]
                pc = entry.instruction
                if entry.position > entry.minimum {
                    position = UTF8Text.before(text, entry.position, lower: entry.minimum)
                    if position > entry.minimum {
                        stack.entries[top].position = position
                    } else {
                        stack.entries.removeLast()
                    }
                } else {
                    position = entry.position
                    stack.entries.removeLast()
                }
                let (count, length) = (program.count, upper - lower)
                isNew =
                    first == 0
                    ? !stack.failures.wasTried(pc, position - lower, instructions: count, length: length)
                    : !ownFailures.wasTried(pc, position - lower, instructions: count, length: length)
            }
        }
    }

    /// The position after the scalar there if it is in the set, else -1.
    @inline(__always)
    private func step(_ set: borrowing ScalarSet, _ position: Int) -> Int {
        guard position < upper else { return -1 }
        let (scalar, width) = UTF8Text.decode(text, position)
        return set.contains(scalar) ? position + width : -1
    }

    private func holds(_ assertion: RegexAssertion, _ position: Int) -> Bool {
        switch assertion {
        case .textStart: return position == lower
        case .textEnd: return position == upper
        case .textEndOrLastNewline: return position == upper || (position == upper - 1 && text[position] == 0x0A)
        case .lineStart: return position == lower || (text[position - 1] == 0x0A && position < upper)
        case .lineEnd: return position == upper || text[position] == 0x0A
        case .wordBoundary: return isWord(before: position) != isWord(at: position)
        case .noWordBoundary: return isWord(before: position) == isWord(at: position)
        }
    }

    private func isWord(at position: Int) -> Bool {
        position < upper && ScalarProperties.of(UTF8Text.decode(text, position).scalar).isWord
    }

    private func isWord(before position: Int) -> Bool {
        guard position > lower else { return false }
        return isWord(at: UTF8Text.before(text, position, lower: lower))
    }
}
