import TrawlCore
import TrawlGeneration
public import TrawlTensors

extension Recipe {
    /// Sets the model that writes n-grams, with the prompts that suit it.
    public mutating func setGenerator(_ model: String) {
        generative.model = model
        generative.prompts = nil
    }

    /// Sets how many hypotheses beam search keeps, for bodies, titles and identifiers.
    public mutating func setBeams(_ beams: Int) {
        generative.parameters.body.beams = beams
        generative.parameters.title?.beams = beams
        generative.parameters.identifier?.beams = beams
    }

    /// Lets n-grams leave the corpus at a price in nats a token.
    public mutating func setSoftConstraint(_ price: Double) {
        generative.parameters.body.softConstraint = price
        generative.parameters.title?.softConstraint = price
        generative.parameters.identifier?.softConstraint = price
    }

    /// Sets the arithmetic of all models.
    public mutating func setPrecision(_ precision: Precision) {
        dense.precision = precision
        generative.precision = precision
    }

    /// Sets the SEAL score by its name.
    ///
    /// - Throws: `TrawlError.invalidInput` that lists the names.
    public mutating func setScoring(_ name: String) throws {
        guard let scoring = SEALScoring(rawValue: name) else {
            throw TrawlError(
                .invalidInput, "unknown scoring \"\(name)\"", remedy: "use intersective, intersective-lm, lm+fm or lm")
        }
        generative.parameters.scoring = scoring
    }
}
