import TrawlCore

/// The retrieval methods of an index that was built by a recipe, and which of them a search asks.
package struct SearchMethods {
    package let recipe: IndexRecipe
    package let knownParts: IndexParts

    package init(_ recipe: IndexRecipe, _ knownParts: IndexParts) {
        (self.recipe, self.knownParts) = (recipe, knownParts)
    }

    /// The mode of a search that names none: hybrid where several built methods have a weight, otherwise the one that has.
    package func defaultMode(_ settings: SearchSettings) -> SearchMode {
        let built = parts.compactMap(\.buildName)
        let weighted = weights(settings).filter { $0.weight > 0 }.compactMap(\.part.buildName).filter(built.contains)
        if weighted.count > 1 { return .hybrid }
        return SearchMode(rawValue: weighted.first ?? built.first ?? "")
    }

    /// The parts that a search asks, with their weights in the fusion.
    ///
    /// - Throws: `TrawlError.invalidInput` when no part has a weight.
    package func asked(_ settings: SearchSettings) throws -> [(part: any IndexPart, weight: Float)] {
        if let mode = settings.mode, mode != .hybrid, let part = knownParts.named(mode.rawValue) { return [(part, 1)] }
        let chosen = weights(settings).filter { $0.weight > 0 }
        guard !chosen.isEmpty else {
            throw TrawlError(
                .invalidInput, "every weight of the fusion is 0", remedy: "give some method a weight",
                topic: .fusionWeights)
        }
        return chosen
    }

    /// The weight of each retrieval method in a hybrid search.
    package func fusionWeights(_ settings: SearchSettings) -> [String: Float] {
        weights(settings).reduce(into: [:]) { weights, entry in
            if let name = entry.part.buildName { weights[name] = entry.weight }
        }
    }

    /// - Throws: `TrawlError.invalidInput` when the recipe did not build `part`.
    package func require(_ part: any IndexPart, path: String) throws {
        guard let name = part.buildName, !recipe.build.contains(name) else { return }
        throw TrawlError(
            .invalidInput, "the index has no \(name) part, only \(recipe.build.joined(separator: ", "))",
            path: path, remedy: "build it again with \(name)", topic: .build)
    }

    private var parts: [any IndexPart] { knownParts.built(by: recipe) }

    /// Weights that are named count for all parts, so that one which is not built is an error; default weights for those that
    /// are built and can be asked.
    private func weights(_ settings: SearchSettings) -> [(part: any IndexPart, weight: Float)] {
        guard let weights = settings.fusion.weights else {
            let parts = parts.filter { $0.canSearch(recipe, settings) }
            let readers = parts.count { $0.readsWords && $0.fusionWeight > 0 }
            let share: Float = readers > 1 ? 1.5 / Float(readers) : 1
            return parts.map { ($0, $0.fusionWeight * ($0.readsWords ? share : 1)) }
        }
        return knownParts.all.compactMap { part in part.buildName.flatMap { weights[$0] }.map { (part, $0) } }
    }
}

extension SearchIndex {
    var methods: SearchMethods { SearchMethods(recipe, knownParts) }

    /// The mode of a search that names none: hybrid where several built methods have a weight, otherwise the one that has.
    public func defaultMode(_ settings: SearchSettings) -> SearchMode { methods.defaultMode(settings) }

    /// The weight of each retrieval method of the index in a hybrid search.
    public func fusionWeights(_ settings: SearchSettings) -> [String: Float] { methods.fusionWeights(settings) }

    /// - Throws: `TrawlError.invalidInput` when the recipe did not build `part`.
    func require(_ part: any IndexPart) throws { try methods.require(part, path: path) }
}
