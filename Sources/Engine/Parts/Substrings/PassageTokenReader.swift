import TrawlCore
import TrawlCorpus
import TrawlGeneration
import TrawlTokenizers

/// Tokenises stored passages again, as they were when the index was built.
struct PassageTokenReader {
    private let documents: StoredDocuments
    private let tokens: PassageTokens
    private let identifiers: DocumentIdentifiers?

    init(_ index: SearchIndex, _ tokenizer: Tokenizer) {
        documents = index.documents
        tokens = PassageTokens(tokenizer: tokenizer, titleEnd: index.recipe.generative.titleEnd)
        identifiers = index.recipe.generative.identifiers.map(DocumentIdentifiers.init)
    }

    /// The tokens of a passage with the boundary after them.
    func tokens(of id: PassageID, boundary: TokenID) throws -> [TokenID] {
        let passage = try documents.passage(id)
        return tokens.tokens(
            title: passage.title, text: passage.text, identifiers: try identifiers(of: passage), boundary: boundary)
    }

    /// The text of a passage that was tokenised.
    func text(of id: PassageID) throws -> String {
        let passage = try documents.passage(id)
        return tokens.text(title: passage.title, text: passage.text, identifiers: try identifiers(of: passage))
    }

    private func identifiers(of passage: StoredPassage) throws -> [String] {
        guard let identifiers, let document = try documents.document(passage.document),
            let value = document.metadata[identifiers.field]
        else { return [] }
        let passages = document.passages.map { document.text.substring(utf8: $0) }
        return try identifiers.texts(in: value, of: passages)[passage.ordinal]
    }
}
