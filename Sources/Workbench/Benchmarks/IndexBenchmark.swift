import Foundation
public import TrawlCore
import TrawlCorpus
public import TrawlEngine
public import TrawlEvaluation
import TrawlLexicalIndex
import Yams

/// A benchmark definition: a data set, how it is indexed, and the scores that each mode should reach.
public struct IndexBenchmark: Sendable {
    public let definition: BenchmarkDefinition
    /// The definition file.
    public let path: String
    private let file: File

    /// What a definition file says.
    private struct File: Decodable, Sendable {
        let name: String
        /// The data set's folder below that of all data sets, in BEIR layout.
        let data: String
        let queries: String
        let qrels: String
        let recipe: String?
        let expected: [Expectation]

        struct Expectation: Decodable, Sendable {
            let mode: String
            let measure: String
            let score: Double
            let tolerance: Double?
            let atLeast: Bool?
        }
    }

    /// - Throws: `TrawlError.invalidInput` for a file that cannot be read, or an unknown measure.
    public init(contentsOf path: String) throws {
        self.path = path
        do {
            file = try YAMLDecoder().decode(File.self, from: ByteSource.text(of: path))
        } catch {
            throw TrawlError(
                .invalidInput, "the benchmark definition cannot be read", path: path,
                remedy: "see the definitions in eval/benchmarks", cause: error)
        }
        definition = BenchmarkDefinition(
            name: file.name,
            expectations: try file.expected.map {
                .init(
                    mode: $0.mode, measure: try Measure($0.measure), score: $0.score, tolerance: $0.tolerance ?? 0,
                    bound: $0.atLeast == true ? .atLeast : .within)
            })
    }

    /// Builds the index when it is not there, and evaluates each mode.
    ///
    /// - Parameter data: The folder that holds data sets.
    /// - Throws: `TrawlError` for a missing data set, an unknown mode, or what building and searching throw.
    public func run(data: String?, _ engine: Engine, progress: any ProgressReporter = .silent) throws -> BenchmarkResult
    {
        guard let data else {
            throw TrawlError(
                .invalidInput, "the benchmark needs the data set \"\(file.data)\"", path: path,
                remedy: "give the folder that holds it", topic: .dataSets)
        }
        let folder = data + "/" + file.data
        for mode in definition.modes where !engine.parts.modes.contains(SearchMode(rawValue: mode)) {
            throw TrawlError(.invalidInput, "unknown mode \"\(mode)\"", path: path)
        }
        let index = try openIndex(folder, engine, progress)
        let qrels = try Qrels(path: folder + "/" + file.qrels)
        let queries = try QueryReader().read(folder + "/" + file.queries)
        var reports: [String: Report] = [:]
        for mode in definition.modes {
            var settings = index.settings
            settings.mode = SearchMode(rawValue: mode)
            settings.limit = 1000
            settings.lexical.syntax = .plain
            let evaluation = try IndexEvaluation(
                engine, index, queries: queries, qrels: qrels, measures: definition.measures(mode: mode))
            reports[mode] = try evaluation.evaluate(settings, progress: progress).report
        }
        return definition.compare(reports)
    }

    /// The index of the data set, built in Trawl's cache folder when it is not there yet.
    private func openIndex(_ folder: String, _ engine: Engine, _ progress: any ProgressReporter) throws -> SearchIndex {
        let output = TrawlHome.path + "/indexes/\(file.name).trawl"
        if FileManager.default.fileExists(atPath: output + "/data.mdb"), let index = try? engine.open(output) {
            return index
        }
        var recipe = RecipeFile()
        if let name = file.recipe {
            recipe = try RecipeFile(
                contentsOf: (path as NSString).deletingLastPathComponent + "/" + name, parts: engine.parts)
        }
        recipe.recipe.corpus.paths = [folder]
        // Expected scores are those of whole documents, unless the benchmark names a recipe of its own.
        if file.recipe == nil { recipe.recipe.passages = PassageRecipe(size: .whole) }
        recipe.recipe.build = engine.parts.all.filter { part in
            definition.modes.contains { $0 == part.buildName || ($0 == "hybrid" && part.fusionWeight > 0) }
        }.compactMap(\.buildName)
        try engine.build(recipe, at: output, progress: progress)
        return try engine.open(output)
    }
}
