import TrawlCore
import Yams

/// Settings of searches in a file of their own: the groups of a recipe file without the entries that were fixed when an index
/// was built.
///
/// ```
/// search: {mode: hybrid}
/// fusion: {weights: {lexical: 1, dense: 1.5}}
/// lexical: {k1: 0.9}
/// ```
extension SearchSettings {
    /// All settings as YAML.
    public func yaml(parts: IndexParts = .default) throws -> String {
        try YAMLText.encode(SettingsOutput(settings: self, parts: parts))
    }

    /// These settings with those that the YAML file `path` names in their place.
    ///
    /// - Throws: `TrawlError.invalidInput` that names the file and the setting.
    public func applying(contentsOf path: String, parts: IndexParts = .default) throws -> SearchSettings {
        let text = try ByteSource.text(of: path)
        do {
            return try applying(yaml: text, parts: parts)
        } catch let error as TrawlError {
            throw error.at(path: path)
        }
    }

    /// These settings with those that YAML text names in their place.
    ///
    /// - Throws: `TrawlError.invalidInput` for a setting that is unknown, fixed, of the wrong kind or out of its bounds.
    public func applying(yaml text: String, parts: IndexParts = .default) throws -> SearchSettings {
        let changes: Node?
        do {
            changes = try Yams.compose(yaml: text)
        } catch {
            throw TrawlError(.invalidInput, "this is not YAML: \(error)")
        }
        guard let changes else { return self }
        return try applying(changes, parts)
    }

    /// These settings with one of them changed.
    ///
    /// - Parameters:
    ///   - name: From the group on, such as `lexical.k1` or `fusion.weights.dense`.
    ///   - value: As a recipe file has it.
    public func setting(_ name: String, to value: String, parts: IndexParts = .default) throws -> SearchSettings {
        let keys = name.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard keys.count > 1, !keys.contains("") else {
            throw TrawlError(
                .invalidInput, "\"\(name)\" is not a setting", remedy: "name the group and the entry, as in lexical.k1")
        }
        var node: Node
        do {
            node = try Yams.compose(yaml: value) ?? Node("")
        } catch {
            throw TrawlError(.invalidInput, "the value \"\(value)\" of \(name) is not YAML")
        }
        for key in keys.reversed() { node = .mapping(Node.Mapping([(Node(key), node)])) }
        return try applying(node, parts)
    }

    private func applying(_ changes: Node, _ parts: IndexParts) throws -> SearchSettings {
        let own = try Yams.compose(yaml: yaml(parts: parts)) ?? changes
        var groups = try RecipeGroups(changes.replacing(own), sections: .settings)
        let settings = try groups.settings(parts)
        try groups.requireNothingElse(parts)
        try settings.validate(parts)
        return settings
    }
}

extension Node {
    /// `base` with the entries of this node in their place, group by group.
    fileprivate func replacing(_ base: Node) -> Node {
        guard case .mapping(let changes) = self, case .mapping(var merged) = base else { return self }
        for (key, value) in changes {
            merged[key] = merged[key].map { value.replacing($0) } ?? value
        }
        return .mapping(merged)
    }
}

/// Settings as they are written.
private struct SettingsOutput: Encodable {
    let settings: SearchSettings
    let parts: IndexParts

    func encode(to encoder: any Encoder) throws {
        var groups = encoder.container(keyedBy: EntryName.self)
        try groups.encode(settings, forKey: EntryName("search"))
        try groups.encode(settings.fusion, forKey: EntryName("fusion"))
        for type in parts.all.compactMap(\.settingsSection) {
            try groups.encode(Section(section: settings.sections.value(of: type)), forKey: EntryName(type.sectionName))
        }
    }

    private struct Section: Encodable {
        let section: any RecipeSection
        func encode(to encoder: any Encoder) throws { try section.encode(to: encoder) }
    }
}
