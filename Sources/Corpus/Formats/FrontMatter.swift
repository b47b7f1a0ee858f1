import TrawlCore
import Yams

/// The block of fields that a Markdown file may begin with: YAML between lines of `---`, or TOML between lines of `+++`.
struct FrontMatter {
    private(set) var fields: [MetadataField] = []
    /// What is wrong with the block, which then stays in the text.
    private(set) var problem: String?
    /// The text after the block; the whole text when there is no block, or none that can be understood.
    let body: Substring

    private static let maximumBytes = 1 << 16
    /// Aliases of YAML can ask for far more fields than a block has bytes, and for far more nodes that hold none.
    private static let maximumFields = 1000
    private static let maximumNodes = 10_000

    init(_ text: String) {
        guard let block = Self.block(of: text) else {
            body = text[...]
            return
        }
        do {
            fields = try block.isTOML ? Self.fields(ofTOML: block.content) : Self.fields(ofYAML: block.content)
            body = block.rest
        } catch let error as Malformed {
            problem = error.reason
            body = text[...]
        } catch {
            problem = "its front matter is not valid YAML"
            body = text[...]
        }
    }

    private struct Malformed: Error { let reason: String? }

    private static func block(of text: String) -> (content: Substring, isTOML: Bool, rest: Substring)? {
        let isTOML = text.hasPrefix("+++")
        guard isTOML || text.hasPrefix("---") else { return nil }
        var start: String.Index?
        var position = text.startIndex
        while position < text.endIndex {
            if text.utf8.distance(from: text.startIndex, to: position) > maximumBytes { return nil }
            let end = text[position...].firstIndex(where: \.isNewline) ?? text.endIndex
            let line = text[position..<end].trimmed()
            let next = end == text.endIndex ? end : text.index(after: end)
            if let start {
                if line == (isTOML ? "+++" : "---") || (!isTOML && line == "...") {
                    return (text[start..<position], isTOML, text[next...])
                }
            } else if line.utf8.count == 3 {
                start = next
            } else {
                return nil
            }
            position = next
        }
        return nil
    }

    // MARK: - YAML

    /// - Throws: `Malformed` without a reason for what is not a mapping: text between two rules.
    private static func fields(ofYAML text: Substring) throws -> [MetadataField] {
        guard let root = try Yams.compose(yaml: String(text)) else { return [] }
        guard case .mapping = root else { throw Malformed(reason: nil) }
        var fields: [MetadataField] = []
        var nodes = 0
        try append(root, key: "", to: &fields, &nodes)
        return fields
    }

    private static func append(
        _ node: Node, key: String, to fields: inout [MetadataField], _ nodes: inout Int
    ) throws {
        nodes += 1
        guard nodes <= maximumNodes else {
            throw Malformed(reason: "its front matter has more than \(maximumNodes) nodes")
        }
        switch node {
        case .scalar(let scalar):
            if scalar.style == .plain, ["", "~", "null", "Null", "NULL"].contains(scalar.string) { return }
            guard fields.count < maximumFields else {
                throw Malformed(reason: "its front matter has more than \(maximumFields) values")
            }
            fields.append(MetadataField(key: cleaned(key), value: cleaned(scalar.string)))
        case .sequence(let elements): for element in elements { try append(element, key: key, to: &fields, &nodes) }
        case .mapping(let members):
            guard key.utf8.count <= 1024 else { throw Malformed(reason: "its front matter has keys that are too long") }
            for (name, value) in members {
                guard case .scalar(let name) = name else { continue }
                try append(value, key: key.isEmpty ? name.string : key + "." + name.string, to: &fields, &nodes)
            }
        case .alias: break
        }
    }

    // MARK: - TOML

    /// Reads tables and keys whose values are on one line: strings, numbers, dates, booleans and arrays of these.
    private static func fields(ofTOML text: Substring) throws -> [MetadataField] {
        var fields: [MetadataField] = []
        var table = ""
        for (number, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            let content = line.trimmed()
            if content.isEmpty || content.hasPrefix("#") { continue }
            let malformed = Malformed(reason: "line \(number + 2) of its front matter is not understood as TOML")
            if content.hasPrefix("[") {
                guard let close = content.firstIndex(of: "]") else { throw malformed }
                table = content[..<close].drop { $0 == "[" }.trimmed() + "."
                continue
            }
            guard let equals = content.firstIndex(of: "=") else { throw malformed }
            let key = content[..<equals].trimmed().filter { $0 != "\"" }
            guard !key.isEmpty, var values = TOMLValues(content[content.index(after: equals)...]) else {
                throw malformed
            }
            while let value = values.next() {
                fields.append(MetadataField(key: cleaned(table + key), value: cleaned(value)))
            }
            guard values.isWhole else { throw malformed }
        }
        return fields
    }
}

/// The value after `key =`, or the elements of an array.
private struct TOMLValues {
    private var rest: Substring
    private let isArray: Bool
    private(set) var isWhole = true
    private var isFinished = false

    init?(_ text: Substring) {
        rest = text.trimmed()[...]
        isArray = rest.first == "["
        if isArray { rest.removeFirst() }
        if rest.isEmpty { return nil }
    }

    mutating func next() -> String? {
        skipSpace()
        if isFinished || (isArray && rest.first == "]") {
            if isArray, !isFinished { rest.removeFirst() }
            skipSpace()
            isWhole = isWhole && (rest.isEmpty || rest.first == "#")
            return nil
        }
        guard let value = takeValue() else {
            isWhole = false
            return nil
        }
        skipSpace()
        if isArray, rest.first == "," { rest.removeFirst() } else if !isArray { isFinished = true }
        return value
    }

    private mutating func skipSpace() { rest = rest.drop { $0 == " " || $0 == "\t" } }

    private mutating func takeValue() -> String? {
        guard let first = rest.first else { return nil }
        guard first == "\"" || first == "'" else {
            let value = rest.prefix { $0 != "," && $0 != "]" && $0 != "#" }
            rest = rest[value.endIndex...]
            let text = value.trimmed()
            return text.isEmpty || text.contains("[") || text.contains("{") ? nil : text
        }
        var value = ""
        var position = rest.index(after: rest.startIndex)
        while position < rest.endIndex {
            let character = rest[position]
            position = rest.index(after: position)
            if character == first {
                rest = rest[position...]
                return value
            }
            if character == "\\", first == "\"", position < rest.endIndex {
                let escaped = rest[position]
                position = rest.index(after: position)
                value.append(escaped == "n" ? "\n" : escaped == "t" ? "\t" : escaped)
            } else {
                value.append(character)
            }
        }
        return nil
    }
}
