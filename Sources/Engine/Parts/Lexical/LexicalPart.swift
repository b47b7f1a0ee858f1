public import TrawlCore
public import TrawlCorpus
public import TrawlLexicalIndex
public import TrawlStore

/// Postings of the terms of all passages, searched by BM25.
public struct LexicalPart: IndexPart {
    public let name = "lexical"
    public let buildName: String? = "lexical"
    public let storage: ClosedRange<UInt16> = 10...19
    public let fusionWeight: Float = 1
    public let readsWords = true
    public var recipeSection: (any RecipeSection.Type)? { LexicalRecipe.self }
    public var settingsSection: (any RecipeSection.Type)? { LexicalSettings.self }

    public init() {}

    public func complete(
        _ recipe: inout IndexRecipe, by sample: () throws -> [Document], progress: any ProgressReporter
    ) throws {
        guard recipe.lexical.isAutomatic else { return }
        var detector = LanguageDetector()
        for document in try sample() {
            detector.add(passageContent(title: document.title, section: [], text: document.text))
        }
        // Other parts ask for the language too, but only this one stems.
        func warn(_ languages: String) {
            guard recipe.build.contains(where: { $0 == buildName }) else { return }
            progress.warn("the documents are in \(languages): their words are not stemmed, and none is left out")
        }
        let language: TextLanguage
        switch detector.outcome {
        case .language(let found): language = found
        case .mixed:
            language = .none
            warn("several languages")
        case .unknown:
            language = .none
            warn("an unknown language")
        }
        recipe.lexical.analysis = AnalyzerSettings(language, folds: recipe.lexical.folds)
    }

    public func summary(_ index: SearchIndex) -> String? { "language: \(index.recipe.lexical.analysis.summary)" }

    public func makeBuilder(_ recipe: IndexRecipe, _ context: BuildContext) throws -> any PartBuilder {
        // An analysis that cannot be done shows now.
        _ = try LexicalSegmentBuilder(recipe.lexical.analysis)
        return Builder(analysis: recipe.lexical.analysis)
    }

    private struct Builder: PartBuilder {
        let analysis: AnalyzerSettings

        func write(_ draft: SegmentDraft, into writer: SegmentWriter, progress: any ProgressReporter) throws {
            progress.begin("lexical index", total: draft.passageCount, unit: "passages")
            let builder = try LexicalSegmentBuilder(analysis)
            draft.forEachPassage { content in
                builder.add(passageText: content)
                progress.advance(1)
            }
            try builder.finish(into: writer)
            progress.end()
        }
    }

    public func merge(
        _ slices: [MergeSlice], _ recipe: IndexRecipe, into writer: SegmentWriter, progress: any ProgressReporter
    ) throws {
        progress.begin("merging lexical index", total: nil, unit: "terms")
        try LexicalSegmentMerger.merge(slices.map(\.passageSlice), into: writer, progress: progress)
        progress.end()
    }

    public func delete(_ dead: BitSet, from segment: SegmentReader, into writer: SegmentWriter) throws {
        try LexicalDeletions.write(for: segment, dead: dead, into: writer)
    }

    public func open(_ index: SearchIndex) throws -> LexicalSearcher {
        // The index was analysed as its own recipe says.
        try LexicalSearcher(index.snapshot.segments, settings: index.recipe.lexical.analysis)
    }

    public func check(_ index: SearchIndex, _ context: CheckContext) throws -> String? {
        for segment in index.snapshot.segments {
            try LexicalSearcher.check(
                segment, settings: index.recipe.lexical.analysis, progress: context.progress
            ) { local in
                try index.documents.passage(PassageID(segment.passageBase + UInt32(local))).content
            }
        }
        return "postings equal a new analysis of all passages"
    }

    public func checkDeletions(_ segment: SegmentReader) throws { try LexicalDeletions.check(segment) }

    public func makeRetriever(_ context: RetrieverContext) throws -> (any Retriever)? {
        let searcher = try context.index.open(self).with(
            context.settings.lexical.parameters, dropsAskingWords: context.settings.lexical.queryStopWords)
        return LexicalRetriever(
            searcher, context.settings.lexical.syntax, context.index.documents, filter: context.filter)
    }
}
