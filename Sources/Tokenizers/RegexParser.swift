import TrawlCore

/// The syntax tree of a regular expression.
indirect enum RegexNode: Sendable {
    case empty
    case set(ScalarSet)
    case sequence([RegexNode])
    case alternatives([RegexNode])
    case `repeat`(RegexNode, minimum: Int, maximum: Int?, RepeatMode)
    /// Looks ahead, or behind for one scalar, without consuming.
    case look(RegexNode, isAhead: Bool, isNegated: Bool)
    case atomic(RegexNode)
    case assertion(RegexAssertion)

    enum RepeatMode: Sendable {
        case greedy, lazy, possessive
    }

    /// True when it may match the empty text.
    var isNullable: Bool {
        switch self {
        case .empty, .look, .assertion: true
        case .set: false
        case .sequence(let nodes): nodes.allSatisfy(\.isNullable)
        case .alternatives(let nodes): nodes.contains(where: \.isNullable)
        case .repeat(let node, let minimum, _, _): minimum == 0 || node.isNullable
        case .atomic(let node): node.isNullable
        }
    }
}

enum RegexAssertion: Sendable {
    case textStart, textEnd, textEndOrLastNewline, lineStart, lineEnd, wordBoundary, noWordBoundary
}

/// Parses the syntax of Oniguruma as far as tokenizers use it.
struct RegexParser {
    private let source: String
    private let scalars: [Unicode.Scalar]
    private var position = 0
    private var ignoresCase = false
    private var depth = 0

    static func parse(_ source: String) throws -> RegexNode {
        var parser = RegexParser(source: source, scalars: Array(source.unicodeScalars))
        let node = try parser.alternatives()
        guard parser.position == parser.scalars.count else { throw parser.failure("a group ends that never began") }
        return node
    }

    private init(source: String, scalars: [Unicode.Scalar]) {
        self.source = source
        self.scalars = scalars
    }

    private func failure(_ message: String) -> TrawlError {
        TrawlError(
            .unsupported, "the regular expression '\(source)' cannot be used: \(message) (character \(position))",
            remedy: "use a tokenizer whose expressions keep to classes, groups, repeats and look-ahead")
    }

    private var current: Unicode.Scalar? { position < scalars.count ? scalars[position] : nil }

    private mutating func take(_ text: String) -> Bool {
        let wanted = Array(text.unicodeScalars)
        guard scalars.count - position >= wanted.count else { return false }
        for index in wanted.indices where scalars[position + index] != wanted[index] { return false }
        position += wanted.count
        return true
    }

    private mutating func next() throws -> Unicode.Scalar {
        guard let scalar = current else { throw failure("it ends too early") }
        position += 1
        return scalar
    }

    private mutating func alternatives() throws -> RegexNode {
        depth += 1
        defer { depth -= 1 }
        guard depth < 100 else { throw failure("groups are nested too deep") }
        var branches = [try sequence()]
        while take("|") { branches.append(try sequence()) }
        return branches.count == 1 ? branches[0] : .alternatives(branches)
    }

    private mutating func sequence() throws -> RegexNode {
        var nodes: [RegexNode] = []
        while let scalar = current, scalar != "|", scalar != ")" {
            nodes.append(try quantified(try atom()))
        }
        return nodes.count == 1 ? nodes[0] : nodes.isEmpty ? .empty : .sequence(nodes)
    }

    private mutating func quantified(_ atom: RegexNode) throws -> RegexNode {
        var node = atom
        var repeats = 0
        while let scalar = current {
            let minimum: Int
            let maximum: Int?
            var isInterval = false
            switch scalar {
            case "*": (minimum, maximum) = (0, nil)
            case "+": (minimum, maximum) = (1, nil)
            case "?": (minimum, maximum) = (0, 1)
            case "{":
                guard let interval = interval() else { return node }
                (minimum, maximum) = interval
                isInterval = true
            default: return node
            }
            if !isInterval { position += 1 }
            guard minimum <= 1000, (maximum ?? 0) <= 1000, maximum.map({ $0 >= minimum }) ?? true else {
                throw failure("a repeat count is out of range")
            }
            var mode = RegexNode.RepeatMode.greedy
            if take("?") {
                mode = .lazy
            } else if !isInterval, take("+") {
                // Oniguruma reads `{n,m}+` as a repeat of a repeat.
                mode = .possessive
            }
            node = .repeat(node, minimum: minimum, maximum: maximum, mode)
            repeats += 1
            // The tree is walked by recursion.
            guard repeats <= 10 else { throw failure("repeats are nested too deep") }
        }
        return node
    }

    /// `{m}`, `{m,}`, `{,n}` or `{m,n}`; nil, with nothing read, for a brace that is itself meant.
    private mutating func interval() -> (Int, Int?)? {
        let start = position
        position += 1
        let minimum = number()
        var maximum = minimum
        if take(",") { maximum = number() }
        guard take("}"), minimum != nil || maximum != nil else {
            position = start
            return nil
        }
        return (minimum ?? 0, maximum)
    }

    private mutating func number() -> Int? {
        var value: Int?
        while let digit = current, ("0"..."9").contains(digit) {
            value = min((value ?? 0) * 10 + Int(digit.value - 48), 1_000_000)
            position += 1
        }
        return value
    }

    private mutating func atom() throws -> RegexNode {
        let scalar = try next()
        switch scalar {
        case "(": return try group()
        case "[": return .set(try characterClass())
        case ".": return .set(ScalarSet([(.range(0x0A, 0x0A), false)], isNegated: true))
        case "^": return .assertion(.lineStart)
        case "$": return .assertion(.lineEnd)
        case "*", "+", "?": throw failure("there is nothing to repeat")
        case "\\":
            switch current {
            case "b":
                position += 1
                return .assertion(.wordBoundary)
            case "B":
                position += 1
                return .assertion(.noWordBoundary)
            case "A":
                position += 1
                return .assertion(.textStart)
            case "z":
                position += 1
                return .assertion(.textEnd)
            case "Z":
                position += 1
                return .assertion(.textEndOrLastNewline)
            default: return .set(ScalarSet([try escape()]))
            }
        default: return .set(literal(scalar.value))
        }
    }

    private mutating func group() throws -> RegexNode {
        let outer = ignoresCase
        defer { ignoresCase = outer }
        var wrap: (RegexNode) -> RegexNode = { $0 }
        if take("?") {
            if take(":") {
            } else if take("=") {
                wrap = { .look($0, isAhead: true, isNegated: false) }
            } else if take("!") {
                wrap = { .look($0, isAhead: true, isNegated: true) }
            } else if take("<=") {
                wrap = { .look($0, isAhead: false, isNegated: false) }
            } else if take("<!") {
                wrap = { .look($0, isAhead: false, isNegated: true) }
            } else if take(">") {
                wrap = { .atomic($0) }
            } else if take("<") || take("P<") {
                while try next() != ">" {}
            } else {
                return try options()
            }
        }
        let node = try alternatives()
        guard take(")") else { throw failure("a group does not end") }
        return wrap(node)
    }

    /// `(?i:…)`, `(?-i:…)` and, to the end of the enclosing group, `(?i)`.
    private mutating func options() throws -> RegexNode {
        var value = true
        while true {
            switch try next() {
            case "-": value = false
            case "i": ignoresCase = value
            case ":", ")":
                let isOpen = scalars[position - 1] == ")"
                let node = try alternatives()
                if !isOpen {
                    guard take(")") else { throw failure("a group does not end") }
                }
                return node
            default: throw failure("unknown group option")
            }
        }
    }

    private func literal(_ scalar: UInt32) -> ScalarSet {
        ignoresCase ? ScalarSet(RegexParser.caseVariants(scalar, scalar)) : .scalar(scalar)
    }

    /// The range and, letter by letter, the other cases of what is in it.
    private static func caseVariants(_ first: UInt32, _ last: UInt32) -> [(item: ScalarSet.Item, isNegated: Bool)] {
        var items: [(item: ScalarSet.Item, isNegated: Bool)] = [(.range(first, last), false)]
        guard last >= first, last - first < 0x800 else { return items }
        for value in first...last {
            guard let scalar = Unicode.Scalar(value) else { continue }
            for mapping in [scalar.properties.lowercaseMapping, scalar.properties.uppercaseMapping] {
                if mapping.unicodeScalars.count == 1, let other = mapping.unicodeScalars.first, other != scalar {
                    items.append((.range(other.value, other.value), false))
                }
            }
            // Letters with a third form: long s and the Kelvin sign.
            if value == 0x73 || value == 0x53 { items.append((.range(0x17F, 0x17F), false)) }
            if value == 0x6B || value == 0x4B { items.append((.range(0x212A, 0x212A), false)) }
        }
        return items
    }

    /// What follows a backslash, in or out of a class.
    private mutating func escape() throws -> (item: ScalarSet.Item, isNegated: Bool) {
        let scalar = try next()
        switch scalar {
        case "s": return (.whitespace, false)
        case "S": return (.whitespace, true)
        case "w": return (.word, false)
        case "W": return (.word, true)
        case "d": return (.categories(ScalarProperties.Category.decimalNumber), false)
        case "D": return (.categories(ScalarProperties.Category.decimalNumber), true)
        case "p", "P": return try property(isNegated: scalar == "P")
        default:
            guard let value = try plainEscape(scalar) else { throw failure("unknown escape '\\\(scalar)'") }
            return (.set(literal(value)), false)
        }
    }

    /// Escapes that stand for one scalar; nil for others.
    private mutating func plainEscape(_ scalar: Unicode.Scalar) throws -> UInt32? {
        switch scalar {
        case "n": return 0x0A
        case "r": return 0x0D
        case "t": return 0x09
        case "f": return 0x0C
        case "v": return 0x0B
        case "a": return 0x07
        case "e": return 0x1B
        case "0": return 0
        case "x":
            if take("{") {
                let value = hexadecimal(limit: 8)
                guard take("}") else { throw failure("'\\x{' does not end") }
                return value
            }
            return hexadecimal(limit: 2)
        case "u": return hexadecimal(limit: 4)
        default:
            return scalar.properties.isAlphabetic || ("0"..."9").contains(scalar) ? nil : scalar.value
        }
    }

    private mutating func hexadecimal(limit: Int) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<limit {
            guard let digit = current.flatMap({ Character($0).hexDigitValue }) else { break }
            value = value << 4 | UInt32(digit)
            position += 1
        }
        return value
    }

    private mutating func property(isNegated: Bool) throws -> (item: ScalarSet.Item, isNegated: Bool) {
        var isNegated = isNegated
        var name = ""
        if take("{") {
            if take("^") { isNegated.toggle() }
            while true {
                let scalar = try next()
                if scalar == "}" { break }
                name.unicodeScalars.append(scalar)
            }
        } else {
            name.unicodeScalars.append(try next())
        }
        if let mask = ScalarProperties.Category.mask(named: name) { return (.categories(mask), isNegated) }
        if let set = UnicodeScripts.set(named: name) { return (.set(set), isNegated) }
        throw failure("unknown property '\(name)'")
    }

    /// The rest of a class after its opening bracket.
    private mutating func characterClass() throws -> ScalarSet {
        depth += 1
        defer { depth -= 1 }
        guard depth < 100 else { throw failure("classes are nested too deep") }
        let isNegated = take("^")
        var items: [(item: ScalarSet.Item, isNegated: Bool)] = []
        var isFirst = true
        while true {
            if take("&&") { throw failure("intersections of classes are not supported") }
            if let name = posixClass() {
                items.append(name)
                isFirst = false
                continue
            }
            let scalar = try next()
            if scalar == "]", !isFirst { break }
            isFirst = false
            if scalar == "[" {
                items.append((.set(try characterClass()), false))
                continue
            }
            var first = scalar.value
            if scalar == "\\" {
                guard let escaped = current else { throw failure("it ends too early") }
                let start = position
                position += 1
                if let value = try plainEscape(escaped) {
                    first = value
                } else if escaped == "b" {
                    first = 0x08
                } else {
                    position = start
                    items.append(try escape())
                    continue
                }
            }
            var last = first
            if current == "-", position + 1 < scalars.count, scalars[position + 1] != "]" {
                position += 1
                let end = try next()
                last = end.value
                if end == "\\" {
                    guard let value = try plainEscape(try next()) else { throw failure("a range ends in a class") }
                    last = value
                }
                guard last >= first else { throw failure("a range runs backwards") }
            }
            if ignoresCase {
                items += RegexParser.caseVariants(first, last)
            } else {
                items.append((.range(first, last), false))
            }
        }
        return ScalarSet(items, isNegated: isNegated)
    }

    private mutating func posixClass() -> (item: ScalarSet.Item, isNegated: Bool)? {
        for (name, item) in RegexParser.posixClasses {
            if take("[:\(name):]") { return (item, false) }
            if take("[:^\(name):]") { return (item, true) }
        }
        return nil
    }

    private static let posixClasses: [(String, ScalarSet.Item)] = [
        ("space", .whitespace), ("word", .word), ("digit", .categories(ScalarProperties.Category.decimalNumber)),
        ("punct", .categories(ScalarProperties.Category.punctuation)),
    ]
}
