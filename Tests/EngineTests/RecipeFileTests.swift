import Foundation
import Testing
import TrawlCore
import TrawlGeneration
import TrawlLexicalIndex
import TrawlTensors
import TrawlTestSupport

@testable import TrawlEngine

@Suite struct RecipeFileTests {
    private func failure(_ yaml: String) -> String {
        do {
            _ = try RecipeFile(yaml: yaml)
            return "no error"
        } catch {
            return "\(error)"
        }
    }

    @Test func emptyRecipeTakesEveryDefault() throws {
        #expect(try RecipeFile(yaml: "") == RecipeFile())
        #expect(try RecipeFile(yaml: "# nothing\n") == RecipeFile())
    }

    @Test func aRecipeSurvivesBeingWrittenAndRead() throws {
        var file = RecipeFile(IndexRecipe(description: "a: b"))
        file.recipe.corpus.paths = ["x y.jsonl"]
        file.recipe.corpus.fields = ["text": "extract"]
        file.recipe.passages = PassageRecipe(size: .words(100), overlap: 20)
        file.recipe.build = ["lexical", "dense"]
        file.recipe.dense.passagePrompt = "passage: "
        file.recipe.dense.vectors.structure = .graph
        file.recipe.dense.vectors.format = .int8
        file.recipe.dense.vectors.metric = .dot
        file.recipe.dense.vectors.degree = 24
        file.recipe.generative.identifiers = "asked"
        file.recipe.generative.titleEnd = " ##"
        file.settings.mode = .dense
        file.settings.limit = 7
        file.settings.collapsesDocuments = false
        file.settings.conditions = [try DocumentCondition("year>=1999")]
        file.settings.rerankers = [RerankSettings(model: "m", depth: 3, precision: .int8)]
        file.settings.lexical.k1 = 1.2
        file.settings.dense.queryPrompt = "query: "
        file.settings.dense.searchWidth = 99
        file.settings.generative.generator = "mine"
        file.settings.generative.parameters.alpha = 3
        file.settings.generative.parameters.title = nil
        file.settings.generative.parameters.identifier = BeamSearchParameters(beams: 7, length: 9)
        file.settings.generative.parameters.body.softConstraint = 2.5
        file.settings.generative.prompts = SEALPrompts(
            body: "Q: {query}\nA: {query}", title: nil, identifier: "{query} || query")
        file.settings.fusion.method = .reciprocalRank
        file.settings.fusion.weights = ["dense": 2]
        #expect(try RecipeFile(yaml: file.yaml()) == file)
    }

    @Test func shippedRecipesAreRead() throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../indexes").path
        let names = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".yaml") }
        #expect(names.count >= 2)
        for name in names { _ = try RecipeFile(contentsOf: folder + "/" + name) }
        let minder = try RecipeFile(contentsOf: folder + "/minder.yaml")
        #expect(minder.recipe.generative.identifiers == GenerativeRecipe.defaultIdentifiers)
        let settings = minder.settings.generative
        #expect(settings.prompts?.identifier == "{query} || query")
        #expect(settings.parameters.identifier?.length == 15 && settings.parameters.title?.length == 15)
    }

    @Test func settingOneGenerativeParameterKeepsTheDefaultsOfTheOthers() throws {
        let settings = try RecipeFile(yaml: "generative: {parameters: {alpha: 2}}").settings.generative
        #expect(settings.parameters.alpha == 2)
        #expect(settings.parameters.unigrams == GenerativeSettings().parameters.unigrams)
        #expect(settings.parameters.body.beams == 15)
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
        let temporary = try TemporaryFolder()
        let folder = temporary.path
        let path = try temporary.write("r.yaml", "corpus: {paths: [a.jsonl, /b.jsonl, \"${TRAWL_HOME}/c\"]}")
        #expect(
            try RecipeFile(contentsOf: path).recipe.corpus.paths == [
                folder + "/a.jsonl", "/b.jsonl", TrawlHome.path + "/c",
            ])
    }

    @Test func errorOfARecipeFileNamesTheFile() {
        #expect {
            _ = try RecipeFile(contentsOf: "/nowhere/r.yaml")
        } throws: {
            "\($0)".contains("/nowhere/r.yaml")
        }
    }

    @Test func valuesOutOfTheirBoundsAreRefusedWhenTheFileIsRead() {
        for (setting, name) in [
            ("lexical: {k1: -5}", "k1"), ("lexical: {b: 2}", "b ="), ("dense: {efSearch: 0}", "efSearch"),
            ("generative: {parameters: {alpha: -1}}", "alpha"), ("search: {limit: 0}", "limit"),
            ("search: {mode: sparse}", "sparse"), ("search: {where: [year 2017]}", "year 2017"),
            ("search: {rerank: [{depth: 0}]}", "depth"), ("generative: {titleEnd: \"\"}", "titleEnd"),
            ("dense: {queryPrompt: a, instruction: b}", "queryPrompt"),
            ("generative: {prompts: {body: x, rescoring: \"{query}\"}}", "prompt"),
        ] {
            #expect(failure(setting).contains(name), "\(setting): \(failure(setting))")
        }
    }

    /// What an index is and how it is searched share a group of the file, and are two types.
    @Test func aGroupHoldsRecipeAndSettings() throws {
        let file = try RecipeFile(
            yaml: "lexical: {k1: 1.5, analysis: {language: fr, stemmer: french, removesStopWords: false}}")
        #expect(file.settings.lexical.k1 == 1.5 && file.settings.lexical.b == 0.4)
        #expect(file.recipe.lexical.analysis.language == "fr")
        #expect(file.recipe == RecipeFile(file.recipe).recipe)
        #expect(failure("lexical: {k2: 1}").contains("analysis") && failure("lexical: {k2: 1}").contains("k1"))
    }

    @Test func theLanguageOfARecipeMakesItsAnalysis() throws {
        func analysis(_ yaml: String) throws -> AnalyzerSettings { try RecipeFile(yaml: yaml).recipe.lexical.analysis }
        #expect(try analysis("") == .english && RecipeFile(yaml: "").recipe.lexical.isAutomatic)
        #expect(try analysis("lexical: {language: German}").stemmer == "german")
        #expect(try analysis("lexical: {language: none}") == AnalyzerSettings(.none))
        #expect(try !analysis("lexical: {language: de, fold: false}").folds)
        #expect(try RecipeFile(yaml: "lexical: {language: de}").recipe.lexical.isAutomatic == false)
        #expect(failure("lexical: {language: klingon}").contains("klingon"))
        #expect(failure("lexical: {language: klingon}").contains("german"))
        #expect(
            failure("lexical: {fold: true, analysis: {language: en, removesStopWords: true}}").contains("analysis"))
        #expect(failure("lexical: {syntax: some}").contains("lexical.syntax"))
        var file = RecipeFile()
        try file.recipe.lexical.set(language: "french")
        file.settings.lexical.syntax = .full
        #expect(try RecipeFile(yaml: file.yaml()) == file)
        file.recipe.lexical.analysis.folds = false
        #expect(try RecipeFile(yaml: file.yaml()) == file)
        #expect(throws: TrawlError.self) { try file.recipe.lexical.set(language: "klingon") }
    }

    /// Indexes that were built before there was folding go on as they were made.
    @Test func storedAnalysesWithoutAVersionKeepTheFirstRules() throws {
        let stored = try RecipeFile(
            yaml: """
                lexical:
                  analysis: {language: en, removesStopWords: true, stemmer: porter}
                  b: 0.4
                  k1: 0.9
                  queryStopWords: true
                """)
        #expect(!stored.recipe.lexical.isAutomatic)
        #expect(!stored.recipe.lexical.analysis.folds && stored.recipe.lexical.analysis.version == 1)
    }

    /// As Trawl 0.1 wrote recipes into indexes.
    @Test func earlierRecipesAreRead() throws {
        let file = try RecipeFile(
            yaml: """
                build: [lexical]
                dense: {model: all-MiniLM-L6-v2, queryPrompt: "q: ", precision: int8, vectors: {structure: auto}}
                generative:
                  model: minilm-generator
                  learnedWeights: true
                  parameters: {alpha: 3, titleEnd: " ##", unigrams: 0}
                fusion: {method: min-max, weights: {dense: 1, lexical: 1}, constant: 60, depth: 1000}
                """)
        #expect(file.recipe.generative.titleEnd == " ##" && file.settings.generative.parameters.alpha == 3)
        #expect(file.settings.dense.queryPrompt == "q: " && file.recipe.dense.precision == .int8)
    }

    @Test(arguments: [
        (["lexical", "dense", "generative"], SearchMode.hybrid, SearchMode.hybrid),
        (["generative"], .generative, .generative), (["lexical", "generative"], .hybrid, .lexical),
        (["dense", "generative"], .hybrid, .dense), (["lexical"], .lexical, .lexical),
    ]) func theDefaultModeFollowsWhatIsBuilt(build: [String], mode: SearchMode, named: SearchMode) throws {
        let folder = try UpdateFolder()
        let path = try folder.build(
            "a.trawl", [TestDocument(id: "a", title: "", text: "the moon")], .updates(build))
        let index = try SearchIndex(path: path)
        var settings = SearchSettings()
        settings.generative.generator = "minilm-generator"
        #expect(index.defaultMode(settings) == mode)
        // An index of an earlier Trawl names the weights of methods that it lacks.
        settings.fusion.weights = ["dense": 1, "lexical": 1]
        #expect(index.defaultMode(settings) == named)
        // A model that writes nothing, or that is gone, is not asked unless it is named.
        for model in ["all-MiniLM-L6-v2", "no such model"] {
            var settings = SearchSettings()
            settings.generative.generator = model
            #expect(index.defaultMode(settings) == named)
        }
    }
}
