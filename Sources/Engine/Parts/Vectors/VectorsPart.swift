public import TrawlCore
import TrawlCorpus
public import TrawlEmbeddings
public import TrawlStore
import TrawlTensors
public import TrawlVectorIndex

/// An embedding of each passage, searched by nearest neighbours.
public struct VectorsPart: IndexPart {
    public let name = "vectors"
    public let buildName: String? = "dense"
    public let storage: ClosedRange<UInt16> = 30...39
    public let fusionWeight: Float = 1.5
    public var recipeSection: (any RecipeSection.Type)? { DenseRecipe.self }
    public var settingsSection: (any RecipeSection.Type)? { DenseSettings.self }

    public init() {}

    public func makeBuilder(_ recipe: IndexRecipe, _ context: BuildContext) throws -> any PartBuilder {
        try VectorsBuilder(recipe.dense, context)
    }

    public func merge(
        _ slices: [MergeSlice], _ recipe: IndexRecipe, into writer: SegmentWriter, progress: any ProgressReporter
    ) throws {
        try VectorSegmentMerger.merge(
            slices.map(\.passageSlice), recipe.dense.vectors.settings(), into: writer, progress: progress)
        try CutPassages.merge(slices.map(\.passageSlice), into: writer)
    }

    public func open(_ index: SearchIndex) throws -> VectorSearcher { try VectorSearcher(index.snapshot.segments) }

    public func check(_ index: SearchIndex, _ context: CheckContext) throws -> String? {
        for segment in index.snapshot.segments {
            try VectorSearcher.check(segment)
            _ = try CutPassages.numbers(of: segment)
        }
        let embedder = try embedder(of: index, context.models, precision: index.recipe.dense.precision)
        let searcher = try index.open(self)
        // An even sample, the same at every run.
        let passages = try index.livePassages(sample: context.sample)
        let texts = try passages.map { try index.documents.passage($0).content }
        let embedded = try embedder.embed(texts, in: index.recipe.dense.prompt(of: embedder))
        var largest: Float = 0
        for (row, passage) in passages.enumerated() {
            var new = Array(embedded[row])
            // Search by cosines stores vectors of length 1, whatever the model gives.
            if searcher.metric == .cosine { new.scaleToUnitLength() }
            // Formats round to a share of the largest value.
            let scale = max(new.lazy.map { abs($0) }.max() ?? 0, .leastNormalMagnitude)
            for (stored, new) in zip(try searcher.vector(of: passage), new) {
                largest = max(largest, abs(stored - new) / scale)
            }
        }
        let tolerance = searcher.formats.map(\.checkTolerance).max() ?? 0
        guard passages.isEmpty || largest < tolerance else {
            throw TrawlError(
                .corrupted,
                "vectors differ from new embeddings by up to \(largest) of their largest value, more than \(tolerance)",
                path: index.path, remedy: "build the index again")
        }
        return "\(passages.count) embedded again, largest difference \(largest)"
    }

    public func summary(_ index: SearchIndex) throws -> String? {
        let searcher = try index.open(self)
        guard !searcher.formats.isEmpty else { return nil }
        let kinds = zip(zip(searcher.formats, searcher.structures), searcher.codes).map { kind, codes in
            guard case .learned(let bits) = codes else { return "\(kind.0), \(kind.1)" }
            return "\(kind.0), \(kind.1) (learned codes of \(bits) bits)"
        }
        let unlike = Set(kinds).sorted().map { kind in
            kinds.count > 1 ? "\(kind) (\(kinds.count { $0 == kind }) of \(kinds.count) segments)" : kind
        }
        let cut = try CutPassages.count(in: index.snapshot)
        return
            (["\(searcher.dimension) dimensions", "\(searcher.metric)"] + unlike
            + (cut > 0 ? ["\(cut) " + (cut == 1 ? "passage" : "passages") + " not read to the end"] : []))
            .joined(separator: "; ")
    }

    public func makeRetriever(_ context: RetrieverContext) throws -> (any Retriever)? {
        let settings = context.settings.dense
        let index = context.index
        let embedder = try queryEmbedder(
            index.recipe, settings, builtWith: index.fingerprints, path: index.path, context.models)
        return try DenseRetriever(embedder, context.index.open(self), settings, context)
    }

    /// The model that an index was built with, as searches embed queries.
    ///
    /// - Parameter fingerprints: the digests of the models of the index.
    /// - Throws: `TrawlError.incompatible` when another model has its name now.
    package func queryEmbedder(
        _ recipe: IndexRecipe, _ settings: DenseSettings, builtWith fingerprints: [String: String], path: String,
        _ models: ModelCache
    ) throws -> TextEmbedder {
        let embedder = try models.embedder(
            recipe.dense.model, precision: settings.queryPrecision ?? recipe.dense.precision)
        try embedder.fingerprint.require(in: fingerprints, path: path)
        return embedder
    }

    /// The model that the index was built with.
    ///
    /// - Throws: `TrawlError.incompatible` when another model has its name now.
    fileprivate func embedder(of index: SearchIndex, _ models: ModelCache, precision: Precision) throws -> TextEmbedder
    {
        let embedder = try models.embedder(index.recipe.dense.model, precision: precision)
        try embedder.fingerprint.require(in: index.fingerprints, path: index.path)
        return embedder
    }
}

extension SearchIndex {
    /// The model that made the vectors of the index, by the name that its recipe has, and what stood around each passage.
    ///
    /// - Throws: `TrawlError.invalidInput` without vectors, `.incompatible` when another model has its name now.
    public func passageEmbedder(
        _ models: ModelCache
    ) throws -> (model: String, embedder: TextEmbedder, prompt: EmbeddingPrompt) {
        try require(VectorsPart())
        let embedder = try VectorsPart().embedder(of: self, models, precision: recipe.dense.precision)
        return (recipe.dense.model, embedder, try recipe.dense.prompt(of: embedder))
    }

    /// The stored vectors of passages, one after the other.
    ///
    /// - Throws: `TrawlError.invalidInput` without vectors, `.corrupted` for a passage that there is not.
    public func vectors(of passages: [PassageID]) throws -> [Float] {
        let searcher = try open(VectorsPart())
        var values: [Float] = []
        values.reserveCapacity(passages.count * searcher.dimension)
        for passage in passages { values += try searcher.vector(of: passage) }
        return values
    }
}

extension RowFormat {
    /// How far a stored value may be from that of a new embedding, as a share of the vector's largest value: what rounding and
    /// another processor's order of summation make of it.
    fileprivate var checkTolerance: Float {
        switch self {
        case .f32: 1e-3
        case .f16: 2e-3
        case .int8: 8e-3
        }
    }
}

extension TextEmbedder {
    var fingerprint: Fingerprint { Fingerprint(key: "embedder", title: "embedding model", digest: digest) }
}

extension DenseSettings {
    /// The prompt of queries.
    package func prompt(of embedder: TextEmbedder) throws -> EmbeddingPrompt {
        if let queryPrompt { return EmbeddingPrompt(prefix: queryPrompt) }
        return try embedder.prompt(for: .query, instruction: instruction, examples: examples)
    }
}

extension DenseRecipe {
    /// The prompt of passages.
    func prompt(of embedder: TextEmbedder) throws -> EmbeddingPrompt {
        if let passagePrompt { return EmbeddingPrompt(prefix: passagePrompt) }
        return try embedder.prompt(for: .passage)
    }
}
