internal import TrawlCore
internal import TrawlTensors

extension ModelFolder {
    /// The member of config.json that notes the weight of a reranker.
    package static let rerankWeightMember = "trawl_rerank_weight"

    /// The weight that the scores of a reranker have, unless settings say otherwise, beside those of the search that it reranks:
    /// chosen on held-out queries when it was trained. nil where none was chosen.
    ///
    /// - Throws: `TrawlError.corrupted` for anything but a number above 0, up to 1.
    package func rerankWeight() throws -> Float? {
        guard let member = configuration[Self.rerankWeightMember] else { return nil }
        guard let weight = member.double.map({ Float($0) }), weight > 0, weight <= 1 else {
            throw TrawlError(
                .corrupted, "'\(Self.rerankWeightMember)' is not a number above 0, up to 1", path: configurationPath,
                remedy: "correct it, or remove it for a weight of 1")
        }
        return weight
    }
}
