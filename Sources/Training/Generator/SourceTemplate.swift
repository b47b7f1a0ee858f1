public import TrawlCore
public import TrawlTokenizers

/// The tokens around a text that is the source of a generator: those of a prompt before and after the query.
///
/// Sentences and titles of a corpus are tokens already. They get the same tokens around them as queries do.
public struct SourceTemplate: Sendable {
    /// Special tokens and the words of the prompt before the query.
    public let start: [TokenID]
    /// The words of the prompt after the query and special tokens.
    public let end: [TokenID]
    private let prompt: String
    private let tokenizer: Tokenizer

    /// - Parameter prompt: `{query}` stands for the query, as in the prompts of an index.
    /// - Throws: `TrawlError.invalidInput` for a prompt without `{query}`, or without anything else.
    public init(prompt: String, tokenizer: Tokenizer) throws {
        guard let range = prompt.firstRange(of: "{query}") else {
            throw TrawlError(
                .invalidInput, "the prompt \"\(prompt)\" does not contain {query}",
                remedy: "write {query} where the query goes")
        }
        self.prompt = prompt
        self.tokenizer = tokenizer
        var head = prompt[..<range.lowerBound]
        // A space belongs to the word after it, in the query as in a passage.
        if head.last == " " { head.removeLast() }
        let plain = tokenizer.encodeIDs("a", addSpecialTokens: false)
        let special = tokenizer.encodeIDs("a", addSpecialTokens: true)
        let before = (0...max(0, special.count - plain.count)).first { special.dropFirst($0).starts(with: plain) } ?? 0
        let tail = String(prompt[range.upperBound...])
        start =
            special.prefix(before) + (head.isEmpty ? [] : tokenizer.encodeIDs(String(head), addSpecialTokens: false))
        end =
            (tail.isEmpty ? [] : tokenizer.encodeIDs(tail, addSpecialTokens: false))
            + special.dropFirst(before + plain.count)
        guard !start.isEmpty || !end.isEmpty else {
            throw TrawlError(
                .invalidInput, "the prompt \"\(prompt)\" is the query alone",
                remedy: "give the index a prompt with some words, such as \"Question: {query}\\nPassage:\"")
        }
    }

    /// The whole source for `query`: the tokens that search gives the generator.
    public func source(_ query: String) -> [TokenID] {
        tokenizer.encodeIDs(prompt.replacing("{query}", with: query), addSpecialTokens: true)
    }

    /// The tokens of `query` as they are in passages, after a space.
    public func tokens(_ query: String) -> [TokenID] { tokenizer.encodeIDs(" " + query, addSpecialTokens: false) }
}
