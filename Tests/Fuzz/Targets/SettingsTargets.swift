import TrawlCore
import TrawlEngine
import TrawlEvaluation
import TrawlLexicalIndex
import TrawlWorkbench

extension FuzzTarget {
    /// Files that say what an index is, how it is searched, and what is tried on it.
    static var settings: [FuzzTarget] {
        [
            FuzzTarget("recipe", file: "recipe.yaml", seeds: try recipes()) { path in
                let file = try RecipeFile(contentsOf: path)
                _ = try RecipeFile(yaml: file.yaml())
            },
            FuzzTarget("settings", seeds: try recipes()) { _ in
                { bytes in
                    let settings = try SearchSettings().applying(yaml: String(decoding: bytes, as: UTF8.self))
                    try settings.validate()
                    _ = try settings.yaml()
                }
            },
            FuzzTarget(
                "benchmark", file: "benchmark.yaml",
                seeds: try repositorySeeds(inFolder: "eval/benchmarks", suffix: ".yaml")
            ) { path in _ = try BenchmarkFile(contentsOf: path) },
            FuzzTarget("search-space", file: "space.yaml") { path in
                _ = try SearchSpace(SearchSpace.dimensions(contentsOf: path))
            },
            FuzzTarget("prompt-sweep", file: "prompts.yaml") { path in _ = try PromptSweepRun(contentsOf: path) },
            FuzzTarget("key-weights", file: "key_weights.json") { path in
                let generator = path.split(separator: "/", omittingEmptySubsequences: false).dropLast()
                try LearnedWeightsFile.validate(generator: generator.joined(separator: "/"))
            },
        ]
    }

    private static func recipes() throws -> [[UInt8]] { try repositorySeeds(inFolder: "indexes", suffix: ".yaml") }

    /// What users write in one line, or a few.
    static var languages: [FuzzTarget] {
        [
            line("filter") { text in
                let condition = try DocumentCondition(text)
                _ = try DocumentCondition("\(condition)")
            },
            line("query-syntax") { text in
                for syntax in QuerySyntax.allCases {
                    guard let query = try syntax.parse(text) else { continue }
                    _ = (query.plainText, query.exactWords)
                }
            },
            line("phrases") { text in _ = try PhraseQuery(text) },
            line("measures") { text in _ = try Measure.list(text).map { "\($0)" } },
            line("fusion-weights") { text in _ = FusionSettings.weights(text) },
            line("rerank-chain") { text in
                var settings = SearchSettings()
                settings.rerankers = try RerankChain(text).settings()
                try settings.validate()
            },
        ]
    }

    private static func line(_ name: String, _ read: @escaping (String) throws -> Void) -> FuzzTarget {
        FuzzTarget(name, maximumBytes: 1 << 14) { _ in { try read(String(decoding: $0, as: UTF8.self)) } }
    }
}
