import ArgumentParser
import TrawlCore
import TrawlEngine
import TrawlGeneration
import TrawlTensors

/// How n-grams are written and weighed; shared by `query`, `eval` and `generate`.
struct GenerativeFlags: ParsableArguments {
    @Option(help: "The generator, in place of the index's own: a name or a path. It must have the same tokenizer.")
    var generator: String?

    @Option(
        help:
            "The exponent of n-gram weights by SEAL's formula: more trusts the surest n-grams more. Sets fitted weights aside."
    )
    var alpha: Double?

    @Flag(help: "Weigh n-grams by SEAL's formula, also where the generator has fitted weights.")
    var sealWeights = false

    @Option(help: "The longest span of the query's own words that is taken as an n-gram; 0 for none.")
    var queryNgrams: Int?

    @Option(help: "Beams of the generative search.")
    var beams: Int?

    @Option(
        help: ArgumentHelp(
            "Let n-grams leave the corpus at this price in nats a token; forbidden without it.", valueName: "nats"))
    var softConstraint: Double?

    @Option(help: "Arithmetic of the models: f32 or int8, which is faster and a little less exact.")
    var precision: Precision?

    @Option(help: "SEAL score: intersective, intersective-lm, lm+fm or lm.")
    var scoring: String?

    func apply(to recipe: inout Recipe) throws {
        if let precision { recipe.setPrecision(precision) }
        if let generator { recipe.setGenerator(generator) }
        if sealWeights || alpha != nil { recipe.generative.usesLearnedWeights = false }
        if let alpha { recipe.generative.parameters.alpha = alpha }
        if let queryNgrams { recipe.generative.parameters.queryNGrams = queryNgrams }
        if let softConstraint { recipe.setSoftConstraint(softConstraint) }
        if let beams { recipe.setBeams(beams) }
        if let scoring { try recipe.setScoring(scoring) }
    }
}
