public import ArgumentParser
import TrawlCore
import TrawlEngine
public import TrawlGeneration
import TrawlTensors

/// How n-grams are written and weighed; shared by `query`, `eval` and `generate`.
struct GenerativeFlags: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The generator: a name or a path. It must have the index's tokenizer. (default: the index's)",
            valueName: "model"))
    var generator: String?
    @Option(
        help: ArgumentHelp(
            "Exponent of SEAL's n-gram weights: higher values favour the most confident n-grams. "
                + "Implies --seal-weights. (default: the index's)", valueName: "n"))
    var alpha: Double?
    @Flag(help: "Weight n-grams by SEAL's formula, not by learned weights.")
    var sealWeights = false
    @Option(
        help: ArgumentHelp(
            "The longest span of the query's own words that is an n-gram; 0 for none. (default: the index's)",
            valueName: "n"))
    var queryNgrams: Int?
    @Option(help: ArgumentHelp("Beams of the beam search. (default: the index's)", valueName: "n")) var beams: Int?
    @Option(
        help: ArgumentHelp(
            "Allow n-grams that do not occur in the corpus, at this penalty in nats per token. (default: the index's)",
            valueName: "nats"))
    var softConstraint: Double?
    @Option(
        help: "Arithmetic of the models; int8 is faster and slightly less accurate. (default: the index's)")
    var precision: Precision?
    @Option(
        help: ArgumentHelp("How passages are scored by their n-grams. (default: the index's)", valueName: "score"))
    var scoring: SEALScoring?

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
