import TrawlCore
import TrawlEngine
import Yams

/// Settings of searches with the values to try for each: all combinations are a grid.
///
/// ```
/// lexical.k1: [0.6, 0.9, 1.2]
/// lexical.b: [0.3, 0.4, 0.6]
/// fusion.weights.dense: [0.5, 1, 1.5, 2]
/// ```
public struct SearchSpace: Sendable {
    /// A setting by its name from the group on, and its values as a recipe file has them.
    public struct Dimension: Sendable, Equatable {
        public let name: String
        public let values: [String]
    }

    public let dimensions: [Dimension]

    /// The most combinations.
    static let limit = 20_000

    /// - Throws: `TrawlError.invalidInput` for a setting that is named twice or has no value, and for too many combinations.
    public init(_ dimensions: [Dimension]) throws {
        var seen: Set<String> = []
        var size = 1
        for dimension in dimensions {
            guard seen.insert(dimension.name).inserted else {
                throw TrawlError(.invalidInput, "the setting \(dimension.name) is named twice")
            }
            guard !dimension.values.isEmpty else {
                throw TrawlError(.invalidInput, "the setting \(dimension.name) has no values")
            }
            size = min(Int(Int32.max), size * dimension.values.count)
        }
        guard !dimensions.isEmpty else { throw TrawlError(.invalidInput, "no setting is named") }
        guard size <= Self.limit else {
            throw TrawlError(
                .invalidInput, "the values make more than \(Self.limit) combinations", remedy: "give fewer values")
        }
        self.dimensions = dimensions
    }

    /// Reads dimensions such as `lexical.k1=0.6,0.9`.
    public static func dimension(_ text: String) -> Dimension? {
        guard let sign = text.firstIndex(of: "="), sign > text.startIndex else { return nil }
        let values = text[text.index(after: sign)...].split(separator: ",", omittingEmptySubsequences: false)
        return values.contains("") ? nil : Dimension(name: String(text[..<sign]), values: values.map(String.init))
    }

    /// Reads a YAML file of lists of values.
    ///
    /// - Throws: `TrawlError.invalidInput` that names the file and the line.
    public static func dimensions(contentsOf path: String) throws -> [Dimension] {
        let root: Node?
        do {
            root = try Yams.compose(yaml: ByteSource.text(of: path))
        } catch let error as TrawlError {
            throw error
        } catch {
            throw TrawlError(.invalidInput, "this is not YAML: \(error)", path: path)
        }
        guard let mapping = root?.mapping else {
            throw TrawlError(
                .invalidInput, "the file names no settings", path: path,
                remedy: "write for example lexical.k1: [0.6, 0.9]")
        }
        return try mapping.map { key, value in
            guard let name = key.string, let values = value.sequence, !values.isEmpty else {
                throw TrawlError(
                    .invalidInput, "\(key.string ?? "a setting") has no list of values", path: path,
                    line: key.mark?.line, remedy: "write for example lexical.k1: [0.6, 0.9]")
            }
            return Dimension(name: name, values: try values.map { try Yams.serialize(node: $0).trimmed })
        }
    }

    /// The names of the settings.
    public var names: [String] { dimensions.map(\.name) }

    var count: Int { dimensions.reduce(1) { $0 * $1.values.count } }

    /// The values of one combination, in the order of `dimensions`.
    func values(at position: Int) -> [String] {
        var rest = position
        var values: [String] = []
        for dimension in dimensions.reversed() {
            values.append(dimension.values[rest % dimension.values.count])
            rest /= dimension.values.count
        }
        return values.reversed()
    }

    /// `settings` with the values of one combination.
    ///
    /// - Throws: `TrawlError.invalidInput` for a setting that there is not, or a value out of its bounds.
    func applied(_ position: Int, to settings: SearchSettings, parts: IndexParts) throws -> SearchSettings {
        try zip(dimensions, values(at: position)).reduce(settings) { settings, choice in
            try settings.setting(choice.0.name, to: choice.1, parts: parts)
        }
    }
}

extension String {
    fileprivate var trimmed: String {
        var text = self[...]
        while let last = text.last, last.isNewline { text.removeLast() }
        return String(text)
    }
}
