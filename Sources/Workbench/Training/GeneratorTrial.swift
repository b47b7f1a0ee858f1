import Foundation
import TrawlCore
import TrawlCorpus
import TrawlEngine
import TrawlEvaluation
import TrawlGeneration
import TrawlModels
import TrawlTraining

/// Searches with a generator during its training, through its folder and the runtime that searches use.
struct GeneratorTrial {
    let engine: Engine
    let index: SearchIndex
    /// Where the generator is written for a trial: beside its output, so that it finds the same base model.
    let folder: TrainedModelFolder
    /// The model that training began with.
    let start: ModelFolder
    let progress: any ProgressReporter

    private static let depth = 50
    /// The queries between two checks for cancellation.
    private static let batch = 16

    /// nDCG@10 of the n-grams, by SEAL's weights; nil when `isStopped` ended it.
    func score(
        _ network: any GeneratorNetwork, by judged: JudgedQueries, isStopped: () -> Bool
    ) throws -> Double? {
        defer { remove() }
        var settings = index.settings
        settings.mode = .generative
        settings.generative = try write(network)
        let session = try engine.session(index, settings)
        var rankings: [DocumentRanking] = []
        for start in stride(from: 0, to: judged.count, by: Self.batch) {
            if isStopped() { return nil }
            rankings += try session.rankDocuments(
                Array(judged.queries[start..<min(start + Self.batch, judged.count)]))
        }
        let qrels = try judged.qrels.restricted(to: judged.queries.map(\.id))
        return try Report(of: Run(rankings), against: qrels, Measure.list("nDCG@10")).means[0]
    }

    /// The n-grams that the generator writes for `judged` and the passages that they find, for the queries that are done before
    /// `isStopped`.
    func samples(
        _ network: any GeneratorNetwork, for judged: JudgedQueries, tokens: (String) -> [TokenID],
        isStopped: () -> Bool
    ) throws -> SelfSamples {
        defer { remove() }
        var settings = try write(network)
        settings.parameters.keyWeights = .general
        settings.usesLearnedWeights = true
        let writer = try NGramWriter(index: index, settings: settings, models: engine.models)
        var samples: [SelfSamples.Sample] = []
        progress.begin("sampling n-grams", total: judged.count, unit: "queries")
        let entries = judged.entries
        for start in stride(from: 0, to: entries.count, by: Self.batch) where !isStopped() {
            let part = Array(entries[start..<min(start + Self.batch, entries.count)])
            for (query, found) in zip(part, try writer.weightExamples(part, depth: Self.depth)) {
                if let found { samples.append(.init(query: tokens(query.text), found: found)) }
            }
            progress.advance(part.count)
        }
        progress.end()
        return SelfSamples(samples: samples, weights: .general)
    }

    /// Writes the generator, and returns the settings that search with it.
    private func write(_ network: any GeneratorNetwork) throws -> GenerativeSettings {
        try network.write(to: folder, beginningWith: start)
        var settings = index.settings.generative
        settings.setGenerator(folder.path)
        settings.usesLearnedWeights = false
        settings.parameters.scoring = .intersective
        return settings
    }

    private func remove() { try? FileManager.default.removeItem(atPath: folder.path) }
}
