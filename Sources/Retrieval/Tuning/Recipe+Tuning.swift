import Core
import Generation
public import Tensors

extension Recipe {
    /// Sets the model that writes n-grams, with the prompts that suit it.
    public mutating func setGenerator(_ model: String) {
        generative.model = model
        generative.prompts = nil
    }

    /// Sets how many hypotheses beam search keeps, for bodies and titles.
    public mutating func setBeams(_ beams: Int) {
        generative.parameters.body.beams = beams
        generative.parameters.title?.beams = beams
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
