import TrawlCore
import Yams

extension RecipeFile {
    /// Reads a recipe from YAML text.
    ///
    /// - Throws: `TrawlError.invalidInput` that names the setting which is unknown, of the wrong kind or out of its bounds.
    public init(yaml text: String, parts: IndexParts = .default) throws {
        let root: Node?
        do {
            root = try Yams.compose(yaml: text)
        } catch {
            throw TrawlError(.invalidInput, "this is not YAML: \(error)")
        }
        self.init()
        // An empty file is a recipe that takes every default.
        guard let root else { return }
        var groups = try RecipeGroups(root)
        try groups.moveTitleEnd()
        recipe = try groups.recipe(parts)
        settings = try groups.settings(parts)
        try groups.requireNothingElse(parts)
        try settings.validate(parts)
    }

    /// The recipe as YAML, with every setting.
    public func yaml(parts: IndexParts = .default) throws -> String {
        try YAMLText.encode(RecipeOutput(file: self, parts: parts))
    }
}

/// A name of a group or an entry.
struct EntryName: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init(_ name: String) { stringValue = name }
    init?(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
}

/// The groups at the top of a recipe file, taken one after the other.
struct RecipeGroups {
    /// Which entries of a group may be set.
    enum Sections {
        /// Those of an index and of its searches.
        case all
        /// Those of searches.
        case settings
    }

    private let sections: Sections
    private var groups: [String: Node] = [:]

    init(_ root: Node, sections: Sections = .all) throws {
        guard case .mapping(let mapping) = root else {
            throw TrawlError(.invalidInput, "a recipe is a list of settings with their values")
        }
        self.sections = sections
        for (key, value) in mapping {
            guard let name = key.string else { continue }
            groups[name] = value
        }
    }

    /// Older recipes have the mark after titles among the parameters of a search.
    mutating func moveTitleEnd() throws {
        guard var group = groups["generative"]?.mapping, var parameters = group["parameters"]?.mapping,
            let titleEnd = parameters.removeValue("titleEnd")
        else { return }
        group["parameters"] = .mapping(parameters)
        if group["titleEnd"] == nil { group["titleEnd"] = titleEnd }
        groups["generative"] = .mapping(group)
    }

    mutating func recipe(_ parts: IndexParts) throws -> IndexRecipe {
        var recipe = IndexRecipe(build: parts.defaultBuild)
        recipe.description = try take("description")
        if let corpus: CorpusRecipe = try take("corpus") { recipe.corpus = corpus }
        if let passages: PassageRecipe = try take("passages") { recipe.passages = passages }
        if let build: [String] = try take("build") { recipe.build = build }
        try parts.requireKnown(recipe.build)
        for part in parts.all {
            if let section = part.recipeSection { recipe.sections.set(try take(section, of: part)) }
        }
        return recipe
    }

    mutating func settings(_ parts: IndexParts) throws -> SearchSettings {
        var settings: SearchSettings = try take("search") ?? SearchSettings()
        if let fusion: FusionSettings = try take("fusion") { settings.fusion = fusion }
        for part in parts.all {
            if let section = part.settingsSection { settings.sections.set(try take(section, of: part)) }
        }
        return settings
    }

    func requireNothingElse(_ parts: IndexParts) throws {
        let owned = parts.all.flatMap { part in
            (sections == .all ? [part.recipeSection, part.settingsSection] : [part.settingsSection])
                .compactMap { $0?.sectionName }
        }
        let fixed = sections == .all ? ["description", "corpus", "passages", "build"] : []
        let known = fixed + ["search", "fusion"] + owned
        for name in groups.keys.sorted() where !known.contains(name) {
            let names = known.reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
            throw TrawlError(
                .invalidInput, "unknown setting \"\(name)\"",
                remedy: "the settings here are \(names.joined(separator: ", "))")
        }
    }

    private mutating func take<Value: Decodable>(_ name: String) throws -> Value? {
        guard let node = groups[name], node.null == nil else { return nil }
        return try decode(Value.self, node, group: name)
    }

    /// The entries that `section` owns of the group; those of the part's other section stay.
    private func take(_ section: any RecipeSection.Type, of part: any IndexPart) throws -> any RecipeSection {
        guard let node = groups[section.sectionName], node.null == nil else { return section.init() }
        guard var mapping = node.mapping else { return try decode(section, node) }
        let sections = self.sections == .all ? [part.recipeSection, part.settingsSection] : [part.settingsSection]
        let known = sections.compactMap { $0?.entryNames }.flatMap { $0 }
        for key in mapping.keys.compactMap(\.string) {
            guard known.contains(key) else {
                throw TrawlError(
                    .invalidInput, "unknown setting \"\(section.sectionName).\(key)\"",
                    remedy: "the settings here are \(known.joined(separator: ", "))")
            }
            if !section.entryNames.contains(key) { _ = mapping.removeValue(key) }
        }
        return try decode(section, .mapping(mapping))
    }

    private func decode<Section: RecipeSection>(_ type: Section.Type, _ node: Node) throws -> any RecipeSection {
        try decode(type, node, group: type.sectionName)
    }

    /// Errors have the whole path of a setting, from the group's name on.
    private func decode<Value: Decodable>(_ type: Value.Type, _ node: Node, group: String) throws -> Value {
        let userInfo = CodingUserInfoKey.settingGroup.map { [$0: group as any Sendable] } ?? [:]
        do {
            return try YAMLDecoder().decode(Value.self, from: node, userInfo: userInfo)
        } catch let error as TrawlError {
            throw error
        } catch let DecodingError.typeMismatch(_, context) {
            throw Self.wrongValue(context, group)
        } catch let DecodingError.keyNotFound(key, context) {
            throw TrawlError(
                .invalidInput, "the setting \"\(Self.path(context.codingPath + [key], group))\" is missing")
        } catch let DecodingError.dataCorrupted(context) {
            if let error = context.underlyingError as? TrawlError { throw error }
            throw Self.wrongValue(context, group)
        } catch {
            throw TrawlError(.invalidInput, "the recipe cannot be read", cause: error)
        }
    }

    private static func wrongValue(_ context: DecodingError.Context, _ group: String) -> TrawlError {
        TrawlError(
            .invalidInput,
            "the setting \"\(path(context.codingPath, group))\" has a value of the wrong kind: \(context.debugDescription)"
        )
    }

    private static func path(_ keys: [any CodingKey], _ group: String) -> String {
        ([group] + keys.map(\.stringValue)).joined(separator: ".")
    }
}

extension Node.Mapping {
    fileprivate mutating func removeValue(_ name: String) -> Node? {
        guard let value = self[Node(name)] else { return nil }
        self = Node.Mapping(filter { $0.key.string != name }.map { ($0.key, $0.value) }, tag, style)
        return value
    }
}

/// A recipe file as it is written: groups of both sections of each part.
private struct RecipeOutput: Encodable {
    let file: RecipeFile
    let parts: IndexParts

    func encode(to encoder: any Encoder) throws {
        var groups = encoder.container(keyedBy: EntryName.self)
        let (recipe, settings) = (file.recipe, file.settings)
        try groups.encodeIfPresent(recipe.description, forKey: EntryName("description"))
        try groups.encode(recipe.corpus, forKey: EntryName("corpus"))
        try groups.encode(recipe.passages, forKey: EntryName("passages"))
        try groups.encode(recipe.build, forKey: EntryName("build"))
        try groups.encode(settings, forKey: EntryName("search"))
        try groups.encode(settings.fusion, forKey: EntryName("fusion"))
        for part in parts.all {
            let sections =
                [part.recipeSection.map(recipe.sections.value), part.settingsSection.map(settings.sections.value)]
                .compactMap { $0 }
            guard let name = sections.first.map({ type(of: $0).sectionName }) else { continue }
            try groups.encode(Joined(sections: sections), forKey: EntryName(name))
        }
    }

    /// Several values whose entries share a group.
    private struct Joined: Encodable {
        let sections: [any RecipeSection]

        func encode(to encoder: any Encoder) throws {
            for section in sections { try section.encode(to: encoder) }
        }
    }
}
