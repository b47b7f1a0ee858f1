import Foundation
import TrawlCorpus
import TrawlEngine
import TrawlGeneration
import TrawlTensors

/// Times generative search in one process: `BeamSearchSpeed INDEX QUERIES COUNT [GENERATOR [KINDS]]`.
///
/// Prints lines of precision, kind of search, seconds per query one at a time and seconds per query all together; the median
/// of the queries, and of five turns. `beams` is 15 beams of 10 tokens without titles, rescoring, unigrams or n-grams of the query;
/// `decoding` is the same without a look at passages; `recipe` is the index's own settings, which are all of SEAL; `seal` is
/// these with n-grams weighted by SEAL's formula. KINDS, such as `decoding,seal`, leaves out the others.
@main
struct BeamSearchSpeed {
    static func main() throws {
        let arguments = CommandLine.arguments
        guard 4...6 ~= arguments.count, let count = Int(arguments[3]), count > 0 else {
            print("usage: BeamSearchSpeed INDEX QUERIES COUNT [GENERATOR [KINDS]]")
            exit(64)
        }
        let engine = Engine()
        let index = try engine.open(arguments[1])
        let queries = Array(try QueryReader().read(arguments[2]).prefix(count))
        let kinds =
            arguments.count == 6
            ? arguments[5].split(separator: ",").map(String.init) : ["decoding", "beams", "recipe", "seal"]
        for precision in Precision.allCases {
            for kind in kinds {
                var settings = index.settings
                settings.mode = .generative
                if arguments.count > 4 { settings.generative.setGenerator(arguments[4]) }
                settings.generative.precision = precision
                settings.generative.parameters.batchSize = queries.count
                if kind == "seal" { settings.generative.usesLearnedWeights = false }
                // No n-gram is rare enough to be located, so no passage is scored.
                if kind == "decoding" { settings.generative.parameters.maximumOccurrences = 0 }
                if kind == "decoding" || kind == "beams" {
                    settings.generative.parameters.title = nil
                    settings.generative.parameters.rescores = false
                    settings.generative.parameters.queryNGrams = 0
                    settings.generative.parameters.unigrams = 0
                }
                let session = try engine.session(index, settings)
                _ = try session.search(queries)
                var alone: [Double] = []
                var together: [Double] = []
                for _ in 0..<5 {
                    alone.append(median(try queries.map { query in try seconds { _ = try session.search([query]) } }))
                    together.append(try seconds { _ = try session.search(queries) } / Double(queries.count))
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
