import Foundation
public import TrawlCore
import TrawlCorpus
import TrawlEmbeddings
import TrawlLateIndex
public import TrawlStore
import TrawlTensors

/// A vector of each token of all passages, searched by late interaction (ColBERT).
public struct LatePart: IndexPart {
    public let name = "late"
    public let buildName: String? = "late"
    public let storage: ClosedRange<UInt16> = 50...59
    public let isBuiltByDefault = false
    public var recipeSection: (any RecipeSection.Type)? { LateRecipe.self }
    public var settingsSection: (any RecipeSection.Type)? { LateSettings.self }

    public init() {}

    public func makeBuilder(_ recipe: IndexRecipe, _ context: BuildContext) throws -> any PartBuilder {
        try LateBuilder(recipe.late, context)
    }

    public func merge(
        _ slices: [MergeSlice], _ recipe: IndexRecipe, into writer: SegmentWriter, progress: any ProgressReporter
    ) throws {
        let count = slices.reduce(0) { $0 + $1.passageCount }
        progress.begin("merging token vectors", total: count, unit: "passages")
        try LateSegmentMerger.merge(slices.map(\.passageSlice), into: writer, progress: progress)
        progress.end()
    }

    public func open(_ index: SearchIndex) throws -> TokenVectorsOfIndex {
        guard let codec = try StoredCodec.read(index.snapshot) else {
            guard index.snapshot.segments.isEmpty else {
                throw TrawlError(
                    .corrupted, "the index has lost the centroids of its token vectors", path: index.path,
                    remedy: "build the index again")
            }
            return TokenVectorsOfIndex(searcher: nil)
        }
        return TokenVectorsOfIndex(searcher: try LateSearcher(index.snapshot.segments, codec: codec))
    }

    public func check(_ index: SearchIndex, _ context: CheckContext) throws -> String? {
        for segment in index.snapshot.segments { try LateSearcher.check(segment) }
        guard let searcher = try index.open(self).searcher else { return "no token vectors" }
        let embedder = try index.tokenEmbedder(context.models)
        let passages = try index.livePassages(sample: context.sample)
        let encoded = try embedder.passages(try passages.map { try index.documents.passage($0).content })
        var (sum, count): (Float, Int) = (0, 0)
        for (passage, vectors) in zip(passages, encoded.split) {
            let new = vectors.values
            let stored = try searcher.vectors(of: passage)
            guard stored.count == new.count else {
                throw different(index, "passage \(passage.rawValue) has another number of token vectors than its text")
            }
            let again = searcher.codec.roundTrip(new)
            for start in stride(from: 0, to: new.count, by: embedder.dimension) {
                let range = start..<start + embedder.dimension
                let (kept, best) = (dot(new[range], stored[range]), dot(new[range], again[range]))
                guard kept > best - Self.tolerance else {
                    throw different(
                        index, "a token of passage \(passage.rawValue) has a cosine of \(kept) with its stored vector")
                }
                sum += kept
                count += 1
            }
        }
        return "\(passages.count) encoded again, "
            + String(format: "mean cosine with stored token vectors %.4f", count > 0 ? sum / Float(count) : 1)
    }

    /// How much farther than a new compression a stored vector may be: rounding may put a value into the next bucket.
    private static let tolerance: Float = 0.05

    private func dot(_ a: ArraySlice<Float>, _ b: ArraySlice<Float>) -> Float {
        zip(a, b).reduce(0) { $0 + $1.0 * $1.1 }
    }

    private func different(_ index: SearchIndex, _ what: String) -> TrawlError {
        TrawlError(.corrupted, what, path: index.path, remedy: "build the index again")
    }

    public func summary(_ index: SearchIndex) throws -> String? {
        guard let searcher = try index.open(self).searcher else { return nil }
        let codec = searcher.codec
        var parts = ["\(codec.dimension) dimensions", "\(codec.bits) bit" + (codec.bits == 1 ? "" : "s") + " each"]
        parts.append("\(codec.centroidCount) centroids")
        parts.append("\(searcher.tokenCount) tokens")
        if searcher.tokenCount > 0 {
            let perToken = Double(searcher.byteCount) / Double(searcher.tokenCount)
            parts.append(String(format: "%.1f bytes per token", perToken))
        }
        return parts.joined(separator: "; ")
    }

    public func makeRetriever(_ context: RetrieverContext) throws -> (any Retriever)? {
        LateRetriever(
            try context.index.tokenEmbedder(context.models), try context.index.open(self).searcher,
            context.settings.late, context.filter)
    }
}

/// The token vectors of an index, opened.
public struct TokenVectorsOfIndex: Sendable {
    /// nil for an index without documents.
    let searcher: LateSearcher?

    /// The tokens that have vectors.
    public var tokenCount: Int { searcher?.tokenCount ?? 0 }
}

extension SearchIndex {
    /// The model that the token vectors of the index were made with.
    ///
    /// - Throws: `TrawlError.incompatible` when another model has its name now.
    func tokenEmbedder(_ models: ModelCache) throws -> TokenEmbedder {
        let embedder = try models.tokenEmbedder(recipe.late.model, precision: recipe.late.precision)
        try StoredCodec.require(embedder, in: fingerprints, path: path)
        return embedder
    }
}
