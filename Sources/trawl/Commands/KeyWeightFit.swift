import Foundation
import TrawlCore
import TrawlEngine
import TrawlGeneration
import TrawlTraining

/// Fits the weights of a generator's n-grams on an index, in rounds: n-grams are matched with the weights found so far,
/// then weights are fitted to the matches.
struct KeyWeightFit {
    let index: SearchIndex
    /// A name or a path.
    let generator: String
    var depth = 100
    var rounds = 2
    /// The general weights count as if they were a fit to so many queries: a guard against a fit to few. What it gains
    /// and costs depends on corpus and generator; it costs most where the generator learnt the corpus
    /// (eval/results/generator.md).
    let priorQueries: Int
    let progress: TerminalProgress

    /// The queries that are written for at once: bounds the memory.
    private static let batch = 64

    /// The weights that suit `queries`, which are also kept in the generator's folder.
    ///
    /// - Throws: `TrawlError.invalidInput` when no query finds what it should.
    func run(_ queries: [(text: String, relevant: Set<DocumentID>)]) throws -> LearnedKeyWeights {
        var recipe = index.recipe
        if generator != recipe.generative.model { recipe.setGenerator(generator) }
        recipe.generative.usesLearnedWeights = true
        recipe.generative.parameters.scoring = .intersective
        var weights = LearnedKeyWeights(alpha: recipe.generative.parameters.alpha)
        for round in 1...rounds {
            recipe.generative.parameters.keyWeights = weights
            let writer = try NGramWriter(index: index, recipe: recipe)
            var examples: [KeyWeightExample] = []
            progress.begin("writing n-grams, round \(round)", total: queries.count, unit: "queries")
            for start in stride(from: 0, to: queries.count, by: Self.batch) {
                let part = Array(queries[start..<min(start + Self.batch, queries.count)])
                examples += try writer.weightExamples(part, depth: depth).compactMap(\.self).filter {
                    // Where nothing else was found there is nothing to tell apart.
                    $0.candidates.contains { !$0.isRelevant }
                }
                progress.advance(part.count)
            }
            progress.end()
            guard !examples.isEmpty else {
                throw TrawlError(
                    .invalidInput, "no query finds a relevant document among its best \(depth)", path: index.path,
                    remedy: "check that queries, judgements and index belong together, or train the generator first")
            }
            let fit = KeyWeightFitter().fit(examples, from: weights)
            weights = fit.weights.moved(
                Double(priorQueries) / Double(priorQueries + examples.count), towards: .general)
            progress.note(
                String(
                    format: "round %d: %d queries, loss %.4f, of the fit %.4f\n", round, examples.count, fit.before,
                    fit.after
                ))
        }
        try LearnedWeightsFile.write(weights, generator: ModelCatalogue.path(of: generator))
        return weights
    }
}
