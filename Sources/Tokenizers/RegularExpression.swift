import TrawlCore

/// A compiled regular expression over UTF-8, matched by backtracking with an explicit stack; where that takes too many steps, by a
/// table of all matches. So the time is linear in the text.
struct RegularExpression: Sendable {
    enum Instruction: Sendable {
        case set(Int)
        /// As many scalars of a set as there are; gives them back one by one unless `isPossessive`.
        case run(Int, minimum: Int, maximum: Int, isPossessive: Bool)
        /// Tries `first`, then `second`; `first` only where the next byte is in the mask.
        case split(first: Int, second: Int, mask: Int)
        case jump(Int)
        /// The body follows and ends in `accept`.
        case look(end: Int, isNegated: Bool)
        case lookBehind(Int, isNegated: Bool)
        /// The body follows and ends in `accept`.
        case atomic(end: Int, mayBeEmpty: Bool)
        case assertion(RegexAssertion)
        case accept
    }

    private var program: [Instruction] = []
    private var sets: [ScalarSet] = []
    private var masks: [ByteMask] = []
    /// The bytes that a match may start with, when it cannot be empty.
    private var starts: ByteMask?
    private var groups = 0

    /// A table takes time and memory for each.
    private static let mostInstructions = 10_000
    private static let mostGroups = 32

    /// - Throws: `TrawlError` (`.unsupported`) for syntax that is not known.
    init(_ source: String) throws {
        let node = try RegexParser.parse(source)
        try emit(node)
        program.append(.accept)
        starts = node.isNullable ? nil : firstBytes(node)
    }

    /// Reports matches within the piece, which is all that the expression sees of the text.
    @inline(__always)
    func matches(
        in text: UnsafeBufferPointer<UInt8>, _ piece: Piece, _ stack: inout RegexStack, _ report: (Int, Int) -> Void
    ) {
        program.withUnsafeBufferPointer { program in
            sets.withUnsafeBufferPointer { sets in
                masks.withUnsafeBufferPointer { masks in
                    let matcher = RegexMatcher(
                        text: text, lower: piece.start, upper: piece.end, program: program, sets: sets, masks: masks)
                    var position = piece.start
                    var lastEnd = -1
                    var table: RegexTable?
                    stack.begin(length: piece.end - piece.start)
                    while position <= piece.end {
                        if let starts {
                            while position < piece.end, !starts.contains(text[position]) { position += 1 }
                            if position == piece.end { return }
                        }
                        var end = table?[position] ?? matcher.run(0, position, &stack)
                        if end == RegexMatcher.spent {
                            let ends = RegexTable(matcher, from: position)
                            (table, end) = (ends, ends[position])
                        }
                        // An empty match right after another one does not count.
                        if end < 0 || (end == position && end == lastEnd) {
                            if position == piece.end { return }
                            position += UTF8Text.width(text[position])
                            continue
                        }
                        report(position, end)
                        lastEnd = end
                        position = end
                    }
                }
            }
        }
    }

    private func tooLarge(_ what: String) -> TrawlError {
        TrawlError(
            .unsupported, "a regular expression of the tokenizer \(what)",
            remedy: "use a tokenizer with smaller repeat counts")
    }

    private mutating func add(_ set: ScalarSet) -> Int {
        sets.append(set)
        return sets.count - 1
    }

    private mutating func emit(_ node: RegexNode) throws {
        guard program.count < Self.mostInstructions else { throw tooLarge("is too large") }
        switch node {
        case .empty: break
        case .set(let set): program.append(.set(add(set)))
        case .sequence(let nodes): for node in nodes { try emit(node) }
        case .alternatives(let nodes): try emit(alternatives: nodes)
        case .repeat(let body, let minimum, let maximum, let mode): try emit(body, minimum, maximum, mode)
        case .look(let body, let isAhead, let isNegated):
            if !isAhead {
                guard case .set(let set) = body else {
                    throw TrawlError(
                        .unsupported, "a regular expression of the tokenizer looks behind by more than one character",
                        remedy: "use a tokenizer whose expressions look ahead")
                }
                program.append(.lookBehind(add(set), isNegated: isNegated))
                return
            }
            let start = program.count
            program.append(.accept)
            try emit(body)
            program.append(.accept)
            program[start] = .look(end: program.count, isNegated: isNegated)
        case .atomic(let body):
            let start = program.count
            program.append(.accept)
            try emit(body)
            program.append(.accept)
            program[start] = .atomic(end: program.count, mayBeEmpty: body.isNullable)
            groups += 1
            guard groups <= Self.mostGroups else { throw tooLarge("has too many atomic groups") }
        case .assertion(let assertion): program.append(.assertion(assertion))
        }
    }

    private mutating func emit(alternatives nodes: [RegexNode]) throws {
        var jumps: [Int] = []
        for (index, node) in nodes.enumerated() {
            guard index + 1 < nodes.count else {
                try emit(node)
                break
            }
            let split = program.count
            program.append(.accept)
            try emit(node)
            jumps.append(program.count)
            program.append(.accept)
            program[split] = .split(first: split + 1, second: program.count, mask: mask(node))
        }
        for jump in jumps { program[jump] = .jump(program.count) }
    }

    private mutating func emit(
        _ body: RegexNode, _ minimum: Int, _ maximum: Int?, _ mode: RegexNode.RepeatMode
    ) throws {
        if case .set(let set) = body, mode != .lazy {
            let run = Instruction.run(
                add(set), minimum: minimum, maximum: maximum ?? .max, isPossessive: mode == .possessive)
            return program.append(run)
        }
        if mode == .possessive {
            return try emit(.atomic(.repeat(body, minimum: minimum, maximum: maximum, .greedy)))
        }
        for _ in 0..<minimum {
            let before = program.count
            try emit(body)
            // Nothing, however often, is nothing.
            if program.count == before { break }
        }
        if let maximum {
            var splits: [Int] = []
            for _ in minimum..<maximum {
                splits.append(program.count)
                program.append(.accept)
                try emit(body)
            }
            for split in splits { program[split] = branch(body: split + 1, after: program.count, mode) }
            return
        }
        guard !body.isNullable else {
            throw TrawlError(
                .unsupported, "a regular expression of the tokenizer repeats what may be empty without end",
                remedy: "use a tokenizer without such an expression")
        }
        let split = program.count
        program.append(.accept)
        try emit(body)
        program.append(.jump(split))
        program[split] = branch(body: split + 1, after: program.count, mode)
    }

    private func branch(body: Int, after: Int, _ mode: RegexNode.RepeatMode) -> Instruction {
        mode == .lazy ? .split(first: after, second: body, mask: -1) : .split(first: body, second: after, mask: -1)
    }

    private mutating func mask(_ node: RegexNode) -> Int {
        guard !node.isNullable else { return -1 }
        masks.append(firstBytes(node))
        return masks.count - 1
    }

    /// The bytes that a match of `node` may start with, provided it is not empty.
    private func firstBytes(_ node: RegexNode) -> ByteMask {
        switch node {
        case .empty, .look, .assertion: return .none
        case .set(let set): return set.firstBytes
        case .alternatives(let nodes): return nodes.reduce(.none) { $0.union(firstBytes($1)) }
        case .repeat(let body, _, _, _), .atomic(let body): return firstBytes(body)
        case .sequence(let nodes):
            var mask = ByteMask.none
            for node in nodes {
                mask = mask.union(firstBytes(node))
                if !node.isNullable { break }
            }
            return mask
        }
    }
}
