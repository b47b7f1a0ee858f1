import Foundation
import Testing
import TrawlTestSupport

@testable import TrawlEngine

/// `docs/recipes.md` documents recipe files: its examples are recipes, and no key is missing.
@Suite struct RecipeDocumentationTests {
    private func page() throws -> String {
        try String(contentsOfFile: TestFiles.repository("docs/recipes.md"), encoding: .utf8)
    }

    @Test func examplesAreRecipes() throws {
        let blocks = try page().components(separatedBy: "```yaml\n").dropFirst()
        #expect(blocks.count >= 2)
        for block in blocks {
            let yaml = block.components(separatedBy: "```")[0]
            #expect(try RecipeFile(yaml: yaml) != RecipeFile(), "\(yaml)")
        }
    }

    @Test func everyKeyIsDocumented() throws {
        let page = try page()
        var keys: Set<String> = []
        // Keys with a default are in the output; the entries of parts and of searches have the others too.
        for line in try RecipeFile().yaml().split(separator: "\n") where line.contains(":") {
            keys.insert(String(line.prefix { $0 != ":" }).trimmingCharacters(in: .whitespaces))
        }
        for part in IndexParts.default.all {
            if let section = part.recipeSection { keys.formUnion(section.entryNames) }
            if let section = part.settingsSection { keys.formUnion(section.entryNames) }
        }
        keys.formUnion(SearchSettings.CodingKeys.allCases.map(\.rawValue))
        keys.formUnion(RerankSettings.CodingKeys.allCases.map(\.rawValue))
        keys.formUnion(FusionSettings.CodingKeys.allCases.map(\.rawValue))
        keys.formUnion(VectorRecipe.CodingKeys.allCases.map(\.rawValue))
        #expect(keys.count > 50)
        let missing = keys.filter { !page.contains("`\($0)`") }.sorted()
        #expect(missing.isEmpty, "\(missing)")
    }
}
