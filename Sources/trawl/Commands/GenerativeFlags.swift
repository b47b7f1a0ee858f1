public import ArgumentParser
import TrawlCore
import TrawlEngine
public import TrawlGeneration
import TrawlTensors

/// How n-grams are written and weighed; shared by `query`, `eval` and `generate`.
struct GenerativeFlags: ParsableArguments {
    @Option(help: "The generator, in place of the index's own: a name or a path. It must have the same tokenizer.")
    var generator: String?
    @Option(help: "The exponent of SEAL's n-gram weights, in place of fitted ones: higher favours confident n-grams.")
    var alpha: Double?
    @Flag(help: "Weight n-grams by SEAL's formula, also where the generator has fitted weights.")
    var sealWeights = false
    @Option(help: "The longest span of the query's own words that is taken as an n-gram; 0 for none.")
    var queryNgrams: Int?
    @Option(help: "Beams of the generative search.") var beams: Int?
    @Option(
        help: ArgumentHelp(
            "Allow n-grams that do not occur in the corpus, at a penalty of N nats per token.", valueName: "nats"))
    var softConstraint: Double?
    @Option(help: "Arithmetic of the models: f32 or int8, which is faster and a little less exact.")
    var precision: Precision?
    @Option(help: "SEAL score: intersective, intersective-lm, lm+fm or lm.") var scoring: SEALScoring?

    func apply(to settings: inout SearchSettings) throws {
        if let precision {
            settings.dense.queryPrecision = precision
            settings.generative.precision = precision
        }
        if let generator { settings.generative.setGenerator(generator) }
        if sealWeights || alpha != nil { settings.generative.usesLearnedWeights = false }
        if let alpha { settings.generative.parameters.alpha = alpha }
        if let queryNgrams { settings.generative.parameters.queryNGrams = queryNgrams }
        if let softConstraint { settings.generative.setSoftConstraint(softConstraint) }
        if let beams { settings.generative.setBeams(beams) }
        if let scoring { settings.generative.parameters.scoring = scoring }
    }
}

extension SEALScoring: ExpressibleByArgument {}
