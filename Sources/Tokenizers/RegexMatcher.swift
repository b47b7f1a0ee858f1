/// Where a match may go on when the way taken fails; kept from match to match.
struct RegexStack {
    struct Entry {
        var instruction: Int
        var position: Int
        /// Below `position` where a run of scalars may give some back, down to here.
        var minimum: Int
    }
    fileprivate(set) var entries: [Entry] = []
    /// What the matches in a text have cost, and what they may cost, in steps.
    fileprivate var steps = 0
    fileprivate var mostSteps = 0
    private let stepsPerByte: Int

    /// - Parameter stepsPerByte: What the matches in a text may cost before a table of them is made. Tokenizers take less than 10 steps
    ///   a byte; an expression such as `(a+)+b` has no bound.
    init(stepsPerByte: Int = 64) { self.stepsPerByte = stepsPerByte }

    /// Begins a text of `length` bytes.
    mutating func begin(length: Int) {
        steps = 0
        mostSteps = stepsPerByte * (length + 16)
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

    /// What `run` gives when the steps of the text are spent.
    static let spent = -2
    /// The most entries of the stack: 96 MiB.
    private static let mostEntries = 1 << 22

    /// The end of the match that starts at `start`, -1 or `spent`. Recursion is as deep as look-aheads are nested.
    func run(_ first: Int, _ start: Int, _ stack: inout RegexStack) -> Int {
        let floor = stack.entries.count
        var pc = first
        var position = start
        var steps = 0
        while true {
            steps += 1
            var fails = false
            switch program[pc] {
            case .accept:
                stack.entries.removeLast(stack.entries.count - floor)
                stack.steps += steps
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
                steps += count
                fails = count < minimum
                pc += 1
                if !fails, !isPossessive, end > least {
                    stack.entries.append(.init(instruction: pc, position: end, minimum: least))
                }
                position = end
            case .split(let one, let other, let mask):
                if mask >= 0, !starts(mask, position) {
                    pc = other
                } else {
                    stack.entries.append(.init(instruction: other, position: position, minimum: position))
                    pc = one
                }
            case .jump(let target): pc = target
            case .look(let end, let isNegated):
                let inside = run(pc + 1, position, &stack)
                if inside == Self.spent { return giveUp(floor, &stack) }
                fails = (inside >= 0) == isNegated
                pc = end
            case .lookBehind(let index, let isNegated):
                fails = follows(index, position) == isNegated
                pc += 1
            case .atomic(let end, _):
                position = run(pc + 1, position, &stack)
                if position == Self.spent { return giveUp(floor, &stack) }
                fails = position < 0
                pc = end
            case .assertion(let assertion):
                fails = !holds(assertion, position)
                pc += 1
            }
            guard fails else { continue }
            stack.steps += steps
            steps = 0
            guard stack.steps <= stack.mostSteps, stack.entries.count <= Self.mostEntries else {
                return giveUp(floor, &stack)
            }
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
        }
    }

    private func giveUp(_ floor: Int, _ stack: inout RegexStack) -> Int {
        stack.entries.removeLast(stack.entries.count - floor)
        return Self.spent
    }

    /// The position after the scalar there if it is in the set, else -1.
    @inline(__always)
    private func step(_ set: borrowing ScalarSet, _ position: Int) -> Int {
        guard position < upper else { return -1 }
        let (scalar, width) = UTF8Text.decode(text, position)
        return set.contains(scalar) ? position + width : -1
    }

    /// Whether the scalar there is in the set.
    func isIn(_ set: Int, _ position: Int) -> Bool { step(sets[set], position) >= 0 }

    /// Whether the byte there is in the mask.
    @inline(__always)
    func starts(_ mask: Int, _ position: Int) -> Bool { position < upper && masks[mask].contains(text[position]) }

    /// Whether the position follows a scalar of the set.
    func follows(_ set: Int, _ position: Int) -> Bool {
        guard position > lower else { return false }
        let before = UTF8Text.before(text, position, lower: lower)
        return sets[set].contains(UTF8Text.decode(text, before).scalar)
    }

    func holds(_ assertion: RegexAssertion, _ position: Int) -> Bool {
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
