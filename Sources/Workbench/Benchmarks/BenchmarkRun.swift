import Foundation
public import TrawlCore
import TrawlCorpus
public import TrawlEngine
public import TrawlEvaluation
import TrawlLexicalIndex

/// Runs benchmarks: builds indexes that are missing, searches, and sets scores beside what is expected.
public struct BenchmarkRun {
    private let engine: Engine
    private let data: String
    /// How many queries at most are timed one by one.
    public var timedQueries = 50
    /// What is the same in the record of every system: the command and the program.
    public var record = RunRecord(system: "")

    /// - Parameter data: The folder that holds the data sets.
    public init(_ engine: Engine, data: String) {
        (self.engine, self.data) = (engine, data)
    }

    /// - Throws: `TrawlError` for a data set that is missing, judgements that do not belong to its queries, or what building
    ///   and searching throw.
    public func run(_ file: BenchmarkFile, progress: any ProgressReporter = .silent) throws -> BenchmarkResult {
        let folder = data + "/" + file.data
        for needed in [file.queries, file.qrels] + file.systems.compactMap(\.run)
        where !FileManager.default.fileExists(atPath: folder + "/" + needed) {
            throw TrawlError(
                .notFound, "the benchmark \(file.name) needs this file", path: folder + "/" + needed,
                remedy: "give the folder that holds the data sets", topic: .dataSets)
        }
        let qrels = try Qrels(path: folder + "/" + file.qrels)
        let queries = try QueryReader().read(folder + "/" + file.queries)
        let index = try BenchmarkIndex(file, folder: folder, engine).open(engine, progress: progress)
        let evaluation = try IndexEvaluation(engine, index, queries: queries, qrels: qrels, measures: file.measures)
        for warning in try evaluation.coverage().warnings(file.queries) { progress.warn("\(file.name): \(warning)") }
        for warning in qrels.warnings { progress.warn("\(file.qrels): \(warning)") }
        var common = record
        common.queries = RunRecord.Source(fileAt: folder + "/" + file.queries)
        common.qrels = RunRecord.Source(fileAt: folder + "/" + file.qrels)
        return BenchmarkResult(
            name: file.name,
            systems: try file.systems.map { system in
                var record = common
                record.system = system.name
                let report = try report(system, file, folder, index, evaluation, &record, progress)
                return .init(name: system.name, report: report, record: record, expected: system.expected)
            })
    }

    private func report(
        _ system: BenchmarkFile.System, _ file: BenchmarkFile, _ folder: String, _ index: SearchIndex,
        _ evaluation: IndexEvaluation, _ record: inout RunRecord, _ progress: any ProgressReporter
    ) throws -> Report {
        var settings = index.settings
        settings.limit = file.depth
        settings.excludesQueryDocument = file.excludesSelf
        settings.lexical.syntax = .plain
        settings = try settings.applying(yaml: system.settings, parts: engine.parts)
        guard let name = system.run else {
            let result = try evaluation.evaluate(settings, timedQueries: timedQueries, progress: progress)
            try record.note(index, result.settings, engine)
            record.cost = result.cost
            return result.report
        }
        var run = try Run(path: folder + "/" + name)
        for warning in run.warnings { progress.warn("\(name): \(warning)") }
        if file.excludesSelf { run = run.excludingQueryDocuments() }
        guard !settings.rerankers.isEmpty else {
            return try Report(of: run, against: evaluation.qrels, file.measures)
        }
        let (result, missing) = try evaluation.rerank(run, settings, timedQueries: timedQueries, progress: progress)
        if missing > 0 { progress.warn("\(name): documents that are not in the index and stay below: \(missing)") }
        try record.note(index, settings, engine)
        record.cost = result.cost
        return result.report
    }
}
