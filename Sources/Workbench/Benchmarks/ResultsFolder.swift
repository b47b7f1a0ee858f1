import Foundation
import TrawlCore
public import TrawlEvaluation

/// A folder of results pages: `benchmarks/NAME.md` and `.json` for every benchmark, and `README.md`, which lists them and the
/// other pages. Pages that somebody wrote are never replaced.
public struct ResultsFolder {
    private let path: String

    /// The first line of what may be written anew.
    static let mark = "<!-- Written by trawl eval --benchmark --results. Changes are lost when it runs again. -->"

    /// - Throws: `TrawlError` when pages cannot be written there, or one has the name of a page that somebody wrote.
    public init(_ path: String, benchmarks: [String]) throws {
        self.path = path
        try OutputFolder.make(path + "/benchmarks")
        for page in ["README.md"] + benchmarks.map({ "benchmarks/\($0).md" }) {
            let page = path + "/" + page
            _ = try OutputFile(page)
            guard let text = try? String(contentsOfFile: page, encoding: .utf8) else { continue }
            guard text.hasPrefix(Self.mark) else {
                throw TrawlError(
                    .invalidInput, "the page was not written by a benchmark", path: page, remedy: "move it away")
            }
        }
    }

    /// Writes the page of one benchmark, and the list of all.
    public func write(_ result: BenchmarkResult, of file: BenchmarkFile) throws {
        let stem = path + "/benchmarks/" + result.name
        try OutputFile(stem + ".md").write(page(result, file))
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try OutputFile(stem + ".json").write(encoder.encode(result) + Data("\n".utf8))
        try OutputFile(path + "/README.md").write(list())
    }

    private func page(_ result: BenchmarkResult, _ file: BenchmarkFile) -> String {
        let record = result.systems.first?.record
        let queries = result.systems.first?.report.queries.count ?? 0
        var page = "\(Self.mark)\n# \(result.name)\n\n"
        if let description = file.description { page += description + "\n" }
        if let source = file.source { page += "Source: \(source)\n" }
        page += "\n    trawl eval --benchmark \(file.path) --data FOLDER --results \(path)\n\n"
        page += "\(queries) queries.\n\n" + result.scores()
        if !result.rows.isEmpty { page += "\n## Expected\n\n" + result.expectations() }
        if !result.costs().isEmpty {
            page += "\n## Cost\n\nOf all queries together, and of single ones one after the other.\n\n" + result.costs()
        }
        page += "\n## Provenance\n\n"
        var facts = [("trawl", record?.version ?? "", record?.binary ?? "")]
        if let queries = record?.queries { facts.append((file.queries, "\(queries.bytes) bytes", queries.digest)) }
        if let qrels = record?.qrels { facts.append((file.qrels, "\(qrels.bytes) bytes", qrels.digest)) }
        if let index = result.systems.lazy.compactMap(\.record.index).first {
            facts.append(("index", "\(index.bytes) bytes", index.digest))
        }
        var models: [RunRecord.Model] = []
        for model in result.systems.flatMap(\.record.models) where !models.contains(model) { models.append(model) }
        facts += models.map { ($0.role, $0.name, $0.digest) }
        page += "| what | | digest |\n|---|---|---|\n"
        page += facts.map { "| \($0.0) | \($0.1) | `\($0.2.prefix(16))` |\n" }.joined()
        return page + "\nSettings and whole digests: [\(result.name).json](\(result.name).json).\n"
    }

    /// What the list needs of a benchmark's JSON file.
    private struct Summary: Decodable {
        struct System: Decodable {
            let name: String
            let scores: [String: Double]
        }
        let name: String
        let passed: Bool
        let systems: [System]
    }

    private func list() throws -> String {
        let files = try FileManager.default.contentsOfDirectory(atPath: path + "/benchmarks").sorted()
        let summaries = files.filter { $0.hasSuffix(".json") }.compactMap { name in
            try? JSONDecoder().decode(
                Summary.self, from: Data(contentsOf: URL(fileURLWithPath: path + "/benchmarks/" + name)))
        }
        var page = "\(Self.mark)\n# Results\n\n## Benchmarks\n\n"
        page += "| benchmark | system | nDCG@10 | expected scores |\n|---|---|---:|---|\n"
        for summary in summaries {
            for (position, system) in summary.systems.enumerated() {
                let score = system.scores["nDCG@10"].map { fixed($0, 4) } ?? ""
                let link = position == 0 ? "[\(summary.name)](benchmarks/\(summary.name).md)" : ""
                let verdict = position == 0 ? (summary.passed ? "reached" : "**missed**") : ""
                page +=
                    "| \(link) | \(system.name.replacingOccurrences(of: "|", with: "\\|")) | \(score) | \(verdict) |\n"
            }
        }
        let others = try FileManager.default.contentsOfDirectory(atPath: path).sorted().compactMap { name in
            name.hasSuffix(".md") && name != "README.md" ? title(of: name).map { "- [\($0)](\(name))\n" } : nil
        }
        return others.isEmpty ? page : page + "\n## Other pages\n\n" + others.joined()
    }

    /// The heading of a page.
    private func title(of name: String) -> String? {
        let text = try? String(contentsOfFile: path + "/" + name, encoding: .utf8)
        return text?.split(separator: "\n").first { $0.hasPrefix("# ") }.map { String($0.dropFirst(2)) }
    }
}
