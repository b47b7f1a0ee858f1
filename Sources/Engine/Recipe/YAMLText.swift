import Yams

/// Writes settings as YAML.
enum YAMLText {
    /// `value` with keys in order, and numbers in the fewest digits that read back as the same: `0.4`, where the encoder
    /// alone would write `4.00000005960464e-1`.
    static func encode(_ value: some Encodable) throws -> String {
        let encoder = YAMLEncoder()
        encoder.options.sortKeys = true
        encoder.options.allowUnicode = true
        let text = try encoder.encode(value)
        guard let root = try Yams.compose(yaml: text) else { return text }
        return try Yams.serialize(node: plain(root), allowUnicode: true, sortKeys: true)
    }

    private static func plain(_ node: Node) -> Node {
        switch node {
        case .scalar(let scalar):
            // Only what the encoder wrote as a number: digits, a point and an exponent, without quotes.
            guard scalar.style == .any || scalar.style == .plain, scalar.string.contains("e"),
                scalar.string.allSatisfy({ $0.isNumber || "+-.e".contains($0) }), let number = Double(scalar.string)
            else { return node }
            return Node(shortest(number))
        case .mapping(let mapping):
            return .mapping(Node.Mapping(mapping.map { ($0.key, plain($0.value)) }, mapping.tag, mapping.style))
        case .sequence(let sequence):
            return .sequence(Node.Sequence(sequence.map(plain), sequence.tag, sequence.style))
        default: return node
        }
    }

    /// The encoder writes 15 digits, which tell a `Float` from its neighbours.
    private static func shortest(_ number: Double) -> String {
        let single = Float(number)
        guard single.isFinite, abs(Double(single) - number) <= 1e-14 * abs(number) else { return "\(number)" }
        return single == single.rounded() && abs(single) < 1e7 ? "\(Int(single))" : "\(single)"
    }
}
