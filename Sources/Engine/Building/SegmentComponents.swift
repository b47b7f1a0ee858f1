import TrawlCore
import TrawlCorpus
import TrawlEmbeddings
import TrawlGeneration
import TrawlLexicalIndex
import TrawlModels
import TrawlStore
import TrawlSubstringIndex
import TrawlTokenizers
import TrawlVectorIndex

/// Everything that a recipe builds over the passages of a segment, with the models that it takes.
struct SegmentComponents {
    private let recipe: Recipe
    private let embedder: TextEmbedder?
    private let tokens: PassageTokens?
    private let boundary: TokenID
    let fingerprints: Fingerprints

    /// Passages are embedded in lots of this many, which are sorted by length; it bounds the memory.
    static let embeddingLot = 4096

    /// Loads the models that `recipe` names.
    ///
    /// - Throws: `TrawlError` for a model that is missing, damaged or unfit.
    init(recipe: Recipe) throws {
        guard !recipe.build.isEmpty else {
            throw TrawlError(
                .invalidInput, "the recipe builds nothing",
                remedy: "name some of \(IndexComponent.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        self.recipe = recipe
        var fingerprints = Fingerprints()
        if recipe.build.contains(.lexical) { _ = try LexicalSegmentBuilder(recipe.lexical.analysis) }
        if recipe.build.contains(.dense) {
            let embedder = try TextEmbedder(
                folder: ModelCatalogue.path(of: recipe.dense.model), precision: recipe.dense.precision)
            fingerprints.embedder = embedder.digest
            self.embedder = embedder
        } else {
            embedder = nil
        }
        if recipe.build.contains(.generative) {
            let path = try ModelCatalogue.path(of: recipe.generative.model)
            let folder = try ModelFolder(path: path)
            let tokenizer = try folder.loadTokenizer()
            guard let end = try folder.boundaryToken(tokenizer) else {
                throw TrawlError(
                    .unsupported, "the tokenizer has no end-of-text token, which must stand between passages",
                    path: path)
            }
            fingerprints.tokenizer = tokenizer.digest
            boundary = end
            tokens = PassageTokens(tokenizer: tokenizer, titleEnd: recipe.generative.parameters.titleEnd)
        } else {
            boundary = 0
            tokens = nil
        }
        self.fingerprints = fingerprints
    }

    /// Writes the documents of `draft` and all components over their passages.
    func write(_ draft: SegmentDraft, into writer: SegmentWriter, progress: any ProgressReporter) throws -> SegmentInfo
    {
        progress.begin("storing documents", total: draft.entries.count, unit: "documents")
        try DocumentSegmentBuilder.write(draft, into: writer)
        progress.advance(draft.entries.count)
        progress.end()
        if recipe.build.contains(.lexical) { try writeLexical(draft, into: writer, progress: progress) }
        if let tokens { try writeSubstrings(draft, tokens, into: writer, progress: progress) }
        if let embedder { try writeVectors(draft, embedder, into: writer, progress: progress) }
        return SegmentInfo(
            number: writer.number, documentCount: UInt32(draft.entries.count), passageCount: UInt32(draft.passageCount))
    }

    private func writeLexical(_ draft: SegmentDraft, into writer: SegmentWriter, progress: any ProgressReporter) throws
    {
        progress.begin("lexical index", total: draft.passageCount, unit: "passages")
        let builder = try LexicalSegmentBuilder(recipe.lexical.analysis)
        draft.forEachPassage { document, text in
            builder.add(passageText: passageText(title: document.title, text: text))
            progress.advance(1)
        }
        try builder.finish(into: writer)
        progress.end()
    }

    private func writeSubstrings(
        _ draft: SegmentDraft, _ tokens: PassageTokens, into writer: SegmentWriter, progress: any ProgressReporter
    ) throws {
        progress.begin("tokens", total: draft.passageCount, unit: "passages")
        let builder = try SubstringSegmentBuilder(boundary: boundary)
        let identifiers = recipe.generative.identifiers.map(DocumentIdentifiers.init)
        for entry in draft.entries {
            let (document, texts) = (entry.document, entry.passageTexts)
            let named = try identifiers.map { try $0.texts(in: document.value(of: $0.field), of: texts) }
            for (place, text) in texts.enumerated() {
                try builder.add(
                    tokens.tokens(
                        title: document.title, text: text, identifiers: named?[place] ?? [], boundary: boundary))
            }
            progress.advance(texts.count)
        }
        progress.end()
        try builder.finish(into: writer, progress: progress)
    }

    private func writeVectors(
        _ draft: SegmentDraft, _ embedder: TextEmbedder, into writer: SegmentWriter, progress: any ProgressReporter
    ) throws {
        progress.begin("embeddings", total: draft.passageCount, unit: "passages")
        let builder = try VectorSegmentBuilder(
            dimension: embedder.dimension, recipe.dense.vectors.settings(similarity: embedder.similarity?.rawValue),
            into: writer)
        let prompt = try recipe.dense.passagePrompt(of: embedder)
        var lot: [String] = []
        func embedLot() throws {
            let matrix = try embedder.embed(lot, in: prompt, progress: StepProgress(progress))
            try builder.append(matrix.values)
            lot.removeAll(keepingCapacity: true)
        }
        try draft.forEachPassage { document, text in
            lot.append(passageText(title: document.title, text: text))
            if lot.count == Self.embeddingLot { try embedLot() }
        }
        if !lot.isEmpty { try embedLot() }
        progress.end()
        try builder.finish(progress: progress)
    }
}

/// Passes on advances to a step that has begun, and nothing else.
private struct StepProgress: ProgressReporter {
    let base: any ProgressReporter

    init(_ base: any ProgressReporter) { self.base = base }
    func begin(_ step: String, total: Int?, unit: String) {}
    func advance(_ count: Int) { base.advance(count) }
    func end() {}
    func warn(_ message: String) { base.warn(message) }
}
