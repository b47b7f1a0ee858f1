import Foundation
import TrawlCore

/// What a recipe file says, and what an index stores of it: the recipe, and the default settings of its searches.
///
/// ```
/// description: My notes
/// corpus: {paths: [notes]}
/// build: [lexical, dense]
/// lexical:                      # the entries of a part: of its recipe and of its settings
///   language: german            # auto (default), none, or a language: how words are stemmed
///   fold: true                  # accents, typographic apostrophes and ligatures make no difference (default)
///   k1: 1.2
///   syntax: auto                # how typed queries are read: plain, full or auto (default)
/// search: {mode: hybrid}
/// ```
public struct RecipeFile: Equatable, Sendable {
    public var recipe: IndexRecipe
    public var settings: SearchSettings

    public init(_ recipe: IndexRecipe = IndexRecipe(), settings: SearchSettings = SearchSettings()) {
        self.recipe = recipe
        self.settings = settings
    }

    /// Reads the YAML file `path`. Relative paths of the corpus and of models that are there are relative to the file's folder.
    ///
    /// - Throws: `TrawlError.invalidInput` that names the file and the setting.
    public init(contentsOf path: String, parts: IndexParts = .default) throws {
        let text = try ByteSource.text(of: path)
        do {
            try self.init(yaml: text, parts: parts)
        } catch let error as TrawlError {
            throw error.at(path: path)
        }
        let folder = (path as NSString).deletingLastPathComponent
        recipe.corpus.paths = recipe.corpus.paths.map { TrawlHome.resolve($0, relativeTo: folder) }
        locateModels(in: folder.isEmpty ? "." : folder)
    }

    /// Names each model that is a path from `folder` by its absolute path, so that it is found from any working folder.
    mutating func locateModels(in folder: String) {
        recipe.sections.renameModels { ModelCatalogue.located($0, in: folder) }
        settings.locateModels(in: folder)
    }

    /// Replaces the names of all models of the index's parts.
    mutating func nameModels(_ name: (String) -> String) {
        recipe.sections.renameModels(name)
        settings.sections.renameModels(name)
    }
}
