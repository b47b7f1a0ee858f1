import Core
import Generation
import Tokenizers

/// Tokenises stored passages anew, as they were when the index was built.
struct PassageTokenReader {
    private let documents: StoredDocuments
    private let tokens: PassageTokens
    private let identifiers: DocumentIdentifiers?

    /// - Parameter readsIdentifiers: false for title and text alone.
    init(_ index: SearchIndex, _ tokenizer: Tokenizer, readsIdentifiers: Bool = true) {
        documents = index.documents
        tokens = PassageTokens(tokenizer: tokenizer, titleEnd: index.recipe.generative.parameters.titleEnd)
        identifiers = readsIdentifiers ? index.recipe.generative.identifiers.map(DocumentIdentifiers.init) : nil
    }

    /// The tokens of a passage with the boundary behind them.
    func tokens(of id: PassageID, boundary: TokenID) throws -> [TokenID] {
        let passage = try documents.passage(id)
        let texts = try identifiers.map { try $0.texts(in: documents.metadata(of: id)[$0.field]) } ?? []
        return tokens.tokens(title: passage.title, text: passage.text, identifiers: texts, boundary: boundary)
    }
}
