import Foundation
import TrawlCore
import TrawlCorpus
import TrawlEngine
import TrawlEvaluation
import Yams

/// Runs a benchmark definition: builds the index when it is not there, evaluates each mode, prints expected against got.
struct BenchmarkRunner {
    let definition: String
    /// The folder that holds data sets, where the definition's own paths are looked for.
    let data: String?
    let progress: any ProgressReporter
    let json: Bool

    /// What a definition file says.
    private struct File: Decodable {
        let name: String
        /// The data set's folder below `--data`, in BEIR layout.
        let data: String
        let queries: String
        let qrels: String
        let recipe: String?
        let expected: [Expectation]

        struct Expectation: Decodable {
            let mode: String
            let measure: String
            let score: Double
            let tolerance: Double?
            let atLeast: Bool?
        }
    }

    func run() throws {
        let file = try readDefinition()
        guard let data else {
            throw TrawlError(
                .invalidInput, "the benchmark needs the data set \"\(file.data)\"", path: definition,
                remedy: "give the folder that holds it with --data")
        }
        let folder = data + "/" + file.data
        let index = try openIndex(file, folder)
        let definition = BenchmarkDefinition(
            name: file.name,
            expectations: try file.expected.map {
                .init(
                    mode: $0.mode, measure: try Measure($0.measure), score: $0.score, tolerance: $0.tolerance ?? 0,
                    bound: $0.atLeast == true ? .atLeast : .within)
            })
        let qrels = try Qrels(path: folder + "/" + file.qrels)
        let queries = try QueryReader().read(folder + "/" + file.queries).filter { qrels[$0.id] != nil }
        var reports: [String: Report] = [:]
        for mode in definition.modes {
            guard let searchMode = SearchMode(rawValue: mode) else {
                throw TrawlError(.invalidInput, "unknown mode \"\(mode)\"", path: self.definition)
            }
            var options = SearchOptions(mode: searchMode, recipe: index.recipe)
            options.limit = 1000
            let pipeline = try SearchPipeline(index: index, options: options, progress: progress)
            reports[mode] = try Report(
                of: Run(pipeline.rankDocuments(queries)), against: qrels, definition.measures(mode: mode))
        }
        let result = definition.compare(reports)
        if json {
            for row in result.rows { try Output.json(RowOutput(result.name, row)) }
        } else {
            Output.write(Array(result.markdown().utf8))
        }
        if !result.passed {
            throw TrawlError(.invalidInput, "\(file.name) missed its expected scores", path: self.definition)
        }
    }

    /// One line of the result as scripts get it.
    private struct RowOutput: Encodable {
        let benchmark: String
        let mode: String
        let measure: String
        let expected: Double
        let tolerance: Double
        let bound: String
        let got: Double?
        let passed: Bool

        init(_ benchmark: String, _ row: BenchmarkResult.Row) {
            self.benchmark = benchmark
            mode = row.expectation.mode
            measure = row.expectation.measure.description
            expected = row.expectation.score
            tolerance = row.expectation.tolerance
            bound = row.expectation.bound.rawValue
            got = row.got
            passed = row.passed
        }
    }

    private func readDefinition() throws -> File {
        do {
            let text = try String(contentsOfFile: definition, encoding: .utf8)
            return try YAMLDecoder().decode(File.self, from: text)
        } catch {
            throw TrawlError(
                .invalidInput, "the benchmark definition cannot be read", path: definition,
                remedy: "see the definitions in eval/benchmarks", cause: error)
        }
    }

    /// The index of the data set, built in Trawl's cache folder when it is not there yet.
    private func openIndex(_ file: File, _ folder: String) throws -> SearchIndex {
        let path = TrawlHome.path + "/indexes/\(file.name).trawl"
        if FileManager.default.fileExists(atPath: path + "/data.mdb"), let index = try? SearchIndex(path: path) {
            return index
        }
        var recipe = Recipe()
        if let name = file.recipe {
            recipe = try Recipe(contentsOf: (definition as NSString).deletingLastPathComponent + "/" + name)
        }
        recipe.corpus.paths = [folder]
        recipe.build = IndexComponent.allCases.filter { component in
            file.expected.contains {
                $0.mode == component.rawValue || ($0.mode == "hybrid" && component != .generative)
            }
        }
        _ = try IndexBuilder(recipe: recipe, output: path, progress: progress).run()
        return try SearchIndex(path: path)
    }
}
