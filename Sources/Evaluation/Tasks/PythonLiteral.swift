/// A list of strings as Python writes it, such as `['Robert L. Nardelli', "O'Neill"]`, which DPR's question files have.
struct PythonLiteral {
    private let scalars: [Unicode.Scalar]
    private var position = 0

    /// The strings; nil for what is not such a list.
    static func strings(_ text: String) -> [String]? {
        var literal = PythonLiteral(scalars: Array(text.unicodeScalars))
        guard let strings = literal.list() else { return nil }
        literal.skipSpace()
        return literal.position == literal.scalars.count ? strings : nil
    }

    private init(scalars: [Unicode.Scalar]) { self.scalars = scalars }

    private var current: Unicode.Scalar? { position < scalars.count ? scalars[position] : nil }

    private mutating func skipSpace() {
        while let current, current.isPythonSpace { position += 1 }
    }

    private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        skipSpace()
        guard current == scalar else { return false }
        position += 1
        return true
    }

    private mutating func list() -> [String]? {
        let isTuple = take("(")
        guard isTuple || take("[") else { return nil }
        let close: Unicode.Scalar = isTuple ? ")" : "]"
        var strings: [String] = []
        while !take(close) {
            guard strings.isEmpty || take(",") else { return nil }
            if take(close) { return strings }
            guard let string = string() else { return nil }
            strings.append(string)
        }
        return strings
    }

    private mutating func string() -> String? {
        skipSpace()
        guard let quote = current, quote == "'" || quote == "\"" else { return nil }
        position += 1
        var text = String.UnicodeScalarView()
        while let scalar = current {
            position += 1
            if scalar == quote { return String(text) }
            guard scalar == "\\" else {
                text.append(scalar)
                continue
            }
            guard let escaped = current else { return nil }
            position += 1
            switch escaped {
            case "n": text.append("\n")
            case "t": text.append("\t")
            case "r": text.append("\r")
            case "\\", "'", "\"": text.append(escaped)
            case "x": guard append(2, to: &text) else { return nil }
            case "u": guard append(4, to: &text) else { return nil }
            case "U": guard append(8, to: &text) else { return nil }
            default:
                // Python leaves the backslash of an escape that it does not know.
                text.append("\\")
                text.append(escaped)
            }
        }
        return nil
    }

    private mutating func append(_ digits: Int, to text: inout String.UnicodeScalarView) -> Bool {
        guard position + digits <= scalars.count,
            let value = UInt32(String(String.UnicodeScalarView(scalars[position..<position + digits])), radix: 16),
            let scalar = Unicode.Scalar(value)
        else { return false }
        text.append(scalar)
        position += digits
        return true
    }
}
