import TrawlCore
import TrawlCorpus
import TrawlModels
import TrawlStore
import TrawlSubstringIndex
import TrawlTokenizers

/// Tokenises passages and writes their substring index.
struct SubstringsBuilder: PartBuilder {
    private let tokens: PassageTokens
    private let boundary: TokenID
    private let identifiers: DocumentIdentifiers?
    let metadata: [String: [UInt8]]

    /// - Throws: `TrawlError` for a generator that is missing, damaged, or whose texts have no end token.
    init(_ recipe: GenerativeRecipe, _ context: BuildContext) throws {
        let vocabulary =
            if let stored = try context.existing?.storedVocabulary() {
                stored
            } else {
                try IndexVocabulary(of: context.models.folder(recipe.model))
            }
        tokens = PassageTokens(tokenizer: vocabulary.tokenizer, titleEnd: recipe.titleEnd)
        boundary = vocabulary.boundary
        identifiers = recipe.identifiers.map(DocumentIdentifiers.init)
        metadata = [IndexVocabulary.metadataName: vocabulary.bytes]
    }

    var fingerprint: Fingerprint? { tokens.tokenizer.fingerprint }

    func write(_ draft: SegmentDraft, into writer: SegmentWriter, progress: any ProgressReporter) throws {
        progress.begin("tokens", total: draft.passageCount, unit: "passages")
        let builder = try SubstringSegmentBuilder(boundary: boundary)
        for entry in draft.entries {
            let (document, texts) = (entry.document, entry.passageTexts)
            let named = try identifiers.map { try $0.texts(in: $0.value(of: document), of: texts) }
            for (ordinal, text) in texts.enumerated() {
                try builder.add(
                    tokens.tokens(
                        title: document.title, text: text, identifiers: named?[ordinal] ?? [], boundary: boundary))
            }
            progress.advance(texts.count)
        }
        progress.end()
        try builder.finish(into: writer, progress: progress)
    }
}

extension Tokenizer {
    var fingerprint: Fingerprint { Fingerprint(key: "tokenizer", title: "tokenizer", digest: digest) }
}
