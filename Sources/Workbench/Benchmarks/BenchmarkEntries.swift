import TrawlCore
import Yams

/// The entries of a mapping, taken one after the other; errors have the line.
struct BenchmarkEntries {
    private let what: String
    private let line: Int?
    private var entries: [(key: Node, value: Node)]

    init(_ node: Node, _ what: String) throws {
        guard let mapping = node.mapping else {
            throw TrawlError(.invalidInput, "\(what) is a list of entries with their values", line: node.mark?.line)
        }
        (self.what, line) = (what, node.mark?.line)
        entries = mapping.map { ($0.key, $0.value) }
    }

    mutating func take(_ name: String) -> Node? {
        guard let position = entries.firstIndex(where: { $0.key.string == name }) else { return nil }
        let value = entries.remove(at: position).value
        return value.null == nil ? value : nil
    }

    mutating func textIfPresent(_ name: String) throws -> String? {
        guard let node = take(name) else { return nil }
        guard let text = node.scalar?.string, !text.isEmpty else { throw wrong(name, node, "a text") }
        return text
    }

    mutating func text(_ name: String) throws -> String {
        guard let text = try textIfPresent(name) else {
            throw TrawlError(.invalidInput, "\(what) has no \(name)", line: line)
        }
        return text
    }

    mutating func number(_ name: String) throws -> Double? {
        guard let node = take(name) else { return nil }
        guard let number = node.float ?? node.int.map(Double.init), number.magnitude < 1e9 else {
            throw wrong(name, node, "a number")
        }
        return number
    }

    mutating func flag(_ name: String) throws -> Bool? {
        guard let node = take(name) else { return nil }
        guard let flag = node.bool else { throw wrong(name, node, "true or false") }
        return flag
    }

    mutating func nodes(_ name: String) throws -> [Node] {
        guard let node = take(name) else { return [] }
        guard let list = node.sequence else { throw wrong(name, node, "a list") }
        return Array(list)
    }

    /// A list of texts, or one text.
    mutating func list(_ name: String) throws -> [String] {
        guard let node = take(name) else { return [] }
        if let text = node.scalar?.string { return [text] }
        let texts = node.sequence?.compactMap(\.scalar?.string) ?? []
        guard !texts.isEmpty else { throw wrong(name, node, "a list of names") }
        return texts
    }

    /// What was not taken; nil for nothing.
    var rest: Node? { entries.isEmpty ? nil : .mapping(Node.Mapping(entries.map { ($0.key, $0.value) })) }

    func requireNothingElse() throws {
        guard let (key, _) = entries.first else { return }
        throw TrawlError(
            .invalidInput, "\(what) has no entry \"\(key.string ?? "")\"", line: key.mark?.line,
            remedy: "see the benchmarks in eval/benchmarks")
    }

    private func wrong(_ name: String, _ node: Node, _ expected: String) -> TrawlError {
        TrawlError(.invalidInput, "\(name) is not \(expected)", line: node.mark?.line)
    }
}
