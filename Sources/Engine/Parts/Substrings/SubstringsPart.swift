public import TrawlCore
public import TrawlCorpus
import TrawlModels
public import TrawlStore
public import TrawlSubstringIndex

/// The n-grams of all passages: counts, occurrences and next tokens, and the ground of generative search.
///
/// The index stores the tokenizer, so that n-grams are counted and found without the generator; only generating takes it.
public struct SubstringsPart: IndexPart {
    public let name = "substrings"
    public let buildName: String? = "generative"
    public let storage: ClosedRange<UInt16> = 20...29
    public var recipeSection: (any RecipeSection.Type)? { GenerativeRecipe.self }
    public var settingsSection: (any RecipeSection.Type)? { GenerativeSettings.self }
    public let fusionWeight: Float = 1
    public let readsWords = true

    public init() {}

    /// An index may have n-grams only to count and find them: of the tokens of a model that writes nothing, or that is gone.
    public func canSearch(_ recipe: IndexRecipe, _ settings: SearchSettings) -> Bool {
        let name = settings.generative.generator ?? recipe.generative.model
        guard let folder = try? ModelFolder(path: ModelCatalogue.path(of: name)) else { return false }
        return folder.isGenerator
    }

    public func makeBuilder(_ recipe: IndexRecipe, _ context: BuildContext) throws -> any PartBuilder {
        try SubstringsBuilder(recipe.generative, context)
    }

    public func reading(_ documents: any DocumentSource, _ recipe: IndexRecipe, isAdding: Bool) -> any DocumentSource {
        guard let field = recipe.generative.identifiers else { return documents }
        return IdentifiedDocuments(documents, DocumentIdentifiers(field: field), isAdding: isAdding)
    }

    public func merge(
        _ slices: [MergeSlice], _ recipe: IndexRecipe, into writer: SegmentWriter, progress: any ProgressReporter
    ) throws {
        try SubstringSegmentMerger.merge(slices.map(\.passageSlice), into: writer, progress: progress)
    }

    public func delete(_ dead: BitSet, from segment: SegmentReader, into writer: SegmentWriter) throws {
        try SubstringDeletions.write(for: segment, dead: dead, into: writer)
    }

    public func open(_ index: SearchIndex) throws -> SubstringIndex { try SubstringIndex(index.snapshot) }

    public func check(_ index: SearchIndex, _ context: CheckContext) throws -> String? {
        let substrings = try index.substringIndex()
        let tokens = PassageTokenReader(index, try index.tokenizer())
        guard substrings.passageCount == index.documents.passageCount else {
            throw TrawlError(
                .corrupted, "the substring index has \(substrings.passageCount) passages", path: index.path,
                remedy: "build the index again")
        }
        try substrings.check(sample: context.sample) { id in
            try tokens.tokens(of: id, boundary: substrings.boundary)
        }
        return "\(substrings.totalTokens) tokens"
    }

    public func checkDeletions(_ segment: SegmentReader) throws { try SubstringDeletions.check(segment) }

    public func makeRetriever(_ context: RetrieverContext) throws -> (any Retriever)? {
        try GenerativeRetriever(
            context.index, context.settings.generative, context.models, filter: context.filter)
    }
}

extension SearchIndex {
    /// The n-grams of the index.
    ///
    /// - Throws: `TrawlError.invalidInput` when they were not built.
    public func substringIndex() throws -> SubstringIndex { try open(SubstringsPart()) }
}
