import Foundation
import TrawlCore
public import TrawlEngine
import TrawlEvaluation
import Yams

/// A benchmark as its file describes it: a data set, an index of it, systems, and the scores that they should reach.
///
/// ```
/// name: scifact
/// description: 5,183 abstracts, 300 claims
/// source: https://github.com/beir-cellar/beir
/// data: scifact                       # a folder in BEIR layout, below that of all data sets
/// queries: queries.jsonl              # (default)
/// qrels: qrels/test.tsv               # (default)
/// index: {passages: {size: whole}}    # a recipe, or `recipe: FILE` beside this file (default: whole documents)
/// measures: [nDCG@10, R@100]
/// systems:
///   - name: BM25
///     search: {mode: lexical}         # settings of the search, as a recipe file has them
///     expected:
///       - {measure: nDCG@10, score: 0.679, tolerance: 0.01, source: Anserini}
///   - name: given, reranked
///     run: run.bm25.trec              # a run in the data set's folder; `search.rerank` reranks it
///     search: {rerank: [{reranker: late, depth: 50}]}
///     expected:
///       - {measure: nDCG@10, atLeast: 0.64}
/// ```
public struct BenchmarkFile: Sendable {
    /// One way to answer the queries.
    public struct System: Sendable {
        public let name: String
        /// What it changes of the index's settings, in YAML.
        let settings: String
        /// A run in the data set's folder; nil for a search.
        let run: String?
        let expected: [ExpectedScore]
    }

    public let path: String
    public let name: String
    public let description: String?
    public let source: String?
    let data: String
    let queries: String
    let qrels: String
    let measures: [Measure]
    let depth: Int
    let excludesSelf: Bool
    let recipe: RecipeFile
    /// Whether the recipe says which methods are built.
    let namesBuild: Bool
    public let systems: [System]

    /// - Throws: `TrawlError.invalidInput` that names the file, and the line of what is unknown or wrong.
    public init(contentsOf path: String, parts: IndexParts = .default) throws {
        do {
            guard let root = try Yams.compose(yaml: ByteSource.text(of: path)) else {
                throw TrawlError(.invalidInput, "the file is empty")
            }
            try self.init(root, path: path, parts)
        } catch var error as TrawlError {
            error.path = error.path ?? path
            throw error
        } catch {
            throw TrawlError(.invalidInput, "this is not YAML: \(error)", path: path)
        }
    }

    private init(_ root: Node, path: String, _ parts: IndexParts) throws {
        var top = try BenchmarkEntries(root, "a benchmark")
        self.path = path
        name = try top.text("name")
        guard name.allSatisfy({ $0.isLetter || $0.isNumber || "-_.".contains($0) }), !name.hasPrefix(".") else {
            throw TrawlError(
                .invalidInput, "the name \"\(name)\" cannot name a file",
                remedy: "use letters, digits, hyphens and underscores")
        }
        description = try top.textIfPresent("description")
        source = try top.textIfPresent("source")
        data = try top.textIfPresent("data") ?? name
        queries = try top.textIfPresent("queries") ?? "queries.jsonl"
        qrels = try top.textIfPresent("qrels") ?? "qrels/test.tsv"
        depth = try top.number("depth").map { Int($0) } ?? 1000
        guard depth > 0 else { throw TrawlError(.invalidInput, "the depth is not positive") }
        excludesSelf = try top.flag("excludeSelf") ?? false
        measures = try Measure.list(top.list("measures").joined(separator: ","))
        let inline = top.take("index")
        if let file = try top.textIfPresent("recipe") {
            guard inline == nil else {
                throw TrawlError(.invalidInput, "index and recipe both say how to index", remedy: "leave one out")
            }
            let folder = (path as NSString).deletingLastPathComponent
            let recipePath = file.hasPrefix("/") || folder.isEmpty ? file : folder + "/" + file
            recipe = try RecipeFile(contentsOf: recipePath, parts: parts)
            namesBuild = true
        } else if let inline {
            recipe = try RecipeFile(yaml: Yams.serialize(node: inline), parts: parts)
            namesBuild = inline.mapping?["build"] != nil
        } else {
            // Scores of the literature are those of whole documents.
            var whole = RecipeFile()
            whole.recipe.passages = PassageRecipe(size: .whole)
            (recipe, namesBuild) = (whole, false)
        }
        let measures = self.measures
        systems = try top.nodes("systems").map { try System($0, measures, parts) }
        guard !systems.isEmpty else { throw TrawlError(.invalidInput, "the benchmark has no systems") }
        for (position, system) in systems.enumerated()
        where systems[..<position].contains(where: { $0.name == system.name }) {
            throw TrawlError(.invalidInput, "two systems have the name \"\(system.name)\"")
        }
        try top.requireNothingElse()
    }
}

extension BenchmarkFile.System {
    fileprivate init(_ node: Node, _ measures: [Measure], _ parts: IndexParts) throws {
        var entries = try BenchmarkEntries(node, "a system")
        name = try entries.text("name")
        run = try entries.textIfPresent("run")
        expected = try entries.nodes("expected").map { try ExpectedScore($0, measures) }
        settings = try entries.rest.map { try Yams.serialize(node: $0) } ?? ""
        do {
            _ = try SearchSettings().applying(yaml: settings, parts: parts)
        } catch var error as TrawlError {
            error.message = "the system \"\(name)\": \(error.message)"
            error.line = node.mark?.line
            throw error
        }
    }
}

extension ExpectedScore {
    fileprivate init(_ node: Node, _ measures: [Measure]) throws {
        var entries = try BenchmarkEntries(node, "an expected score")
        let measure = try Measure(entries.text("measure"))
        guard measures.contains(measure) else {
            throw TrawlError(
                .invalidInput, "\(measure) is expected and not among the measures", line: node.mark?.line,
                remedy: "add it to them")
        }
        let (score, least) = (try entries.number("score"), try entries.number("atLeast"))
        guard let value = score ?? least, score == nil || least == nil else {
            throw TrawlError(
                .invalidInput, "an expected score has either `score` or `atLeast`", line: node.mark?.line)
        }
        self.init(
            measure, value, tolerance: try entries.number("tolerance") ?? 0, bound: score == nil ? .atLeast : .within,
            source: try entries.textIfPresent("source"))
        try entries.requireNothingElse()
    }
}
