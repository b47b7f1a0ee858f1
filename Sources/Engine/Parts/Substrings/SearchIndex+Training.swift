public import TrawlCore
import TrawlGeneration
public import TrawlModels
import TrawlSubstringIndex
public import TrawlTokenizers

/// What training a generator needs of an index.
extension SearchIndex {
    /// The model that writes n-grams, or was to: its tokenizer is the index's.
    public func generatorModel() throws -> ModelFolder {
        try require(SubstringsPart())
        return try ModelFolder(path: ModelCatalogue.path(of: recipe.generative.model))
    }

    /// The tokenizer of the index's tokens, from `model`, which need not be the recipe's.
    ///
    /// - Throws: `TrawlError.incompatible` when the model has another tokenizer than the index was built with.
    public func tokenizer(of model: ModelFolder) throws -> Tokenizer {
        try require(SubstringsPart())
        let tokenizer = try model.loadTokenizer()
        try tokenizer.fingerprint.require(in: fingerprints, path: path)
        return tokenizer
    }

    /// The prompt before a passage's n-grams that search gives a generator made of `model` when that is named in place
    /// of the recipe's; `{query}` stands for the query.
    public func prompt(of model: ModelFolder) -> String {
        model.isEncoder ? SEALPrompts.ofEncoderDecoders.body : SEALPrompts.default(for: model).body
    }

    /// The tokens of the mark between titles and texts.
    public func titleEnd(_ tokenizer: Tokenizer) -> [TokenID] {
        tokenizer.encodeIDs(recipe.generative.titleEnd, addSpecialTokens: false)
    }

    /// Calls `body` with the document and the tokens of each live passage, in order; the title comes first.
    /// Identifiers are left out.
    ///
    /// - Parameter tokenizer: the index's; see `tokenizer(of:)`.
    public func forEachTokenisedPassage(
        _ tokenizer: Tokenizer, _ body: (DocumentID, [TokenID]) throws -> Void
    ) throws {
        let substrings = try substringIndex()
        let reader = PassageTokens(tokenizer: tokenizer, titleEnd: recipe.generative.titleEnd)
        /// Tokenised again where the substring index has identifiers after the text.
        func tokens(of id: PassageID) throws -> [TokenID] {
            guard recipe.generative.identifiers != nil else { return try substrings.tokens(of: id) }
            let passage = try documents.passage(id)
            return reader.tokens(title: passage.title, text: passage.text, boundary: substrings.boundary)
        }
        try documents.forEachPassageList { number, passages in
            let document = try documents.documentID(number)
            for passage in passages { try body(document, Array(try tokens(of: passage).dropLast())) }
        }
    }
}
