import TrawlCore
import TrawlStore
package import TrawlVectorIndex

/// What a shard tells a coordinator of its index.
extension SearchIndex {
    /// The passages of the live documents that meet all `conditions`, and the keys that are compared and that no document has.
    package func filter(
        _ conditions: [DocumentCondition]
    ) throws -> (passages: PassageFilter, missingFields: Set<String>) {
        try documents.filter(conditions)
    }

    /// One more than the largest number of a passage and of a document, deleted ones included.
    package var passageBound: UInt32 { snapshot.manifest.segments.reduce(0) { $0 + $1.passageCount } }
    package var documentBound: UInt32 { snapshot.manifest.segments.reduce(0) { $0 + $1.documentCount } }

    /// The recipe and the default settings, in YAML.
    package func recipeText() throws -> String { try RecipeFile(recipe, settings: settings).yaml(parts: knownParts) }
}
