/// A group of entries in a recipe file, such as `lexical`.
///
/// An index part owns up to two sections under one name: what was fixed when the index was built, which is part of
/// `IndexRecipe`, and how it is searched, which is part of `SearchSettings`. In a file both share a group, so no two
/// entries of them may have the same name.
public protocol RecipeSection: Codable, Equatable, Sendable {
    static var sectionName: String { get }

    /// The names of all entries: what a file may set.
    static var entryNames: [String] { get }

    /// The defaults.
    init()

    /// - Throws: `TrawlError.invalidInput` for a value out of its bounds.
    func validate() throws

    /// Replaces the names of all models that the section has.
    mutating func renameModels(_ name: (String) -> String)
}

extension RecipeSection {
    public func validate() throws {}
    public mutating func renameModels(_ name: (String) -> String) {}

    /// Whether `other`, or the defaults when there is none, is the same.
    fileprivate func equals(_ other: (any RecipeSection)?) -> Bool { (other as? Self ?? Self()) == self }
}

/// The sections that the parts of an index own, by their types. A section that was never set has its defaults.
///
/// ```
/// extension IndexRecipe {
///     public var lexical: LexicalRecipe {
///         get { sections[LexicalRecipe.self] }
///         set { sections[LexicalRecipe.self] = newValue }
///     }
/// }
/// ```
public struct RecipeSections: Equatable, Sendable {
    private var values: [String: any RecipeSection] = [:]

    public init() {}

    public subscript<Section: RecipeSection>(_ type: Section.Type) -> Section {
        get { values[Section.sectionName] as? Section ?? Section() }
        set { values[Section.sectionName] = newValue }
    }

    mutating func set(_ section: any RecipeSection) { values[type(of: section).sectionName] = section }

    mutating func renameModels(_ name: (String) -> String) {
        for key in values.keys { values[key]?.renameModels(name) }
    }

    /// The section of that type, as it was set or with its defaults.
    func value(of type: any RecipeSection.Type) -> any RecipeSection { values[type.sectionName] ?? type.init() }

    public static func == (a: RecipeSections, b: RecipeSections) -> Bool {
        a.values.allSatisfy { $1.equals(b.values[$0]) } && b.values.allSatisfy { $1.equals(a.values[$0]) }
    }
}
