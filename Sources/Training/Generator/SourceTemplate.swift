public import TrawlCore
public import TrawlTokenizers

/// What stands around a text when it is a generator's source: the tokens of a prompt before and behind the query.
///
/// Sentences and titles of a corpus are tokens already and get the same tokens around them as queries do.
public struct SourceTemplate: Sendable {
    /// Special tokens and the prompt's words before the query.
    public let start: [TokenID]
    /// The prompt's words behind the query and special tokens.
    public let end: [TokenID]
    private let prompt: String
    private let tokenizer: Tokenizer

    /// - Parameter prompt: `{query}` stands for the query, as in the prompts of an index.
    /// - Throws: `TrawlError.invalidInput` where the prompt has no place for the query or nothing stands around it.
    public init(prompt: String, tokenizer: Tokenizer) throws {
        guard let place = prompt.firstRange(of: "{query}") else {
            throw TrawlError(
                .invalidInput, "the prompt \"\(prompt)\" has no place for the query",
                remedy: "write {query} where the query goes")
        }
        self.prompt = prompt
        self.tokenizer = tokenizer
        var head = prompt[..<place.lowerBound]
        // A space belongs to the word behind it, in the query as in a passage.
        if head.last == " " { head.removeLast() }
        let plain = tokenizer.encodeIDs("a", addSpecialTokens: false)
        let special = tokenizer.encodeIDs("a", addSpecialTokens: true)
        let before = (0...max(0, special.count - plain.count)).first { special.dropFirst($0).starts(with: plain) } ?? 0
        let tail = String(prompt[place.upperBound...])
        start =
            special.prefix(before) + (head.isEmpty ? [] : tokenizer.encodeIDs(String(head), addSpecialTokens: false))
        end =
            (tail.isEmpty ? [] : tokenizer.encodeIDs(tail, addSpecialTokens: false))
            + special.dropFirst(before + plain.count)
        guard !start.isEmpty || !end.isEmpty else {
            throw TrawlError(
                .invalidInput, "nothing stands around the query in the prompt \"\(prompt)\"",
                remedy: "give the index a prompt with some words, such as \"Question: {query}\\nPassage:\"")
        }
    }

    /// The whole source for `query`, to the token what search gives the generator.
    public func source(_ query: String) -> [TokenID] {
        tokenizer.encodeIDs(prompt.replacing("{query}", with: query), addSpecialTokens: true)
    }

    /// The tokens of `query` as they stand in passages, behind a space.
    public func tokens(_ query: String) -> [TokenID] { tokenizer.encodeIDs(" " + query, addSpecialTokens: false) }
}
