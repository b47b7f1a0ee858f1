import Corpus
import Foundation
import Generation
import Retrieval
import Tensors

/// Times generative search in one process: `BeamSearchSpeed INDEX QUERIES COUNT [GENERATOR]`.
///
/// Prints lines of precision, kind of search, seconds a query one at a time and seconds a query all together; the median
/// of the queries, and of five turns. `beams` is 15 beams of 10 tokens without titles, rescoring, unigrams or n-grams of the query;
/// `recipe` is the index's own recipe, which is all of SEAL.
@main
struct BeamSearchSpeed {
    static func main() throws {
        let arguments = CommandLine.arguments
        guard 4...5 ~= arguments.count, let count = Int(arguments[3]), count > 0 else {
            print("usage: BeamSearchSpeed INDEX QUERIES COUNT [GENERATOR]")
            exit(64)
        }
        let index = try SearchIndex(path: arguments[1])
        let queries = Array(try QueryReader().read(arguments[2]).prefix(count))
        for precision in Precision.allCases {
            for kind in ["beams", "recipe"] {
                var recipe = index.recipe
                if arguments.count == 5 { recipe.setGenerator(arguments[4]) }
                recipe.setPrecision(precision)
                recipe.generative.parameters.batchSize = queries.count
                if kind == "beams" {
                    recipe.generative.parameters.title = nil
                    recipe.generative.parameters.rescores = false
                    recipe.generative.parameters.queryNGrams = 0
                    recipe.generative.parameters.unigrams = 0
                }
                let pipeline = try SearchPipeline(
                    index: index, options: SearchOptions(mode: .generative, recipe: recipe))
                _ = try pipeline.search(queries)
                var alone: [Double] = []
                var together: [Double] = []
                for _ in 0..<5 {
                    alone.append(median(try queries.map { query in try seconds { _ = try pipeline.search([query]) } }))
                    together.append(try seconds { _ = try pipeline.search(queries) } / Double(queries.count))
                }
                print("\(precision.rawValue)\t\(kind)\t\(median(alone))\t\(median(together))")
            }
        }
    }

    private static func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }

    private static func seconds(_ body: () throws -> Void) rethrows -> Double {
        let start = ContinuousClock.now
        try body()
        return (ContinuousClock.now - start) / .seconds(1)
    }
}
