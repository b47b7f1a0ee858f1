import Foundation
import Testing
import TrawlCore
import TrawlGeneration

@testable import TrawlEngine

@Suite struct RecipeTests {
    private func failure(_ yaml: String) -> String {
        do {
            _ = try Recipe(yaml: yaml)
            return "no error"
        } catch {
            return "\(error)"
        }
    }

    @Test func emptyRecipeTakesEveryDefault() throws {
        #expect(try Recipe(yaml: "") == Recipe())
        #expect(try Recipe(yaml: "# nothing\n") == Recipe())
    }

    @Test func recipeSurvivesBeingWrittenAndRead() throws {
        var recipe = Recipe(description: "a: b")
        recipe.corpus.paths = ["x y.jsonl"]
        recipe.corpus.fields = ["text": "extract"]
        recipe.passages = PassageRecipe(size: 100, overlap: 20)
        recipe.build = [.lexical, .dense]
        recipe.dense.queryPrompt = "query: "
        recipe.dense.vectors.structure = .graph
        recipe.dense.vectors.format = .int8
        recipe.dense.vectors.metric = .dot
        recipe.dense.vectors.degree = 24
        recipe.generative.parameters.alpha = 3
        recipe.generative.parameters.title = nil
        recipe.generative.parameters.identifier = BeamSearchParameters(beams: 7, length: 9)
        recipe.generative.parameters.body.softConstraint = 2.5
        recipe.generative.prompts = SEALPrompts(body: "Q: {query}\nA:", title: nil, identifier: "{query} || query")
        recipe.generative.identifiers = "asked"
        recipe.fusion.method = .reciprocalRank
        #expect(try Recipe(yaml: recipe.yaml()) == recipe)
    }

    @Test func recipesThatComeAreRead() throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../indexes").path
        let names = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".yaml") }
        #expect(names.count >= 2)
        for name in names { _ = try Recipe(contentsOf: folder + "/" + name) }
        let minder = try Recipe(contentsOf: folder + "/minder.yaml").generative
        #expect(minder.identifiers == Recipe.standardIdentifiers && minder.prompts?.identifier == "{query} || query")
        #expect(minder.parameters.identifier?.length == 15 && minder.parameters.title?.length == 15)
    }

    @Test func settingOneGenerativeParameterKeepsTheStandardOfTheOthers() throws {
        let recipe = try Recipe(yaml: "generative: {parameters: {alpha: 2}}")
        #expect(recipe.generative.parameters.alpha == 2)
        #expect(recipe.generative.parameters.unigrams == Recipe().generative.parameters.unigrams)
        #expect(recipe.generative.parameters.body.beams == 15)
    }

    @Test func misspeltSettingIsNamedWithTheKnownOnes() {
        #expect(failure("lexical: {k2: 1}").contains("lexical.k2"))
        #expect(failure("lexical: {k2: 1}").contains("k1"))
        #expect(failure("corpsu: {}").contains("corpsu"))
        #expect(failure("corpus: {fields: {txt: a}}").contains("txt"))
        #expect(failure("generative: {parameters: {alhpa: 2}}").contains("generative.parameters.alhpa"))
        #expect(failure("generative: {parameters: {body: {beam: 2}}}").contains("body.beam"))
        #expect(failure("generative: {parameters: {title: {beam: 2}}}").contains("title.beam"))
        #expect(failure("generative: {prompts: {bdoy: a}}").contains("bdoy"))
        #expect(failure("lexical: {analysis: {langauge: en}}").contains("langauge"))
    }

    @Test func wrongKindsOfValuesAreNamed() {
        #expect(failure("lexical: {k1: high}").contains("lexical.k1"))
        #expect(failure("build: [lexical, sparse]").contains("build"))
        #expect(failure("passages: {size: 10, overlap: 10}").contains("overlap"))
        #expect(failure("fusion: {weights: {sparse: 1}}").contains("sparse"))
        for setting in ["weights: {dense: -1}", "weights: {dense: .inf}", "constant: -1", "constant: .nan", "depth: 0"]
        {
            #expect(failure("fusion: {\(setting)}").contains("fusion"), "\(setting)")
        }
        #expect(failure("generative: {prompts: {body: \"{query}\"}}").contains("generative.prompts.rescoring"))
        #expect(failure("a: [").contains("YAML"))
    }

    @Test func corpusPathsAreRelativeToTheRecipe() throws {
        let folder = NSTemporaryDirectory() + "recipe-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let path = folder + "/r.yaml"
        try "corpus: {paths: [a.jsonl, /b.jsonl, \"${TRAWL_HOME}/c\"]}".write(
            toFile: path, atomically: true, encoding: .utf8)
        #expect(
            try Recipe(contentsOf: path).corpus.paths == [folder + "/a.jsonl", "/b.jsonl", TrawlHome.path + "/c"])
    }

    @Test func errorOfARecipeFileNamesTheFile() {
        #expect {
            _ = try Recipe(contentsOf: "/nowhere/r.yaml")
        } throws: {
            "\($0)".contains("/nowhere/r.yaml")
        }
    }

    @Test func standardModeFollowsWhatIsBuilt() {
        #expect(Recipe().standardMode == .hybrid)
        #expect(Recipe(build: [.generative]).standardMode == .generative)
        #expect(Recipe(build: [.lexical, .generative]).standardMode == .lexical)
    }
}
