/// Where a match that starts at each position of a text ends, in time linear in the text and in the expression.
///
/// Without references back, what an instruction matches from a position depends on nothing else. So the ends are found from the last
/// position to the first, each once, where a matcher that goes back tries some of them again and again. The memory that such a matcher
/// would need for all of them is spared: most are used from the next position alone (compare Davis, Servant and Lee, "Using Selective
/// Memoization to Defeat Regular Expression Denial of Service", 2021).
struct RegexTable {
    private let lower: Int
    /// By position from `lower`; -1 where no match starts.
    private var ends: [Int]

    /// The end of the match that starts at `position`, or -1.
    subscript(position: Int) -> Int { ends[position - lower] }

    /// - Parameter lower: The first position, where a character starts.
    init(_ matcher: RegexMatcher, from lower: Int) {
        self.lower = lower
        ends = [Int](repeating: -1, count: matcher.upper - lower + 1)
        let program = matcher.program
        let order = Self.order(program)
        var here = [Int](repeating: -1, count: program.count)
        var next = here
        let runStarts = program.indices.filter { if case .run = program[$0] { true } else { false } }
        var runs = program.indices.map { _ in Run() }
        // What follows an atomic group is needed from where the group ends, which may be anywhere.
        var groups: [Int: Int] = [:]
        for case .atomic(let end, _) in program where groups[end] == nil { groups[end] = groups.count }
        var afterGroups = [[Int]](repeating: ends, count: groups.count)
        var position = matcher.upper
        var fromEnd = 0
        while true {
            for pc in order {
                switch program[pc] {
                case .accept: here[pc] = position
                case .set(let set): here[pc] = matcher.isIn(set, position) ? next[pc + 1] : -1
                case .run(let set, let minimum, let maximum, _):
                    if !matcher.isIn(set, position) { runs[pc].clear() }
                    if let (end, length) = runs[pc].farthest(from: fromEnd, most: maximum) {
                        here[pc] = length >= minimum ? end : -1
                    } else {
                        here[pc] = minimum == 0 ? here[pc + 1] : -1
                    }
                case .split(let first, let second, let mask):
                    let isOpen = mask < 0 || matcher.starts(mask, position)
                    here[pc] = isOpen && here[first] >= 0 ? here[first] : here[second]
                case .jump(let target): here[pc] = here[target]
                case .look(let end, let isNegated): here[pc] = (here[pc + 1] >= 0) != isNegated ? here[end] : -1
                case .lookBehind(let set, let isNegated):
                    here[pc] = matcher.follows(set, position) != isNegated ? here[pc + 1] : -1
                case .atomic(let end, _):
                    let inside = here[pc + 1]
                    if inside > position, let group = groups[end] {
                        here[pc] = afterGroups[group][inside - lower]
                    } else {
                        here[pc] = inside == position ? here[end] : -1
                    }
                case .assertion(let assertion):
                    here[pc] = matcher.holds(assertion, position) ? here[pc + 1] : -1
                }
            }
            for pc in runStarts {
                guard case .run(_, _, let maximum, let isPossessive) = program[pc] else { continue }
                runs[pc].add(here[pc + 1], fromEnd, isBounded: maximum < .max, isPossessive: isPossessive)
            }
            for (end, group) in groups { afterGroups[group][position - lower] = here[end] }
            ends[position - lower] = here[0]
            guard position > lower else { return }
            swap(&here, &next)
            position = UTF8Text.before(matcher.text, position, lower: lower)
            fromEnd += 1
        }
    }

    /// The ends of what may follow a run of characters of one set, from the positions of the run that were seen: the farthest first.
    private struct Run {
        private var ends: [(end: Int, fromEnd: Int)] = []
        private var first = 0

        mutating func clear() {
            ends.removeAll(keepingCapacity: true)
            first = 0
        }

        /// What follows the longest run of at most `most` characters that begins `fromEnd` characters before the end of the text and that
        /// something can follow, and its length.
        mutating func farthest(from fromEnd: Int, most: Int) -> (end: Int, length: Int)? {
            while first < ends.count, fromEnd - ends[first].fromEnd > most { first += 1 }
            if first > 1024, first > ends.count / 2 {
                ends.removeFirst(first)
                first = 0
            }
            return first < ends.count ? (ends[first].end, fromEnd - ends[first].fromEnd) : nil
        }

        /// A run that gives nothing back has one length; of others and where no length is too great, the farthest is enough.
        mutating func add(_ end: Int, _ fromEnd: Int, isBounded: Bool, isPossessive: Bool) {
            guard isPossessive || end >= 0, isBounded || ends.isEmpty else { return }
            ends.append((end, fromEnd))
        }
    }

    /// Instructions, each after those that it needs from the same position.
    private static func order(_ program: UnsafeBufferPointer<RegularExpression.Instruction>) -> [Int] {
        var order: [Int] = []
        var isOpen = [Bool](repeating: false, count: program.count)
        var isDone = isOpen
        var waiting: [Int] = []
        for start in program.indices {
            waiting.append(start)
            while let pc = waiting.last {
                if isOpen[pc] {
                    waiting.removeLast()
                    if !isDone[pc] { order.append(pc) }
                    isDone[pc] = true
                    continue
                }
                isOpen[pc] = true
                switch program[pc] {
                case .accept, .set: break
                case .run(_, let minimum, _, _): if minimum == 0 { waiting.append(pc + 1) }
                case .split(let first, let second, _): waiting += [second, first]
                case .jump(let target): waiting.append(target)
                case .look(let end, _): waiting += [end, pc + 1]
                case .lookBehind, .assertion: waiting.append(pc + 1)
                case .atomic(let end, let mayBeEmpty): waiting += mayBeEmpty ? [end, pc + 1] : [pc + 1]
                }
            }
        }
        return order
    }
}
