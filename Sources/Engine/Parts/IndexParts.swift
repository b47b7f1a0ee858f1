import TrawlCore

/// The parts that an engine knows, in the order in which they are built and their rankings are fused.
public struct IndexParts: Sendable {
    public let all: [any IndexPart]

    /// The parts that come with Trawl. This is where a new one is registered.
    public static let `default` = IndexParts([
        DocumentsPart(), LexicalPart(), VectorsPart(), SubstringsPart(), LatePart(),
    ])

    /// - Precondition: no two parts share a name or a number of their storage.
    public init(_ parts: [any IndexPart]) {
        for (index, part) in parts.enumerated() {
            for other in parts[..<index] {
                precondition(part.name != other.name, "two parts are called \(part.name)")
                precondition(!part.storage.overlaps(other.storage), "\(part.name) and \(other.name) share numbers")
            }
        }
        all = parts
    }

    /// These parts and another.
    public func adding(_ part: some IndexPart) -> IndexParts { IndexParts(all + [part]) }

    /// The names by which recipes build parts.
    public var buildNames: [String] { all.compactMap(\.buildName) }

    /// The names of the parts that an index has whose recipe does not say what to build.
    public var defaultBuild: [String] { all.filter(\.isBuiltByDefault).compactMap(\.buildName) }

    /// The names, for messages.
    public var nameList: String { buildNames.joined(separator: ", ") }

    /// The modes of search: each retrieval method alone, and several fused.
    public var modes: [SearchMode] { buildNames.map { SearchMode(rawValue: $0) } + [.hybrid] }

    /// The part that recipes call `buildName`.
    public func named(_ buildName: String) -> (any IndexPart)? { all.first { $0.buildName == buildName } }

    /// The parts of an index that was built by `recipe`, with those that every index has.
    public func built(by recipe: IndexRecipe) -> [any IndexPart] {
        all.filter { part in part.buildName.map(recipe.build.contains) ?? true }
    }

    /// - Throws: `TrawlError.invalidInput` for a name that no part has.
    func requireKnown(_ build: [String]) throws {
        for name in build where named(name) == nil {
            throw TrawlError(
                .invalidInput, "build: unknown part \"\(name)\"",
                remedy: "name some of \(nameList)")
        }
    }
}
